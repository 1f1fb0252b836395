// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.webhook.tls.kubernetes.Registration;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Two replicas rotate certificate and CA while API servers, of which some are seconds behind, call
 * them all the time; and the one that leads is killed.
 */
class RotationIT {
  private static final List<String> OPTIONS =
      List.of("-Dpodproc.certificate-validity=30s", "-Dpodproc.ca-validity=120s");

  /** How old what an API server knows may be: less than the settling time of 3 s. */
  private static final Duration LAG = Duration.ofSeconds(2);

  private static final int REQUESTS_OF_A_CONNECTION = 100;

  private final ApiServer api = new ApiServer();
  private final List<WebhookProcess> replicas = new ArrayList<>();
  private final List<Load> loads = new ArrayList<>();
  private final BundleHistory history = new BundleHistory();

  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final Set<X509Certificate> served = ConcurrentHashMap.newKeySet();
  private final Set<String> issuers = ConcurrentHashMap.newKeySet();
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong connections = new AtomicLong();

  /** The caBundle of this moment and of those before. */
  private final class BundleHistory implements Runnable {
    private record Entry(Instant from, List<X509Certificate> bundle) {}

    private final ConcurrentLinkedDeque<Entry> entries = new ConcurrentLinkedDeque<>();
    private final Thread thread = Thread.ofPlatform().daemon().unstarted(this);

    @Override
    public void run() {
      try {
        while (true) {
          Registration now =
              Registration.of(api.configuration().get(), Clock.systemUTC().instant());
          List<X509Certificate> bundle = now.bundles().getFirst();
          if (entries.isEmpty() || !entries.getLast().bundle.equals(bundle)) {
            entries.add(new Entry(now.since(), bundle));
          }
          Thread.sleep(20);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    List<X509Certificate> at(Instant then) {
      Entry found = entries.getFirst();
      for (Entry entry : entries) {
        if (!entry.from.isAfter(then)) {
          found = entry;
        }
      }
      return found.bundle;
    }
  }

  /** Calls one replica, again and again, on connections that are kept for some requests. */
  private final class Load implements Runnable {
    private final WebhookProcess replica;
    private final int perConnection;
    private final Random random = new Random();
    private final Thread thread = Thread.ofPlatform().daemon().unstarted(this);
    private volatile boolean stopped;

    Load(WebhookProcess replica, int perConnection) {
      this.replica = replica;
      this.perConnection = perConnection;
      thread.start();
    }

    @Override
    public void run() {
      while (!stopped) {
        Duration behind = Duration.ofMillis(random.nextLong(LAG.toMillis()));
        try (TlsClient client =
            new TlsClient(replica.port(), history.at(Instant.now().minus(behind)))) {
          connections.incrementAndGet();
          served.add(client.serverCertificate());
          issuers.add(client.serverCertificate().getIssuerX500Principal().getName());
          for (int i = 0; i < perConnection && !stopped; i++) {
            assertThat(client.request()).isEqualTo(404);
            requests.incrementAndGet();
            Thread.sleep(40);
          }
        } catch (IOException | GeneralSecurityException | RuntimeException | AssertionError e) {
          failures.add(Instant.now() + " " + replica.name() + ", " + behind + " behind: " + e);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }

    void stop() throws InterruptedException {
      stopped = true;
      thread.join();
    }
  }

  private WebhookProcess start(String name) {
    WebhookProcess replica = new WebhookProcess(name, api, OPTIONS);
    replicas.add(replica);
    return replica;
  }

  private void call(WebhookProcess replica) {
    loads.add(new Load(replica, 1));
    loads.add(new Load(replica, REQUESTS_OF_A_CONNECTION));
  }

  @AfterEach
  void close() throws InterruptedException {
    for (Load load : loads) {
      load.stop();
    }
    history.thread.interrupt();
    history.thread.join();
    replicas.forEach(WebhookProcess::close);
    api.close();
  }

  @Test
  void noRequestFailsWhileCertificateAndCaRotateAndTheLeaderIsKilled()
      throws IOException, InterruptedException {
    history.thread.start();
    WebhookProcess first = start("first");
    WebhookProcess second = start("second");
    first.awaitReady();
    second.awaitReady();
    // Until every API server knows of the webhook.
    Waiting.until(() -> assertThat(history.at(Instant.now().minus(LAG))).isNotEmpty());
    call(first);
    call(second);
    awaitServed(3, 2);

    WebhookProcess leader = leader().equals(first.name()) ? first : second;
    WebhookProcess survivor = leader == first ? second : first;
    for (Load load : loads) {
      if (load.replica == leader) {
        load.stop();
      }
    }
    leader.kill();
    replicas.remove(leader);
    WebhookProcess third = start("third");
    third.awaitReady();
    call(third);
    awaitServed(served.size() + 2, issuers.size() + 1);

    assertThat(failures).isEmpty();
    assertThat(leader()).isIn(survivor.name(), "third");
    assertThat(api.refused()).isEmpty();
    assertThat(survivor.get("/q/metrics").body())
        .contains("podproc_cert_expiry_timestamp_seconds{certificate=\"serving\"}")
        .contains("podproc_cert_expiry_timestamp_seconds{certificate=\"ca\"}")
        .containsPattern("podproc_cert_rotations_total\\{certificate=\"serving\"} [4-9]")
        .containsPattern("podproc_cert_rotations_total\\{certificate=\"ca\"} [2-9]");
    System.out.printf(
        "%d requests on %d connections, %d certificates of %d CAs, %d failures%n",
        requests.get(), connections.get(), served.size(), issuers.size(), failures.size());
  }

  /** The name of the pod that holds the Lease. */
  private String leader() {
    return api.lease().get().getSpec().getHolderIdentity().split("_", 2)[0];
  }

  private void awaitServed(int certificates, int authorities) throws InterruptedException {
    Instant end = Instant.now().plus(Duration.ofMinutes(2));
    while (served.size() < certificates || issuers.size() < authorities) {
      assertThat(failures).as(outputs()).isEmpty();
      assertThat(Instant.now())
          .as("%d certificates of %d CAs until%n%s", served.size(), issuers.size(), outputs())
          .isBefore(end);
      Thread.sleep(100);
    }
  }

  private String outputs() {
    StringBuilder text = new StringBuilder();
    for (WebhookProcess replica : replicas) {
      text.append(replica.name()).append(":\n").append(replica.output()).append('\n');
    }
    return text.toString();
  }
}
