// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.podproc.webhook.Reviews;
import io.podproc.webhook.admission.ReviewRequest;
import io.podproc.webhook.admission.Reviewer;
import io.podproc.webhook.admission.Verdict;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.statistics.Statistics;

/** What holds for any pod, as the API server would see it. */
class AnyPodTest {
  private static final JsonNodeFactory JSON = Reviews.JSON.getNodeFactory();
  private static final int TRIES = 2000;
  private static final String SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict";
  private static final JsonPointer EVICTABLE =
      JsonPointer.compile(
          "/metadata/annotations/cluster-autoscaler.kubernetes.io~1safe-to-evict-local-volumes");

  // ---- any pod ----

  /** Text that needs care in JSON, in pointers and in patches. */
  private static Arbitrary<String> words() {
    return Arbitraries.of("a", "web", "", "~0", "a/b", "-", "0", "\u20ac\ud83d\ude00", "\"\\\n");
  }

  private static Arbitrary<JsonNode> anything() {
    Arbitrary<JsonNode> leaves =
        Arbitraries.oneOf(
            words().map(JSON::textNode),
            Arbitraries.of(true, false).map(JSON::booleanNode),
            Arbitraries.bigIntegers().map(JSON::numberNode),
            Arbitraries.bigDecimals().ofScale(9).map(JSON::numberNode),
            Arbitraries.just(JSON.nullNode()));
    return Arbitraries.recursive(
        () -> leaves,
        inner ->
            Arbitraries.oneOf(
                inner.list().ofMaxSize(3).map(AnyPodTest::array),
                Arbitraries.maps(words(), inner)
                    .ofMaxSize(3)
                    .map(members -> JSON.objectNode().setAll(members))),
        0,
        2);
  }

  private static JsonNode array(List<? extends JsonNode> items) {
    return JSON.arrayNode().addAll(items);
  }

  /** There, null, or missing. */
  private static Arbitrary<Optional<JsonNode>> maybe(Arbitrary<JsonNode> value) {
    return Arbitraries.frequencyOf(
        Tuple.of(4, value.map(Optional::of)),
        Tuple.of(1, Arbitraries.just(Optional.of(JSON.nullNode()))),
        Tuple.of(2, Arbitraries.just(Optional.empty())));
  }

  private static Arbitrary<String> volumeNames() {
    return Arbitraries.of("cache", "podproc-proc-meminfo", "podproc-proc-stat", "podproc-x");
  }

  private static Arbitrary<JsonNode> volumes() {
    return Combinators.combine(
            volumeNames(),
            Arbitraries.of(
                "{\"emptyDir\": {}}",
                "{\"hostPath\": {\"path\": \"/var/lib/podproc/proc/meminfo\", \"type\": \"File\"}}",
                "{\"hostPath\": {\"path\": \"/var/lib/podproc/proc/stat\", \"type\": \"File\"}}",
                "{\"hostPath\": {\"path\": \"/proc\"}}",
                "{}"))
        .as((name, source) ->
            JSON.objectNode().put("name", name).setAll((ObjectNode) Reviews.json(source)));
  }

  private static Arbitrary<JsonNode> mounts() {
    return Combinators.combine(
            volumeNames(),
            Arbitraries.of(
                "/cache",
                "/proc",
                "/proc/",
                "/proc/meminfo",
                "//proc/stat",
                "/sys",
                "/",
                "proc/uptime",
                "/proc/meminfo2",
                "/sys/devices/system/cpu",
                "/sys/devices/system/cpu/online/a"))
        .as((name, path) -> JSON.objectNode().put("name", name).put("mountPath", path));
  }

  private static Arbitrary<JsonNode> containers() {
    return Combinators.combine(
            words(),
            maybe(mounts().list().ofMaxSize(3).map(AnyPodTest::array)),
            maybe(Arbitraries.of("[]", "[{\"devicePath\": \"/proc/swaps\"}]").map(Reviews::json)),
            maybe(
                Arbitraries.of(
                        "{\"privileged\": true}",
                        "{\"procMount\": \"Unmasked\"}",
                        "{\"capabilities\": {\"add\": [\"SYS_ADMIN\"]}}",
                        "{\"capabilities\": {\"add\": {\"future\": 1}}}",
                        "{}")
                    .map(Reviews::json)),
            maybe(anything()))
        .as((name, mounts, devices, security, future) -> {
          ObjectNode container = JSON.objectNode().put("name", name);
          future.ifPresent(value -> container.set("future", value));
          mounts.ifPresent(value -> container.set("volumeMounts", value));
          devices.ifPresent(value -> container.set("volumeDevices", value));
          security.ifPresent(value -> container.set("securityContext", value));
          return container;
        });
  }

  private static Arbitrary<JsonNode> affinities() {
    return Arbitraries.of(
            "{}",
            "{\"nodeAffinity\": null}",
            "{\"podAffinity\": {}, \"nodeAffinity\": {}}",
            """
            {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution":
              [{"weight": 1, "preference": {"matchExpressions":
                [{"key": "podproc.io/ready", "operator": "In", "values": ["true"]}]}}]}}
            """,
            """
            {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": null}}
            """,
            """
            {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 2}]}}
            """)
        .map(Reviews::json);
  }

  private static Arbitrary<JsonNode> annotations() {
    return Arbitraries.of(
            "{}",
            "{\"podproc.io/files\": \"default\"}",
            "{\"podproc.io/files\": \"/proc/meminfo,/proc/pressure/io\"}",
            "{\"podproc.io/files\": \"/proc/nothing,/proc/stat\", \"a/b~c\": \"\"}",
            "{\"podproc.io/files\": \"\"}",
            "{\"cluster-autoscaler.kubernetes.io/safe-to-evict\": \"false\", \"a\": \"b\"}",
            "{\"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes\": \"\"}",
            "{\"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes\": \"cache,,a b\"}",
            "{\"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes\":"
                + " \"podproc-proc-stat,podproc-x\", \"a\": \"b\"}")
        .map(Reviews::json);
  }

  @Provide
  Arbitrary<JsonNode> pods() {
    return Combinators.combine(
            maybe(annotations()),
            maybe(volumes().list().ofMaxSize(3).map(AnyPodTest::array)),
            containers().list().ofMinSize(1).ofMaxSize(3).map(AnyPodTest::array),
            maybe(containers().list().ofMaxSize(2).map(AnyPodTest::array)),
            maybe(affinities()),
            maybe(anything()))
        .as((annotations, volumes, containers, initContainers, affinity, future) -> {
          ObjectNode pod = JSON.objectNode().put("apiVersion", "v1").put("kind", "Pod");
          annotations.ifPresent(value -> pod.putObject("metadata").set("annotations", value));
          ObjectNode spec = pod.putObject("spec");
          volumes.ifPresent(value -> spec.set("volumes", value));
          future.ifPresent(value -> spec.set("future", value));
          spec.set("containers", containers);
          initContainers.ifPresent(value -> spec.set("initContainers", value));
          affinity.ifPresent(value -> spec.set("affinity", value));
          return pod;
        });
  }

  @Provide
  Arbitrary<Reviewer> reviewers() {
    Arbitrary<Boolean> flags = Arbitraries.of(true, false);
    return Combinators.combine(flags, flags, flags)
        .as((skipPrivileged, preferReadyNodes, nodeDelivery) ->
            new Reviewer(
                new InjectionRules(
                    "/var/lib/podproc",
                    "podproc",
                    InjectableFile.all().stream().filter(InjectableFile::byRuncToo).toList(),
                    List.of("kata*"),
                    true,
                    skipPrivileged,
                    false,
                    PodSecurityLevel.PRIVILEGED,
                    preferReadyNodes,
                    nodeDelivery),
                namespace -> Optional.of(Map.of("podproc.io/inject", "enabled"))));
  }

  // ---- what holds ----

  private static Verdict verdict(Reviewer reviewer, JsonNode pod) {
    try {
      return reviewer.review(ReviewRequest.parse(Reviews.bytes(Reviews.creation("shop", pod))));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** As the API server does: a patch that does not apply would be a pod that can't be made. */
  private static JsonNode patched(Reviewer reviewer, JsonNode pod) {
    try {
      return Reviews.patched(pod, Reviews.JSON.readTree(verdict(reviewer, pod).toJson()));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Property(tries = TRIES)
  void thePatchAppliesAndOnceIsEnough(
      @ForAll("reviewers") Reviewer reviewer, @ForAll("pods") JsonNode pod) {
    JsonNode once = patched(reviewer, pod);
    Statistics.label("changed").collect(!once.equals(pod));
    assertThat(verdict(reviewer, once).patch()).isEmpty();
  }

  @Property(tries = TRIES)
  void nothingOfTheUsersIsLostOrMoved(
      @ForAll("reviewers") Reviewer reviewer, @ForAll("pods") JsonNode pod) {
    JsonNode after = patched(reviewer, pod);
    String before = pod.at(EVICTABLE).asText();
    String now = after.at(EVICTABLE).asText();
    if (pod.at(EVICTABLE).isTextual() && !now.equals(before)) {
      assertThat(now).startsWith(before.isEmpty() ? "podproc-" : before + ",podproc-");
      ((ObjectNode) after.at(EVICTABLE.head())).put(SafeToEvict.VOLUMES, before);
    }
    assertThat(restrictedTo(pod, after).toString()).isEqualTo(pod.toString());
  }

  /** As Cluster Autoscaler decides on volumes: those that are named hold no node. */
  @Property(tries = TRIES)
  void whatIsAddedHoldsNoNodeUnlessThePodSaysSo(
      @ForAll("reviewers") Reviewer reviewer, @ForAll("pods") JsonNode pod) {
    JsonNode after = patched(reviewer, pod);
    Set<String> named = Set.of(after.at(EVICTABLE).asText().split(","));
    boolean decided = pod.at("/metadata/annotations").has(SAFE_TO_EVICT);
    List<JsonNode> added =
        tail(pod.path("spec").path("volumes"), after.path("spec").path("volumes"));
    if (decided) {
      assertThat(after.at(EVICTABLE)).isEqualTo(pod.at(EVICTABLE));
    } else {
      added.forEach(volume -> assertThat(named).contains(volume.path("name").asText()));
    }
    named.stream()
        .filter(name -> !Set.of(pod.at(EVICTABLE).asText().split(",")).contains(name))
        .forEach(name ->
            assertThat(InjectableFile.all()).extracting(InjectableFile::volumeName).contains(name));
  }

  @Property(tries = TRIES)
  void whatIsAddedMakesAValidPod(
      @ForAll("reviewers") Reviewer reviewer, @ForAll("pods") JsonNode pod) {
    JsonNode after = patched(reviewer, pod);
    JsonNode before = pod.path("spec").path("volumes");
    Set<String> names = new HashSet<>();
    List<JsonNode> added = tail(before, after.path("spec").path("volumes"));
    added.forEach(volume -> assertThat(names.add(volume.path("name").asText())).isTrue());
    before.forEach(volume -> assertThat(names).doesNotContain(volume.path("name").asText()));
    Set<String> used = new HashSet<>();
    for (String list : List.of("containers", "initContainers")) {
      for (int i = 0; i < after.path("spec").path(list).size(); i++) {
        JsonNode old = pod.path("spec").path(list).path(i).path("volumeMounts");
        JsonNode now = after.path("spec").path(list).path(i).path("volumeMounts");
        List<JsonNode> mounts = tail(old, now);
        assertThat(mounts)
            .allSatisfy(mount -> assertThat(mount.path("readOnly").asBoolean()).isTrue());
        Set<String> paths = new HashSet<>();
        old.forEach(mount -> paths.add(mount.path("mountPath").asText()));
        mounts.forEach(mount -> assertThat(paths.add(mount.path("mountPath").asText())).isTrue());
        mounts.forEach(mount -> used.add(mount.path("name").asText()));
      }
    }
    assertThat(names).allSatisfy(name -> assertThat(used).contains(name));
    List<String> all =
        after.path("spec").path("volumes").valueStream().map(v -> v.path("name").asText()).toList();
    assertThat(used).allSatisfy(name -> assertThat(all).contains(name));
  }

  /** What of it the original has, too: members by name, items by place, null where it has null. */
  private static JsonNode restrictedTo(JsonNode original, JsonNode now) {
    if (original.isNull()) {
      return original;
    }
    if (original.isArray()) {
      ArrayNode items = JSON.arrayNode();
      for (int i = 0; i < original.size(); i++) {
        items.add(restrictedTo(original.path(i), now.path(i)));
      }
      return items;
    }
    if (original.isObject()) {
      ObjectNode members = JSON.objectNode();
      now.properties().stream()
          .filter(member -> original.has(member.getKey()))
          .forEach(member ->
              members.set(
                  member.getKey(),
                  restrictedTo(original.path(member.getKey()), member.getValue())));
      return members;
    }
    return now;
  }

  private static List<JsonNode> tail(JsonNode before, JsonNode after) {
    List<JsonNode> items = new ArrayList<>(after.valueStream().toList());
    return items.subList(Math.min(before.size(), items.size()), items.size());
  }
}
