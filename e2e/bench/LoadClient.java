// SPDX-License-Identifier: Apache-2.0
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.Console;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;

/**
 * The readers of {@code e2e/bench/run}, inside of its container. A cycle opens a file, reads it to
 * its end and closes it, with the bare system calls. Rounds go through all files, and within a
 * round the servers take turns, so that whatever else the machine does hits all of them alike.
 *
 * <p>Arguments: ROUNDS CYCLES FILE,FILE… and SERVER=MOUNT=CPU_FILE=FILE,FILE… for each server, the
 * files that it virtualizes and where its CPU time is told. Its figures are printed as records, as
 * {@code report.py} reads them.
 */
final class LoadClient {
  private static final int[] READERS = {1, 4, 16};
  private static final int BUFFER = 64 << 10;

  /** After so many cycles nothing gets any faster. */
  private static final int WARM_UP = 40_000;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle OPEN =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("open"),
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final MethodHandle READ =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("read"),
          FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle CLOSE =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  /** Who serves files below a mount point; the host's CPU time is not told. */
  private record Server(String name, String mount, String cpuFile, List<String> files) {
    static Server parse(String argument) {
      String[] fields = argument.split("=", 4);
      return new Server(fields[0], fields[1], fields[2], List.of(fields[3].split(",")));
    }

    /** Nanoseconds since its start. */
    long cpuTime() throws IOException {
      if (cpuFile.isEmpty()) {
        return 0;
      }
      String text = Files.readString(Path.of(cpuFile)).strip();
      return text.startsWith("usage_usec ") // cpu.stat, cgroup v2
          ? 1000 * Long.parseLong(text.lines().findFirst().orElseThrow().split(" ")[1])
          : Long.parseLong(text);
    }
  }

  /** A cell of the table. */
  private record Case(String file, int readers, String server) {}

  private static final class Samples {
    final List<long[]> latencies = new ArrayList<>();
    final List<Double> cpuMicros = new ArrayList<>();

    double latencyMicros(double quantile) {
      long[] all = latencies.stream().flatMapToLong(Arrays::stream).sorted().toArray();
      return all[(int) (quantile * (all.length - 1))] / 1e3;
    }
  }

  private final int cycles;
  private final List<String> files;
  private final List<Server> servers;
  private final Map<Case, Samples> results = new HashMap<>();

  /** The paths that have been read and were not empty. None of them may ever be. */
  private final Set<String> known = ConcurrentHashMap.newKeySet();

  private LoadClient(int cycles, List<String> files, List<Server> servers) {
    this.cycles = cycles;
    this.files = files;
    this.servers = servers;
  }

  public static void main(String[] args) throws Exception {
    int rounds = Integer.parseInt(args[0]);
    List<Server> servers = Arrays.stream(args).skip(3).map(Server::parse).toList();
    LoadClient client =
        new LoadClient(Integer.parseInt(args[1]), List.of(args[2].split(",")), servers);
    // What the first rounds cost goes into no table: compilers are at work.
    int warming = Math.max(2, WARM_UP / client.perRound());
    for (int round = -warming; round < rounds; round++) {
      progress(round < 0 ? "warming up" : "round " + (round + 1) + " of " + rounds);
      client.round(round);
    }
    progress("");
    client.print();
  }

  private static void progress(String text) {
    Console console = System.console();
    if (console != null && console.isTerminal()) {
      System.err.print("\r\033[K" + text);
    }
  }

  private int perRound() {
    return files.size() * READERS.length * cycles;
  }

  private void round(int number) throws Exception {
    for (String file : files) {
      for (int readers : READERS) {
        for (int i = 0; i < servers.size(); i++) {
          Server server = servers.get(Math.floorMod(i + number, servers.size()));
          if (server.files.contains(file)) {
            Samples samples =
                results.computeIfAbsent(new Case(file, readers, server.name), c -> new Samples());
            if (number >= 0) {
              measure(server, file, readers, samples);
            } else {
              measure(server, file, readers, new Samples());
            }
          }
        }
      }
    }
  }

  private void measure(Server server, String file, int readers, Samples samples) throws Exception {
    long[][] latencies = new long[readers][cycles / readers];
    CyclicBarrier start = new CyclicBarrier(readers + 1);
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (long[] own : latencies) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  start.await();
                  cycle(server.mount + file, own);
                } catch (Throwable e) {
                  synchronized (failures) {
                    failures.add(e);
                  }
                }
              });
      thread.start();
      threads.add(thread);
    }
    long before = server.cpuTime();
    start.await();
    for (Thread thread : threads) {
      thread.join();
    }
    long used = server.cpuTime() - before;
    if (!failures.isEmpty()) {
      throw new IOException(server.name + " " + file, failures.getFirst());
    }
    samples.latencies.addAll(List.of(latencies));
    samples.cpuMicros.add(used / 1e3 / (latencies.length * latencies[0].length));
  }

  private void cycle(String path, long[] latencies) throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path);
      MemorySegment buffer = arena.allocate(BUFFER);
      for (int i = 0; i < latencies.length; i++) {
        long start = System.nanoTime();
        int descriptor = (int) OPEN.invokeExact(name, 0);
        long length = 0;
        long n;
        do {
          n = (long) READ.invokeExact(descriptor, buffer, (long) BUFFER);
          length += n;
        } while (n > 0);
        int closed = (int) CLOSE.invokeExact(descriptor);
        latencies[i] = System.nanoTime() - start;
        if (descriptor < 0 || n < 0 || closed < 0) {
          throw new IOException("can't be read: " + path);
        }
        if (length > 0) {
          known.add(path);
        } else if (known.contains(path)) {
          throw new IOException("is empty all at once: " + path);
        }
      }
    }
  }

  private void print() {
    for (String file : files) {
      for (int readers : READERS) {
        for (Server server : servers) {
          Samples samples = results.get(new Case(file, readers, server.name));
          if (samples != null) {
            print(file, readers, server, samples);
          }
        }
      }
    }
  }

  private void print(String file, int readers, Server server, Samples samples) {
    String row = "files\tfile=%s;readers=%d\t%s\t".formatted(file, readers, server.name);
    System.out.printf("%sp50_us\t%.1f%n", row, samples.latencyMicros(0.5));
    System.out.printf("%sp99_us\t%.1f%n", row, samples.latencyMicros(0.99));
    if (server.cpuFile.isEmpty()) {
      return;
    }
    System.out.printf("%scpu_us\t%.1f%n", row, quantile(samples.cpuMicros, 0.5));
    System.out.printf("%scpu_q1_us\t%.1f%n", row, quantile(samples.cpuMicros, 0.25));
    System.out.printf("%scpu_q3_us\t%.1f%n", row, quantile(samples.cpuMicros, 0.75));
    for (Server other : servers) {
      Samples theirs = results.get(new Case(file, readers, other.name));
      if (other != server && theirs != null && !other.cpuFile.isEmpty()) {
        double ratio = quantile(ratios(samples, theirs), 0.5);
        System.out.printf("%scpu_to_%s\t%.3f%n", row, other.name, ratio);
      }
    }
  }

  /** Of what the two cost in the same round, which whatever else ran then hit alike. */
  private static List<Double> ratios(Samples some, Samples others) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < some.cpuMicros.size(); i++) {
      ratios.add(some.cpuMicros.get(i) / others.cpuMicros.get(i));
    }
    return ratios;
  }

  private static double quantile(List<Double> values, double quantile) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get((int) Math.round(quantile * (sorted.size() - 1)));
  }
}
