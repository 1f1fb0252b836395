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
 * The clients of {@code e2e/bench/run}, inside of its container. A cycle opens a file, reads it to
 * its end and closes it, with the bare system calls. Rounds go through all files, and within a
 * round the servers take turns, so that whatever else the machine does hits all of them alike.
 *
 * <p>Arguments: ROUNDS CYCLES FILE,FILE… and SERVER=MOUNT=CPU_FILE=FILE,FILE… for each server, the
 * files that it virtualizes and where its CPU time is told. The first server is compared with the
 * others.
 */
final class LoadClient {
  private static final int[] CLIENTS = {1, 4};
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
  private record Case(String file, int clients, String server) {}

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
    return files.size() * CLIENTS.length * cycles;
  }

  private void round(int number) throws Exception {
    for (String file : files) {
      for (int clients : CLIENTS) {
        for (int i = 0; i < servers.size(); i++) {
          Server server = servers.get(Math.floorMod(i + number, servers.size()));
          if (server.files.contains(file)) {
            Samples samples =
                results.computeIfAbsent(new Case(file, clients, server.name), c -> new Samples());
            if (number >= 0) {
              measure(server, file, clients, samples);
            } else {
              measure(server, file, clients, new Samples());
            }
          }
        }
      }
    }
  }

  private void measure(Server server, String file, int clients, Samples samples) throws Exception {
    long[][] latencies = new long[clients][cycles / clients];
    CyclicBarrier start = new CyclicBarrier(clients + 1);
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
    Server own = servers.getFirst();
    List<Server> others = servers.stream().skip(1).filter(s -> !s.cpuFile.isEmpty()).toList();
    StringBuilder head = new StringBuilder("%-32s %-7s".formatted("", ""));
    StringBuilder names = new StringBuilder("%-32s %-7s".formatted("file", "clients"));
    for (Server server : servers) {
      boolean timed = !server.cpuFile.isEmpty();
      head.append((timed ? "  | %-30s" : "  | %-13s").formatted(server.name));
      names.append(
          (timed ? "  | %6s %6s %6s %-9s" : "  | %6s %6s")
              .formatted("p50", "p99", "CPU", "[q1-q3]"));
    }
    others.forEach(server -> {
      head.append("  | CPU ratio");
      names.append("  | to ").append(server.name);
    });
    System.out.println(head);
    System.out.println(names);
    int worse = 0;
    for (String file : files) {
      for (int clients : CLIENTS) {
        StringBuilder line = new StringBuilder("%-32s %7d".formatted(file, clients));
        servers.forEach(server -> line.append("  | ").append(cells(server, file, clients)));
        for (Server other : others) {
          List<Double> ratios = ratios(file, clients, own, other);
          line.append("  | ");
          if (!ratios.isEmpty()) {
            double ratio = quantile(ratios, 0.5);
            worse += ratio > 1 ? 1 : 0;
            line.append("%9.2f%s".formatted(ratio, ratio > 1 ? " !" : ""));
          }
        }
        System.out.println(line.toString().stripTrailing());
      }
    }
    System.out.println(
        """

        In us: an open, read to the end and close. Latencies are over all cycles; CPU is what a cycle
        took of the server, the median of the rounds and their quartiles; the ratio is the median of
        the rounds' ratios, and has a ! where podproc costs more.""");
    System.exit(worse == 0 ? 0 : 3);
  }

  private String cells(Server server, String file, int clients) {
    boolean timed = !server.cpuFile.isEmpty();
    Samples samples = results.get(new Case(file, clients, server.name));
    if (samples == null) {
      return " ".repeat(timed ? 30 : 13);
    }
    String latency =
        "%6.0f %6.0f".formatted(samples.latencyMicros(0.5), samples.latencyMicros(0.99));
    List<Double> cpu = samples.cpuMicros;
    return timed
        ? "%s %6.1f %-9s"
            .formatted(
                latency,
                quantile(cpu, 0.5),
                "[%.0f-%.0f]".formatted(quantile(cpu, 0.25), quantile(cpu, 0.75)))
        : latency;
  }

  private List<Double> ratios(String file, int clients, Server own, Server other) {
    Samples mine = results.get(new Case(file, clients, own.name));
    Samples theirs = results.get(new Case(file, clients, other.name));
    List<Double> ratios = new ArrayList<>();
    if (mine != null && theirs != null) {
      for (int i = 0; i < mine.cpuMicros.size(); i++) {
        ratios.add(mine.cpuMicros.get(i) / theirs.cpuMicros.get(i));
      }
    }
    return ratios;
  }

  private static double quantile(List<Double> values, double quantile) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get((int) Math.round(quantile * (sorted.size() - 1)));
  }
}
