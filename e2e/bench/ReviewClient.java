// SPDX-License-Identifier: Apache-2.0
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.SSLSocket;

/**
 * What e2e/bench/webhook runs: starts a webhook and sends it reviews as an API server does. Each is
 * due at a time, and its latency counts from then on: one that has to wait for an answer to another
 * is late.
 *
 * <p>Arguments: a directory with store.p12, reviews a second, seconds to warm up, seconds, idle and
 * stalled clients besides, and the command that starts the webhook.
 */
final class ReviewClient {
  static final int CONNECTIONS = 10;
  private static final double BAR_MILLIS = 10;

  /** While others try to take the webhook from the API server. */
  private static final double BAR_MILLIS_BESIDES = 50;

  private static final double BAR_PSS_MIB = 96;

  private ReviewClient() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    int rate = Integer.parseInt(args[1]);
    int warmUp = Integer.parseInt(args[2]);
    int seconds = Integer.parseInt(args[3]);
    int idle = Integer.parseInt(args[4]);
    int stalled = Integer.parseInt(args[5]);
    double bar = idle + stalled == 0 ? BAR_MILLIS : BAR_MILLIS_BESIDES;
    BenchedWebhook webhook =
        BenchedWebhook.start(directory, List.of(args).subList(6, args.length));
    webhook.awaitReady(Duration.ofMillis(50));
    System.out.printf("ready after %d ms, %s%n", webhook.age().toMillis(), webhook.memory());

    System.out.printf(
        "a review has %d bytes; %d connections, TLS, kept alive%n",
        Review.body().length, CONNECTIONS);
    load(webhook, rate, warmUp, Duration.ofMillis(200));
    HostileClients hostile = HostileClients.start(webhook, idle, stalled);
    if (idle + stalled > 0) {
      load(webhook, rate, 5, Duration.ofMillis(200));
    }
    long connections = hostile.connections();
    long cpu = webhook.cpuMillis();
    long ownCpu = cpuMillis(ProcessHandle.current());
    Result result = load(webhook, rate, seconds, Duration.ofMillis(200));
    double cores = (webhook.cpuMillis() - cpu) / 1e3 / result.seconds;
    double ownCores = (cpuMillis(ProcessHandle.current()) - ownCpu) / 1e3 / result.seconds;
    double p99 = millis(result.all(), 990);
    double reviews = result.all().length / result.seconds;
    System.out.println(
        """

                             p50       p90       p99     p99.9       max   p99 in the median second\
        """);
    System.out.printf(
        "reviews from due on %s   %.2f ms%n", row(result.all()), result.medianOfSeconds(seconds));
    System.out.printf("a thread's waking   %s%n%n", row(result.wakings));
    System.out.printf(
        "%d errors, %.0f %% of a core, %.2f ms of it for a review (this client's: %.2f ms),"
            + " %s; load average %s%n%n",
        result.errors.size(),
        cores * 100,
        cores * 1e3 / reviews,
        ownCores * 1e3 / reviews,
        webhook.memory(),
        Files.readString(Path.of("/proc/loadavg")).strip());
    if (idle + stalled > 0) {
      System.out.printf(
          "%d idle and %d stalled clients besides made %.0f connections a second%n%n",
          idle, stalled, (hostile.connections() - connections) / result.seconds);
    }
    double pss = webhook.mebibytes("Pss:");
    // The last answers come after the load.
    tell("%.0f reviews/s, of %d".formatted(reviews, rate), reviews >= rate * 0.99);
    tell("p99 %.2f ms, below %.0f ms".formatted(p99, bar), p99 < bar);
    tell("PSS %.1f MiB, at most %.0f MiB".formatted(pss, BAR_PSS_MIB), pss <= BAR_PSS_MIB);
    result.errors.stream().distinct().limit(5).forEach(System.out::println);
    webhook.stop();
    System.exit(result.errors.isEmpty() && p99 < bar ? 0 : 3);
  }

  /**
   * What was measured.
   *
   * @param latencies nanoseconds, by connection and in the order in which they were due
   * @param wakings how much too late, in nanoseconds, a thread that does nothing else woke up each
   *     millisecond: what the machine itself takes
   */
  record Result(
      long[][] latencies, long[] wakings, double seconds, ConcurrentLinkedQueue<String> errors) {
    long[] all() {
      return Arrays.stream(latencies).flatMapToLong(Arrays::stream).toArray();
    }

    /** The 99th percentile in the median second: what it is while nobody else takes the cores. */
    double medianOfSeconds(int wholeSeconds) {
      double[] seconds =
          IntStream.range(0, wholeSeconds)
              .mapToDouble(
                  second ->
                      millis(
                          Arrays.stream(latencies)
                              .flatMapToLong(
                                  own ->
                                      Arrays.stream(
                                          own,
                                          own.length * second / wholeSeconds,
                                          own.length * (second + 1) / wholeSeconds))
                              .toArray(),
                          990))
              .sorted()
              .toArray();
      return seconds[seconds.length / 2];
    }
  }

  static double millis(long[] nanos, int permille) {
    long[] sorted = Arrays.stream(nanos).sorted().toArray();
    return sorted.length == 0
        ? Double.NaN
        : sorted[(int) ((sorted.length - 1) * (long) permille / 1000)] / 1e6;
  }

  static String row(long[] nanos) {
    return IntStream.of(500, 900, 990, 999, 1000)
        .mapToObj(permille -> "%6.2f ms".formatted(millis(nanos, permille)))
        .collect(Collectors.joining(" "));
  }

  /**
   * Sends reviews.
   *
   * @param rate in a second
   * @param grace before the first is due; connections are made meanwhile
   */
  static Result load(BenchedWebhook webhook, int rate, int seconds, Duration grace)
      throws InterruptedException {
    byte[] request = Review.request(webhook.port());
    ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
    long[][] latencies = new long[CONNECTIONS][];
    long period = 1_000_000_000L * CONNECTIONS / rate;
    int each = rate * seconds / CONNECTIONS;
    long begin = System.nanoTime() + grace.toNanos();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      int number = i;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    long first = begin + period * number / CONNECTIONS;
                    latencies[number] = connection(webhook, request, first, period, each, errors);
                  }));
    }
    long[] wakings = new long[seconds * 900];
    int woken = 0;
    long end = begin + seconds * 1_000_000_000L;
    for (long t = System.nanoTime(); t < end && woken < wakings.length; t = System.nanoTime()) {
      LockSupport.parkNanos(1_000_000);
      wakings[woken++] = System.nanoTime() - t - 1_000_000;
    }
    for (Thread thread : threads) {
      thread.join();
    }
    double took = (System.nanoTime() - begin) / 1e9;
    return new Result(latencies, Arrays.copyOf(wakings, woken), took, errors);
  }

  private static long[] connection(
      BenchedWebhook webhook,
      byte[] request,
      long first,
      long period,
      int count,
      ConcurrentLinkedQueue<String> errors) {
    long[] latencies = new long[count];
    int answered = 0;
    try (SSLSocket socket = webhook.connect()) {
      OutputStream out = socket.getOutputStream();
      DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 64 << 10));
      for (int i = 0; i < count; i++) {
        long due = first + i * period;
        for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
          LockSupport.parkNanos(wait);
        }
        out.write(request);
        out.flush();
        String answer = answer(in);
        latencies[answered++] = System.nanoTime() - due;
        if (!answer.contains("\"allowed\":true") || !answer.contains("JSONPatch")) {
          errors.add(answer);
        }
      }
    } catch (IOException e) {
      errors.add(e.toString());
    }
    return Arrays.copyOf(latencies, answered);
  }

  private static String answer(DataInputStream in) throws IOException {
    int length = 0;
    String status = line(in);
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
        length = Integer.parseInt(line.substring(15).strip());
      }
    }
    byte[] body = new byte[length];
    in.readFully(body);
    return (status.contains(" 200 ") ? "" : status) + new String(body, StandardCharsets.UTF_8);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("the connection is closed");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  static void tell(String what, boolean met) {
    System.out.println((met ? "met     " : "missed  ") + what);
  }

  static long cpuMillis(ProcessHandle process) {
    return process.info().totalCpuDuration().orElseThrow().toMillis();
  }
}
