// SPDX-License-Identifier: Apache-2.0
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * What e2e/bench/webhook --starved runs: reviews by a webhook that gets no more than the CPU it asks
 * for, from the moment when the kubelet finds it ready, and probed as the kubelet does.
 *
 * <p>Arguments: a directory with store.p12, reviews a second, seconds, rounds, the cgroup.procs that
 * each webhook goes into, millicores that it is given there, and the programs that start webhooks,
 * whose turns come in each round.
 */
final class StarvedNode {
  private static final double BAR_MILLIS = 1000;
  private static final Duration PROBE_PERIOD = Duration.ofSeconds(2);
  private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(5);

  private StarvedNode() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    int rate = Integer.parseInt(args[1]);
    int seconds = Integer.parseInt(args[2]);
    int rounds = Integer.parseInt(args[3]);
    String group = args[4];
    int millicores = Integer.parseInt(args[5]);
    List<String> programs = List.of(args).subList(6, args.length);

    learnHandshakes(directory);
    Map<String, List<Round>> measured = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (String program : programs) {
        Round result = round(directory, rate, seconds, inGroup(group, program));
        System.out.printf("%s: %s%n", program, result.line());
        measured.computeIfAbsent(program, p -> new ArrayList<>()).add(result);
      }
    }
    boolean met = true;
    System.out.println(
        """

                             p50       p90       p99     p99.9       max\
        """);
    for (String program : programs) {
      List<Round> all = measured.get(program);
      long[] latencies = all.stream().flatMapToLong(Round::all).toArray();
      long[] first = all.stream().flatMapToLong(r -> r.first(rate)).toArray();
      long[] wakings = all.stream().flatMapToLong(r -> Arrays.stream(r.result.wakings())).toArray();
      System.out.printf("reviews from due on %s   %s%n", ReviewClient.row(latencies), program);
      System.out.printf("in the first second %s%n", ReviewClient.row(first));
      System.out.printf("a thread's waking   %s%n%n", ReviewClient.row(wakings));
      double worst = ReviewClient.millis(latencies, 999);
      boolean own = worst < BAR_MILLIS && all.stream().allMatch(r -> r.result.errors().isEmpty());
      double needed = all.stream().mapToDouble(Round::millicores).max().orElseThrow();
      ReviewClient.tell(
          "p99.9 %.0f ms, below %.0f ms, with %d of %d m; none failed"
              .formatted(worst, BAR_MILLIS, Math.round(needed), millicores),
          own);
      met &= own;
    }
    System.exit(met ? 0 : 3);
  }

  private static List<String> inGroup(String group, String program) {
    String enter = "echo 0 >\"$1\" && exec \"$2\" \"${@:3}\"";
    return List.of("bash", "-c", enter, "bash", group, program);
  }

  /**
   * What was measured.
   *
   * @param cpu milliseconds that the webhook used until it was ready, and then
   */
  private record Round(
      Duration ready, long startCpu, long cpu, double pss, ReviewClient.Result result) {
    LongStream all() {
      return Arrays.stream(result.latencies()).flatMapToLong(Arrays::stream);
    }

    /** Those that were due in the first second. */
    LongStream first(int rate) {
      int each = Math.max(1, rate / ReviewClient.CONNECTIONS);
      return Arrays.stream(result.latencies()).flatMapToLong(own -> Arrays.stream(own).limit(each));
    }

    double millicores() {
      return cpu / result.seconds();
    }

    String line() {
      ConcurrentLinkedQueue<String> errors = result.errors();
      return ("ready after %.1f s and %.1f s of CPU; then %.0f m, worst review %.0f ms;"
              + " PSS %.1f MiB; %d errors %s")
          .formatted(
              ready.toMillis() / 1e3,
              startCpu / 1e3,
              millicores(),
              all().max().orElse(0) / 1e6,
              pss,
              errors.size(),
              errors.stream().distinct().limit(2).toList());
    }
  }

  private static Round round(Path directory, int rate, int seconds, List<String> command)
      throws Exception {
    BenchedWebhook webhook = BenchedWebhook.start(directory, command);
    webhook.awaitReady(PROBE_PERIOD);
    Duration ready = webhook.age();
    long cpu = webhook.cpuMillis();
    Thread kubelet = Thread.ofVirtual().start(() -> probe(webhook));
    // Connections are made as reviews come: handshakes count.
    ReviewClient.Result result = ReviewClient.load(webhook, rate, seconds, Duration.ZERO);
    long used = webhook.cpuMillis() - cpu;
    double pss = webhook.mebibytes("Pss:");
    kubelet.interrupt();
    webhook.kill();
    return new Round(ready, cpu, used, pss, result);
  }

  private static void probe(BenchedWebhook webhook) {
    try (var client = BenchedWebhook.client()) {
      for (int i = 0; ; i++) {
        Thread.sleep(PROBE_PERIOD);
        webhook.probe(client, "ready", PROBE_TIMEOUT);
        if (i % 5 == 0) {
          webhook.probe(client, "live", PROBE_TIMEOUT);
        }
      }
    } catch (InterruptedException e) {
      // the round is over
    }
  }

  /** This client's own first handshakes take long as well, and are nobody's fault. */
  private static void learnHandshakes(Path directory) throws Exception {
    KeyStore store =
        KeyStore.getInstance(directory.resolve("store.p12").toFile(), BenchedWebhook.PASSWORD);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, BenchedWebhook.PASSWORD);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(keys.getKeyManagers(), null, null);
    SSLContext client = BenchedWebhook.trusting(store);
    try (SSLServerSocket server =
        (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(0)) {
      Thread.ofVirtual().start(() -> {
        while (!server.isClosed()) {
          try (SSLSocket socket = (SSLSocket) server.accept()) {
            socket.getOutputStream().write(socket.getInputStream().read());
          } catch (IOException e) {
            // the last one
          }
        }
      });
      for (int i = 0; i < 200; i++) {
        try (SSLSocket socket =
            (SSLSocket) client.getSocketFactory().createSocket("localhost", server.getLocalPort())) {
          socket.getOutputStream().write(1);
          socket.getInputStream().read();
        }
      }
    }
  }
}
