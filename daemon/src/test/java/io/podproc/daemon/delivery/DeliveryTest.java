// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cluster.Metadata;
import io.podproc.daemon.cluster.ObjectStore;
import io.podproc.daemon.delivery.PodStatus.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DeliveryTest {
  private static final Set<String> ALL =
      Set.of("/proc/meminfo", "/proc/stat", "/proc/pressure/cpu");
  private static final DeliveryRules RULES = new DeliveryRules("podproc", ALL, ALL);

  /** Nothing in these tests waits for the next look, unless it is the look that is tested. */
  private static final Duration NEVER = Duration.ofHours(1);

  private static final Duration OFTEN = Duration.ofMillis(50);

  @TempDir Path run;
  private final FakeNode node = new FakeNode();
  private volatile ObjectStore pods = new Nobody();
  private volatile ObjectStore namespaces = new Nobody();
  private Delivery delivery =
      Delivery.of(ClusterSource.of(RULES, (_, _) -> {}), node, RULES, Optional.empty(), NEVER);

  /** Before the delivery has begun. */
  private static final class Nobody implements ObjectStore {
    @Override
    public void all(Collection<Metadata> objects) {
      throw new IllegalStateException();
    }

    @Override
    public void put(Metadata object) {
      throw new IllegalStateException();
    }

    @Override
    public void remove(Metadata object) {
      throw new IllegalStateException();
    }
  }

  private void begin(Duration period) {
    ClusterSource source =
        ClusterSource.of(
            RULES,
            (p, n) -> {
              namespaces = n;
              pods = p;
            });
    delivery = Delivery.of(source, node, RULES, Optional.of(run), period);
    pods = new Nobody();
    delivery.begin();
    until(() -> !(pods instanceof Nobody));
  }

  @AfterEach
  void stop() {
    node.free();
    delivery.close();
  }

  private static Metadata namespace(String name, String uid, String label) {
    return new Metadata(uid, "", name, Map.of("podproc.io/inject", label), Map.of());
  }

  private static Metadata pod(String uid, Map<String, String> labels, Map<String, String> notes) {
    return new Metadata(uid, "shop", uid + "-name", labels, notes);
  }

  private static Metadata pod(String uid) {
    return pod(uid, Map.of(), Map.of());
  }

  private static final Metadata SHOP = namespace("shop", "n1", "enabled");

  private static void until(BooleanSupplier done) {
    long begun = System.nanoTime();
    while (!done.getAsBoolean()) {
      if (System.nanoTime() - begun > 20_000_000_000L) {
        throw new AssertionError("it did not come about");
      }
      LockSupport.parkNanos(200_000);
    }
  }

  private void untilAt(String id, Set<String> files) {
    until(() -> node.at(id).equals(files));
  }

  @Test
  void aLabelReachesAllContainersThatRunAndIsTakenBack() {
    for (int i = 0; i < 20; i++) {
      node.run("u" + i, "c" + i);
    }
    begin(NEVER);
    namespaces.all(List.of());
    pods.all(IntStream.range(0, 20).mapToObj(i -> pod("u" + i)).toList());
    namespaces.put(SHOP);
    for (int i = 0; i < 20; i++) {
      untilAt("c" + i, ALL);
    }
    until(() -> delivery.attached() == 60);
    namespaces.remove(SHOP);
    for (int i = 0; i < 20; i++) {
      untilAt("c" + i, Set.of());
    }
    until(() -> delivery.detached() == 60);
  }

  @Test
  void aPodsOwnLabelAndAnnotationHoldAtOnce() {
    node.run("u1", "c1");
    begin(NEVER);
    pods.all(List.of(pod("u1")));
    namespaces.all(List.of());
    pods.put(pod("u1", Map.of("podproc.io/inject", "enabled"), Map.of()));
    untilAt("c1", ALL);
    assertThat(delivery.wanted(node.container("c1"))).contains(new DesiredFiles(ALL, true));
    pods.put(
        pod(
            "u1",
            Map.of("podproc.io/inject", "enabled"),
            Map.of("podproc.io/files", "/proc/stat,/proc/nothing")));
    untilAt("c1", Set.of("/proc/stat"));
    pods.put(pod("u1", Map.of("podproc.io/inject", "disabled"), Map.of()));
    untilAt("c1", Set.of());
  }

  @Test
  void aPodMayAskThatNothingIsAttached() {
    node.run("u1", "c1");
    begin(NEVER);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1")));
    untilAt("c1", ALL);
    pods.put(pod("u1", Map.of(), Map.of("podproc.io/attach", "disabled")));
    untilAt("c1", Set.of());
  }

  @Test
  void whoStartsIsToldOfAtOnce() {
    begin(NEVER);
    namespaces.all(List.of(SHOP));
    pods.all(List.of());
    PodContainer first = new PodContainer("u1", "c1", 77);
    assertThat(delivery.wanted(first)).isEmpty();
    pods.put(pod("u1"));
    assertThat(delivery.wanted(first)).contains(new DesiredFiles(ALL, false));
  }

  @Test
  void aVisitThatComesToNothingByADefectHasFailed() {
    node.run("u1", "c1");
    node.spoil("c1");
    begin(NEVER);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1")));
    until(() -> delivery.last("c1").isPresent());
    assertThat(delivery.last("c1").orElseThrow().result()).isEqualTo(Outcome.Result.FAILED);
    assertThat(delivery.count(Outcome.Result.FAILED)).isPositive();
  }

  /** The list is what is believed, and not that somebody could not be asked. */
  @Test
  void ofWhatIsNotKnownNothingIsTakenAway() {
    node.run("u1", "c1");
    begin(OFTEN);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1")));
    untilAt("c1", ALL);
    pods.all(List.of());
    pods.remove(pod("u1"));
    someLooksAt("c1");
    assertThat(node.lost).hasValue(0);
    node.lose("c1");
    untilAt("c1", ALL);
  }

  @Test
  void aDaemonThatStartsWhileNobodyTellsGoesOnWithWhatWasKnown() {
    node.run("u1", "c1");
    node.run("u2", "c2");
    begin(NEVER);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1")));
    untilAt("c1", ALL);
    delivery.close();
    node.run("u1", "restarted");
    begin(OFTEN);
    untilAt("restarted", ALL);
    assertThat(node.at("c1")).isEqualTo(ALL);
    assertThat(node.at("c2")).isEmpty();
    // Only one of the two is known: whether the namespace still has the label is not.
    pods.all(List.of(pod("u1"), pod("u2")));
    someLooksAt("c1");
    assertThat(node.at("c1")).isEqualTo(ALL);
    assertThat(node.lost).hasValue(0);
    namespaces.all(List.of());
    untilAt("c1", Set.of());
    untilAt("restarted", Set.of());
  }

  /** As many as it takes for something wrong to have come about. */
  private void someLooksAt(String id) {
    int seen = node.visits(id);
    until(() -> node.visits(id) >= seen + 3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 4, 7, 9, 30, 5 << 20})
  void aFileThatIsCutShortOrHugeIsLeftAside(int size) throws IOException {
    node.run("u1", "c1");
    begin(NEVER);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1")));
    untilAt("c1", ALL);
    delivery.close();
    byte[] good = Files.readAllBytes(run.resolve("delivery"));
    Files.write(run.resolve("delivery"), java.util.Arrays.copyOf(good, size));
    begin(OFTEN);
    assertThat(delivery.wanted(node.container("c1"))).isEmpty();
    pods.all(List.of(pod("u1")));
    namespaces.all(List.of(SHOP));
    node.run("u1", "c2");
    untilAt("c2", ALL);
    assertThat(node.lost).hasValue(0);
  }

  @Test
  void oneThatDoesNotAnswerHoldsUpNoOther() {
    node.run("u1", "c1");
    node.stick("c1");
    node.run("u2", "c2");
    begin(OFTEN);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1"), pod("u2")));
    untilAt("c2", ALL);
    node.run("u3", "c3");
    pods.put(pod("u3"));
    untilAt("c3", ALL);
    assertThat(node.at("c1")).isEmpty();
  }

  /** A static pod's cgroup has the hash of its file, and its mirror in the cluster another uid. */
  @Test
  void aStaticPodIsKnownByItsMirror() {
    String hash = "0123456789abcdef0123456789abcdef";
    Map<String, String> mirror = Map.of("kubernetes.io/config.mirror", hash);
    node.run(hash, "c1");
    begin(NEVER);
    namespaces.all(List.of(SHOP));
    Metadata first = new Metadata("mirror-1", "shop", "web-n1", Map.of(), mirror);
    pods.all(List.of(first));
    untilAt("c1", ALL);
    // It is made anew: the end of the old one comes last.
    pods.put(new Metadata("mirror-2", "shop", "web-n1", Map.of(), mirror));
    pods.remove(first);
    assertThat(delivery.wanted(node.container("c1"))).isPresent();
  }

  /** Anybody may write that annotation, and change nothing by it for another's pod. */
  @Test
  void whoClaimsToBeAnothersMirrorIsNotBelieved() {
    String uid = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
    String hash = "0123456789abcdef0123456789abcdef";
    node.run(uid, "c1");
    node.run(hash, "c2");
    begin(NEVER);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod(uid), pod("m", Map.of(), Map.of("kubernetes.io/config.mirror", hash))));
    untilAt("c1", ALL);
    untilAt("c2", ALL);
    for (String claimed : List.of(uid, hash)) {
      Metadata evil =
          new Metadata(
              "evil",
              "theirs",
              "evil",
              Map.of("podproc.io/inject", "disabled"),
              Map.of("kubernetes.io/config.mirror", claimed));
      pods.put(evil);
      assertThat(delivery.standing(claimed)).map(PodStatus::namespace).contains("shop");
      pods.remove(evil);
      assertThat(delivery.standing(claimed)).isPresent();
    }
    assertThat(node.lost).hasValue(0);
  }

  @Test
  void aNamespaceThatIsMadeAnewIsNotTakenForTheOldOne() {
    begin(NEVER);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1")));
    namespaces.put(namespace("shop", "n2", "enabled"));
    namespaces.remove(SHOP);
    assertThat(delivery.wanted(new PodContainer("u1", "c1", 1))).isPresent();
    namespaces.remove(namespace("shop", "n2", "enabled"));
    assertThat(delivery.wanted(new PodContainer("u1", "c1", 1))).isEmpty();
  }

  /** Of those that were not taken it is not known that they have no label. */
  @Test
  void ofMoreNamespacesThanAreTakenNothingIsTakenAway() {
    node.run("u1", "c1");
    begin(OFTEN);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1")));
    untilAt("c1", ALL);
    List<Metadata> others = List.of(namespace("other", "n2", "enabled"));
    namespaces.some(others);
    someLooksAt("c1");
    assertThat(node.lost).hasValue(0);
    namespaces.all(others);
    untilAt("c1", Set.of());
  }

  @Test
  void aNamespaceThatIsOneTooManyIsNotTakenForOneWithoutALabel() {
    begin(NEVER);
    namespaces.all(
        IntStream.range(0, 20_000).mapToObj(i -> namespace("x" + i, "n" + i, "enabled")).toList());
    pods.all(List.of(pod("u1")));
    assertThat(delivery.standing("u1").map(PodStatus::reason)).contains(Reason.NOT_OPTED_IN);
    namespaces.put(namespace("x1", "n1", "disabled")); // is among them
    assertThat(delivery.standing("u1").map(PodStatus::reason)).contains(Reason.NOT_OPTED_IN);
    namespaces.put(SHOP);
    assertThat(delivery.standing("u1").map(PodStatus::reason)).contains(Reason.NAMESPACE_UNKNOWN);
  }

  @Test
  void whatSomebodyUnmountsIsBroughtAgainAtTheNextLook() {
    node.run("u1", "c1");
    begin(OFTEN);
    namespaces.all(List.of(SHOP));
    pods.all(List.of(pod("u1")));
    untilAt("c1", ALL);
    node.lose("c1");
    untilAt("c1", ALL);
  }

  /** Each look at each container would cost more than all else that the daemon does at rest. */
  @Test
  void whoShouldHaveNothingIsNotVisitedOverAndOver() {
    node.run("u1", "c1");
    node.run("u2", "c2");
    begin(OFTEN);
    namespaces.all(List.of());
    pods.all(List.of(pod("u1"), pod("u2", Map.of("podproc.io/inject", "enabled"), Map.of())));
    until(() -> node.visits("c2") >= 30);
    assertThat(node.visits("c1")).isLessThanOrEqualTo(6);
    namespaces.put(SHOP);
    untilAt("c1", ALL);
  }

  @Test
  void whatComesBackToWhoShouldHaveNothingIsTakenAwayInTheEnd() {
    node.run("u1", "c1");
    begin(OFTEN);
    namespaces.all(List.of());
    pods.all(List.of(pod("u1")));
    until(() -> node.visits("c1") >= 2);
    node.put("c1", ALL);
    untilAt("c1", Set.of());
  }
}
