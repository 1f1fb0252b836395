// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cluster.Metadata;
import io.podproc.daemon.cluster.ObjectStore;
import io.podproc.rules.ViewWish;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whoever serves is told what pods ask to be shown. */
@Timeout(60)
class ToldViewsTest {
  private static final DeliveryRules RULES =
      new DeliveryRules("podproc", Set.of("/proc/meminfo"), Set.of("/proc/meminfo"));
  private static final Metadata SHOP =
      new Metadata("n1", "", "shop", Map.of("podproc.io/inject", "enabled"), Map.of());
  private static final Map<String, String> TWO = Map.of("podproc.io/cpus", "2");

  /** Nothing waits for the next look, unless it is the look that is tested. */
  private static final Duration NEVER = Duration.ofHours(1);

  @TempDir Path run;
  private final FakeNode node = new FakeNode();
  private final Server server = new Server();
  private Optional<Delivery> delivery = Optional.empty();
  private AtomicReference<ObjectStore> pods = new AtomicReference<>();
  private AtomicReference<ObjectStore> namespaces = new AtomicReference<>();

  /** What was told last, and a word each time. */
  private static final class Server implements ViewListener {
    final Map<String, ViewWish> known = new ConcurrentHashMap<>();
    final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();

    @Override
    public void tell(Map<String, ViewWish> byPod) {
      known.putAll(byPod);
      told.add("told");
    }

    @Override
    public void forget(Predicate<String> podUids) {
      known.keySet().removeIf(podUids);
      told.add("forgot");
    }

    void awaitFor(String pod, Map<String, String> annotations) throws InterruptedException {
      ViewWish wish = ViewWish.of(annotations);
      while (!wish.equals(known.get(pod))) {
        assertThat(told.poll(20, TimeUnit.SECONDS)).as("told of %s", pod).isNotNull();
      }
    }
  }

  private void begin(Duration period) throws InterruptedException {
    pods = new AtomicReference<>();
    namespaces = new AtomicReference<>();
    ClusterSource source =
        ClusterSource.of(
            RULES,
            (p, n) -> {
              namespaces.set(n);
              pods.set(p);
              server.told.add("begun");
            });
    Delivery begun = Delivery.of(source, node, RULES, Optional.of(run), period).telling(server);
    delivery = Optional.of(begun);
    begun.begin();
    while (pods.get() == null) {
      assertThat(server.told.poll(20, TimeUnit.SECONDS)).as("it begins").isNotNull();
    }
  }

  /** As a daemon that is stopped, and the next one. */
  private void restart(Duration period) throws InterruptedException {
    delivery.orElseThrow().close();
    server.known.clear();
    begin(period);
  }

  @AfterEach
  void stop() {
    delivery.ifPresent(Delivery::close);
  }

  private static Metadata pod(Map<String, String> labels, Map<String, String> annotations) {
    return new Metadata("u1", "shop", "web", labels, annotations);
  }

  private static Metadata pod(Map<String, String> annotations) {
    return pod(Map.of(), annotations);
  }

  @Test
  void annotationsAreToldAsTheyChange() throws InterruptedException {
    node.run("u1", "c1");
    begin(NEVER);
    namespaces.get().all(List.of(SHOP));
    pods.get().all(List.of(pod(TWO)));
    server.awaitFor("u1", TWO);
    Map<String, String> more = Map.of("podproc.io/cpus.web", "1", "podproc.io/memory", "1Gi");
    pods.get().put(pod(more));
    server.awaitFor("u1", more);
    pods.get().put(pod(Map.of()));
    server.awaitFor("u1", Map.of());
  }

  @Test
  void theyHoldWhoeverBringsTheFiles() throws InterruptedException {
    node.run("u1", "c1");
    begin(NEVER);
    namespaces.get().all(List.of());
    pods.get().all(List.of(pod(TWO)));
    server.awaitFor("u1", TWO);
    Map<String, String> webhooks = Map.of("podproc.io/cpus", "3", "podproc.io/attach", "disabled");
    pods.get().put(pod(Map.of("podproc.io/inject", "enabled"), webhooks));
    server.awaitFor("u1", Map.of("podproc.io/cpus", "3"));
    assertThat(node.at("c1")).isEmpty();
  }

  @Test
  void theNextDaemonKnowsThemWhileTheApiServerIsAway() throws InterruptedException {
    node.run("u1", "c1");
    begin(NEVER);
    namespaces.get().all(List.of());
    pods.get().all(List.of(pod(TWO)));
    server.awaitFor("u1", TWO);
    restart(NEVER);
    server.awaitFor("u1", TWO);
    // The pod alone is known: whether its namespace has the label is not.
    pods.get().all(List.of(pod(Map.of("podproc.io/cpus", "3"))));
    namespaces.get().all(List.of());
    server.awaitFor("u1", Map.of("podproc.io/cpus", "3"));
  }

  @Test
  void whoeverIsToServeIsToldBeforeTheDeliveryBegins() throws InterruptedException {
    node.run("u1", "c1");
    begin(NEVER);
    namespaces.get().all(List.of(SHOP));
    Map<String, String> more = Map.of("podproc.io/cpus.web", "1", "podproc.io/memory", "1Gi");
    pods.get().all(List.of(pod(more)));
    server.awaitFor("u1", more);
    delivery.orElseThrow().close();
    server.known.clear();
    Delivery.of(ClusterSource.of(RULES, (_, _) -> {}), node, RULES, Optional.of(run), NEVER)
        .telling(server)
        .recall();
    assertThat(server.known).containsExactly(Map.entry("u1", ViewWish.of(more)));
  }

  @Test
  void ofAPodThatIsGoneNothingIsKept() throws InterruptedException {
    node.run("u1", "c1");
    begin(Duration.ofMillis(50));
    namespaces.get().all(List.of());
    pods.get().all(List.of(pod(TWO)));
    server.awaitFor("u1", TWO);
    pods.get().remove(pod(TWO));
    int looks = 0;
    while (looks < 3) { // while it runs, what was told holds
      looks += "forgot".equals(server.told.poll(20, TimeUnit.SECONDS)) ? 1 : 0;
    }
    assertThat(server.known).containsKey("u1");
    node.end("c1");
    while (server.known.containsKey("u1")) {
      assertThat(server.told.poll(20, TimeUnit.SECONDS)).isNotNull();
    }
    restart(NEVER);
    assertThat(server.known).isEmpty();
  }

  @Test
  void whatADaemonLeftThatKnewNoViewsIsOfUse() throws IOException, InterruptedException {
    try (DataOutputStream out =
        new DataOutputStream(Files.newOutputStream(run.resolve("delivery")))) {
      out.writeInt(1);
      out.writeInt(1);
      out.writeUTF("u1");
      out.writeBoolean(false);
      out.writeByte(1);
      out.writeUTF("/proc/meminfo");
    }
    node.run("u1", "c1");
    begin(NEVER);
    server.awaitFor("u1", Map.of());
    assertThat(delivery.orElseThrow().wanted(node.container("c1")))
        .contains(new DesiredFiles(Set.of("/proc/meminfo"), false));
  }
}
