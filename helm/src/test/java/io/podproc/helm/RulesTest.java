// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every file of values: security, rights, and that objects find each other. */
class RulesTest {
  static List<Path> ci() {
    return Chart.ci();
  }

  private static List<JsonNode> list(JsonNode array) {
    List<JsonNode> items = new ArrayList<>();
    array.forEach(items::add);
    return items;
  }

  private static List<String> texts(JsonNode array) {
    return list(array).stream().map(JsonNode::asText).toList();
  }

  private static List<KubernetesObject> of(List<KubernetesObject> objects, String kind) {
    return objects.stream().filter(object -> object.kind().equals(kind)).toList();
  }

  private static Stream<JsonNode> containers(List<KubernetesObject> objects) {
    return objects.stream()
        .flatMap(object -> object.podSpec().stream())
        .flatMap(pod ->
            Stream.of("containers", "initContainers").flatMap(n -> list(pod.path(n)).stream()));
  }

  @ParameterizedTest
  @MethodSource("ci")
  void memoryThatIsAskedForIsTheLimit(Path values) {
    assertThat(containers(Chart.render(values)))
        .isNotEmpty()
        .allSatisfy(container -> {
          JsonNode resources = container.path("resources");
          assertThat(resources.at("/requests/memory").asText()).isNotEmpty();
          assertThat(resources.at("/limits/memory")).isEqualTo(resources.at("/requests/memory"));
          assertThat(resources.at("/requests/cpu").asText()).isNotEmpty();
        });
  }

  @ParameterizedTest
  @MethodSource("ci")
  void onlyDaemonAndKeeperArePrivileged(Path values) {
    for (KubernetesObject object : Chart.render(values)) {
      object
          .podSpec()
          .ifPresent(pod -> {
            assertThat(pod.path("enableServiceLinks").asBoolean(true)).isFalse();
            if (object.kind().equals("DaemonSet")) {
              assertThat(pod.path("hostPID").asBoolean()).isTrue();
              assertThat(pod.at("/containers/0/securityContext/privileged").asBoolean()).isTrue();
            } else {
              isRestricted(pod);
            }
          });
    }
    assertThat(containers(Chart.render(values)))
        .allSatisfy(container ->
            assertThat(container.at("/securityContext/readOnlyRootFilesystem").asBoolean(false))
                .isTrue());
  }

  /** As the Pod Security Standards have it. */
  private static void isRestricted(JsonNode pod) {
    assertThat(pod.has("hostPID") || pod.has("hostIPC")).isFalse();
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    assertThat(pod.at("/securityContext/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
    for (JsonNode container : pod.path("containers")) {
      JsonNode context = container.path("securityContext");
      assertThat(context.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
      assertThat(texts(context.at("/capabilities/drop"))).containsExactly("ALL");
      assertThat(context.at("/capabilities/add").isMissingNode()).isTrue();
      assertThat(context.has("privileged")).isFalse();
    }
    for (JsonNode volume : pod.path("volumes")) {
      assertThat(volume.has("hostPath")).isFalse();
    }
  }

  @ParameterizedTest
  @MethodSource("ci")
  void rightsAreNamed(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    Set<String> named =
        Set.of(
            "secrets",
            "leases",
            "mutatingwebhookconfigurations",
            "daemonsets"); // others hold no secret
    for (KubernetesObject role : objects) {
      for (JsonNode rule : role.json().path("rules")) {
        List<String> resources = texts(rule.path("resources"));
        assertThat(texts(rule.path("verbs")))
            .isNotEmpty()
            .isSubsetOf("get", "list", "watch", "update", "patch");
        assertThat(rule.toString()).doesNotContain("*");
        for (String resource : resources) {
          assertThat(resource)
              .isIn(
                  "nodes",
                  "pods",
                  "namespaces",
                  "secrets",
                  "leases",
                  "mutatingwebhookconfigurations",
                  "daemonsets");
          if (named.contains(resource)) {
            assertThat(texts(rule.path("resourceNames")))
                .containsExactly(
                    switch (resource) {
                      case "secrets" -> KubernetesObject.only(objects, "Secret").name();
                      case "leases" -> KubernetesObject.only(objects, "Lease").name();
                      case "daemonsets" ->
                          KubernetesObject.only(objects, "DaemonSet", "-daemon").name();
                      default ->
                          KubernetesObject.only(objects, "MutatingWebhookConfiguration").name();
                    });
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("ci")
  void bindingsBindWhatThereIs(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    List<String> ids = objects.stream().map(KubernetesObject::id).toList();
    for (KubernetesObject binding : objects) {
      if (!binding.kind().endsWith("RoleBinding") || binding.name().endsWith("-scc")) {
        continue;
      }
      JsonNode role = binding.json().path("roleRef");
      String namespace = role.path("kind").asText().equals("Role") ? Chart.NAMESPACE + "/" : "";
      assertThat(ids).contains(role.path("kind").asText() + " " + namespace + name(role));
      for (JsonNode subject : binding.json().path("subjects")) {
        assertThat(subject.path("namespace").asText()).isEqualTo(Chart.NAMESPACE);
        assertThat(ids).contains("ServiceAccount " + Chart.NAMESPACE + "/" + name(subject));
      }
    }
    for (KubernetesObject account : of(objects, "ServiceAccount")) {
      assertThat(account.json().path("automountServiceAccountToken").asBoolean(true)).isFalse();
    }
    for (String kind : List.of("Deployment", "DaemonSet")) {
      for (KubernetesObject workload : of(objects, kind)) {
        JsonNode pod = workload.podSpec().orElseThrow();
        String account = pod.path("serviceAccountName").asText();
        assertThat(ids).contains("ServiceAccount " + Chart.NAMESPACE + "/" + account);
        boolean hasRights =
            workload.name().equals(account)
                && objects.stream()
                    .anyMatch(o -> o.kind().endsWith("RoleBinding") && o.name().equals(account));
        assertThat(pod.path("automountServiceAccountToken").asBoolean()).isEqualTo(hasRights);
      }
    }
  }

  private static String name(JsonNode reference) {
    return reference.path("name").asText();
  }

  /** They can't be changed afterwards, and a pod that a new version relabels is a pod restarted. */
  @ParameterizedTest
  @MethodSource("ci")
  void selectorsSelectAndHoldNoVersion(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    String version = Yaml.read(Chart.DIRECTORY.resolve("Chart.yaml")).path("version").asText();
    for (KubernetesObject object : objects) {
      if (object.podLabels().isMissingNode()) {
        continue;
      }
      ObjectNode selected = (ObjectNode) object.json().at("/spec/selector/matchLabels");
      String component = selected.path("app.kubernetes.io/component").asText();
      assertThat(selected)
          .isEqualTo(
              Yaml.MAPPER
                  .createObjectNode()
                  .put("app.kubernetes.io/name", "podproc")
                  .put("app.kubernetes.io/instance", "podproc")
                  .put("app.kubernetes.io/component", component));
      assertThat(object.podLabels().toString()).doesNotContain(version);
      contains(object.podLabels(), selected);
    }
    for (String kind : List.of("PodDisruptionBudget", "NetworkPolicy", "PodMonitor")) {
      for (KubernetesObject object : of(objects, kind)) {
        KubernetesObject workload =
            object.name().endsWith("-daemon")
                ? KubernetesObject.only(objects, "DaemonSet", "-daemon")
                : KubernetesObject.only(objects, "Deployment");
        JsonNode selector = object.json().path("spec");
        contains(
            workload.podLabels(),
            selector.has("podSelector")
                ? selector.at("/podSelector/matchLabels")
                : selector.at("/selector/matchLabels"));
      }
    }
    for (KubernetesObject service : of(objects, "Service")) {
      contains(
          KubernetesObject.only(objects, "Deployment").podLabels(),
          service.json().at("/spec/selector"));
    }
    for (KubernetesObject monitor : of(objects, "ServiceMonitor")) {
      contains(
          KubernetesObject.only(objects, "Service").json().at("/metadata/labels"),
          monitor.json().at("/spec/selector/matchLabels"));
    }
  }

  private static void contains(JsonNode labels, JsonNode selector) {
    assertThat(selector.properties()).isNotEmpty();
    assertThat(labels.properties()).containsAll(selector.properties());
  }

  @ParameterizedTest
  @MethodSource("ci")
  void portsAreThoseOfTheContainer(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    Stream.of("Deployment", "DaemonSet")
        .flatMap(kind -> of(objects, kind).stream())
        .filter(workload -> !workload.name().endsWith("-keeper"))
        .forEach(workload -> {
          JsonNode container = workload.podSpec().orElseThrow().at("/containers/0");
          List<String> ports = list(container.path("ports")).stream().map(RulesTest::name).toList();
          for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
            assertThat(ports).contains(container.path(probe).at("/httpGet/port").asText());
          }
        });
    for (KubernetesObject service : of(objects, "Service")) {
      JsonNode webhook = KubernetesObject.only(objects, "Deployment").podSpec().orElseThrow();
      List<String> ports =
          list(webhook.at("/containers/0/ports")).stream().map(RulesTest::name).toList();
      for (JsonNode port : service.json().at("/spec/ports")) {
        assertThat(ports).contains(port.path("targetPort").asText());
      }
      for (JsonNode entry :
          KubernetesObject.only(objects, "MutatingWebhookConfiguration").json().path("webhooks")) {
        JsonNode called = entry.at("/clientConfig/service");
        assertThat(name(called)).isEqualTo(service.name());
        assertThat(called.path("namespace").asText()).isEqualTo(service.namespace());
        assertThat(called.path("port")).isEqualTo(service.json().at("/spec/ports/0/port"));
      }
    }
  }

  /** A dead mount can't be bound, and what lies beside the mount point must not cover the image. */
  @ParameterizedTest
  @MethodSource("ci")
  void theDaemonMountsBelowTheParentOfItsMountPoint(Path values) {
    KubernetesObject daemon = KubernetesObject.only(Chart.render(values), "DaemonSet", "-daemon");
    JsonNode pod = daemon.podSpec().orElseThrow();
    String mountPoint = daemon.environment().getOrDefault("PODPROC_MOUNT_POINT", "");
    JsonNode mount = pod.at("/containers/0/volumeMounts/0");

    assertThat(mount.path("mountPropagation").asText()).isEqualTo("Bidirectional");
    assertThat(mountPoint).startsWith(mount.path("mountPath").asText() + "/");
    assertThat(mount.path("mountPath").asText())
        .isEqualTo("/host" + pod.at("/volumes/0/hostPath/path").asText());
    assertThat(pod.at("/volumes/0/hostPath").has("type")).isFalse();
  }

  /** What ends the daemon's pod must not end the keeper, and where one is the other is. */
  @ParameterizedTest
  @MethodSource("ci")
  void theKeeperIsWhereTheDaemonIsInAPodOfItsOwn(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    KubernetesObject daemon = KubernetesObject.only(objects, "DaemonSet", "-daemon");
    JsonNode served = daemon.podSpec().orElseThrow();
    assertThat(list(served.path("containers"))).hasSize(1);
    boolean kept = daemon.environment().containsKey("PODPROC_RUN_DIRECTORY");
    List<KubernetesObject> keepers =
        objects.stream()
            .filter(o -> o.kind().equals("DaemonSet") && o.name().endsWith("-keeper"))
            .toList();
    assertThat(keepers).hasSize(kept ? 1 : 0);
    for (KubernetesObject keeper : keepers) {
      JsonNode pod = keeper.podSpec().orElseThrow();
      for (String placement :
          List.of(
              "nodeSelector", "affinity", "tolerations", "priorityClassName", "imagePullSecrets")) {
        assertThat(pod.path(placement)).as(placement).isEqualTo(served.path(placement));
      }
      assertThat(pod.at("/containers/0/image")).isEqualTo(served.at("/containers/0/image"));
      assertThat(hostPath(pod, pod.at("/containers/0/command/1").asText()))
          .isEqualTo(
              hostPath(served, daemon.environment().getOrDefault("PODPROC_RUN_DIRECTORY", "")));
      assertThat(keeper.json().at("/spec/updateStrategy/rollingUpdate/maxUnavailable").asInt())
          .isZero();
      assertThat(keeper.json().at("/spec/minReadySeconds").asInt()).isPositive();
    }
  }

  /** What of the node is seen at a path in the pod's first container. */
  private static String hostPath(JsonNode pod, String path) {
    for (JsonNode mount : pod.at("/containers/0/volumeMounts")) {
      for (JsonNode volume : pod.path("volumes")) {
        if (mount.path("mountPath").asText().equals(path) && name(volume).equals(name(mount))) {
          return volume.at("/hostPath/path").asText();
        }
      }
    }
    throw new AssertionError("nothing is mounted at " + path);
  }

  /** It asks for the DaemonSet that it is of, which it may. */
  @ParameterizedTest
  @MethodSource("ci")
  void theDaemonMayAskForItsDaemonSet(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    KubernetesObject daemon = KubernetesObject.only(objects, "DaemonSet", "-daemon");
    String asked = daemon.environment().getOrDefault("PODPROC_DAEMON_SET", "");
    List<KubernetesObject> roles =
        of(objects, "Role").stream().filter(role -> role.name().endsWith("-daemon")).toList();
    if (asked.isEmpty()) {
      assertThat(roles).isEmpty();
    } else {
      assertThat(asked).isEqualTo(daemon.namespace() + "/" + daemon.name());
      JsonNode rule = KubernetesObject.only(objects, "Role", "-daemon").json().at("/rules/0");
      assertThat(texts(rule.path("resources"))).containsExactly("daemonsets");
      assertThat(texts(rule.path("verbs"))).containsExactly("get");
      // What it is done in: an end of 4 s, 22 s before that, and something to spare.
      assertThat(daemon.podSpec().orElseThrow().path("terminationGracePeriodSeconds").asInt())
          .isGreaterThan(26);
    }
  }

  /** It has the rights that it needs for what it is told to do, and no other. */
  @ParameterizedTest
  @MethodSource("ci")
  void theDaemonMayWatchPodsWhereItDeliversByLabels(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    KubernetesObject daemon = KubernetesObject.only(objects, "DaemonSet", "-daemon");
    Map<String, String> environment = daemon.environment();
    boolean delivers = "true".equals(environment.get("PODPROC_NODE_DELIVERY"));
    boolean named = environment.containsKey("PODPROC_DELIVERY_NAMESPACES");
    boolean watching = delivers && !named;
    List<JsonNode> rules =
        of(objects, "ClusterRole").stream()
            .filter(role -> role.name().endsWith("-daemon"))
            .flatMap(role -> list(role.json().path("rules")).stream())
            .filter(rule -> texts(rule.path("resources")).contains("pods"))
            .toList();
    assertThat(rules).hasSize(watching ? 1 : 0);
    for (JsonNode rule : rules) {
      assertThat(texts(rule.path("resources"))).containsExactly("pods", "namespaces");
      assertThat(texts(rule.path("verbs"))).containsExactly("get", "list", "watch");
      assertThat(environment).containsKey("PODPROC_NODE_NAME");
    }
    assertThat(daemon.json().toString().contains("/var/log/pods")).isEqualTo(delivers && named);
    for (KubernetesObject webhook : of(objects, "Deployment")) {
      assertThat(webhook.environment())
          .containsEntry("PODPROC_NODE_DELIVERY", Boolean.toString(watching));
    }
  }

  /** Metrics are for who scrapes; reviews come from an API server that no policy could name. */
  @ParameterizedTest
  @MethodSource("ci")
  void onlyReviewsComeFromAnywhere(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    JsonNode scrapers =
        Yaml.read(values).at("/monitoring/scrapers").isMissingNode()
            ? Yaml.MAPPER.createArrayNode()
            : Yaml.read(values).at("/monitoring/scrapers");
    for (KubernetesObject policy : of(objects, "NetworkPolicy")) {
      assertThat(texts(policy.json().at("/spec/policyTypes"))).contains("Ingress");
      for (JsonNode rule : policy.json().at("/spec/ingress")) {
        for (JsonNode port : rule.path("ports")) {
          if (port.path("port").asText().equals("https")) {
            assertThat(rule.has("from")).isFalse();
          } else {
            assertThat(scrapers).isNotEmpty();
            assertThat(rule.path("from")).isEqualTo(scrapers);
          }
        }
      }
      assertThat(policy.json().at("/spec/ingress").size())
          .isEqualTo((policy.name().endsWith("-daemon") ? 0 : 1) + (scrapers.isEmpty() ? 0 : 1));
    }
  }

  /** Nobody who reaches another port of the daemon keeps the kubelet from its answer. */
  @ParameterizedTest
  @MethodSource("ci")
  void theDaemonIsProbedAtAPortThatNobodyElseIsGiven(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    for (KubernetesObject daemon : of(objects, "DaemonSet")) {
      JsonNode container = daemon.podSpec().orElseThrow().at("/containers/0");
      for (JsonNode probe : container.findValues("httpGet")) {
        assertThat(probe.path("port").asText()).isEqualTo("probes");
      }
    }
    for (KubernetesObject object : objects) {
      if (!object.name().endsWith("-daemon") || object.podSpec().isEmpty()) {
        assertThat(object.json().toString()).doesNotContain("\"probes\"");
      }
    }
  }

  /** A pod on the node's network is not what a policy selects. */
  @ParameterizedTest
  @MethodSource("ci")
  void whatIsOnTheClustersNetworkHasAPolicy(Path values) {
    List<KubernetesObject> objects = Chart.render(values);
    JsonNode settings = Yaml.read(values);
    for (String component : List.of("daemon", "webhook")) {
      Optional<KubernetesObject> workload =
          objects.stream()
              .filter(o -> o.podSpec().isPresent() && o.name().endsWith("-" + component))
              .findFirst();
      boolean expected =
          workload.isPresent()
              && !workload.get().podSpec().orElseThrow().path("hostNetwork").asBoolean()
              && settings.at("/" + component + "/networkPolicy/enabled").asBoolean(true);
      assertThat(of(objects, "NetworkPolicy").stream().map(KubernetesObject::name))
          .filteredOn(name -> name.endsWith("-" + component))
          .hasSize(expected ? 1 : 0);
    }
  }

  /** On large clusters one node after the other would take days. */
  @Test
  void aTenthOfTheNodesIsUpdatedAtOnce() {
    List<KubernetesObject> objects = Chart.render(Chart.DEFAULTS);
    for (String name : List.of("-daemon", "-keeper")) {
      assertThat(
              KubernetesObject.only(objects, "DaemonSet", name)
                  .json()
                  .at("/spec/updateStrategy/rollingUpdate/maxSurge")
                  .asText())
          .isEqualTo("10%");
    }
  }

  /**
   * The CAs of clients are mounted where the webhook is told to read them, and no key with them.
   */
  @Test
  void clientCertificatesAreAskedForWhereTheirCasAreGiven() {
    Path values = Chart.DIRECTORY.resolve("ci/existing-secret-values.yaml");
    KubernetesObject webhook = KubernetesObject.only(Chart.render(values), "Deployment");
    JsonNode pod = webhook.podSpec().orElseThrow();
    String file = webhook.environment().getOrDefault("PODPROC_CLIENT_AUTHORITIES", "");
    JsonNode mount = null;
    for (JsonNode each : pod.at("/containers/0/volumeMounts")) {
      if (file.startsWith(each.path("mountPath").asText() + "/") && name(each).equals("clients")) {
        mount = each;
      }
    }
    assertThat(mount).isNotNull();
    for (JsonNode volume : pod.path("volumes")) {
      if (name(volume).equals("clients")) {
        assertThat(volume.at("/secret/secretName").asText()).isEqualTo("podproc-clients");
        assertThat(volume.at("/secret/items").size()).isEqualTo(1);
        assertThat(file).endsWith("/" + volume.at("/secret/items/0/path").asText());
      }
    }
    assertThat(KubernetesObject.only(Chart.render(Chart.DEFAULTS), "Deployment").environment())
        .doesNotContainKey("PODPROC_CLIENT_AUTHORITIES");
  }
}
