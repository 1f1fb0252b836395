// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which pods the API server asks the webhook about. */
class RegistrationTest {
  private static final Path EKS = Chart.DIRECTORY.resolve("ci/eks-calico-values.yaml");

  private static JsonNode webhooks(Path values) {
    return KubernetesObject.only(Chart.render(values), "MutatingWebhookConfiguration")
        .json()
        .path("webhooks");
  }

  private static ObjectNode labels(String name, String inject) {
    ObjectNode labels = Yaml.MAPPER.createObjectNode();
    if (!name.isEmpty()) {
      labels.put("kubernetes.io/metadata.name", name);
    }
    if (!inject.isEmpty()) {
      labels.put("podproc.io/inject", inject);
    }
    return labels;
  }

  private static boolean selects(JsonNode selector, ObjectNode labels) {
    assertThat(selector.has("matchLabels")).isFalse();
    for (JsonNode term : selector.path("matchExpressions")) {
      String value = labels.path(term.path("key").asText()).asText();
      boolean among = false;
      for (JsonNode one : term.path("values")) {
        among |= one.asText().equals(value);
      }
      if (among != term.path("operator").asText().equals("In")) {
        return false;
      }
    }
    return true;
  }

  /** The first words of the names of the entries that match. */
  private static List<String> asked(Path values, ObjectNode namespace, JsonNode pod, String user)
      throws Exception {
    ObjectNode request = Yaml.MAPPER.createObjectNode();
    request.putObject("userInfo").put("username", user);
    Cel cel = new Cel().with("object", pod).with("request", request);
    List<String> entries = new ArrayList<>();
    for (JsonNode entry : webhooks(values)) {
      boolean matches =
          selects(entry.path("namespaceSelector"), namespace)
              && selects(entry.path("objectSelector"), (ObjectNode) pod.at("/metadata/labels"));
      for (JsonNode condition : entry.path("matchConditions")) {
        matches &= cel.test(condition.path("expression").asText());
      }
      if (matches) {
        entries.add(entry.path("name").asText().replaceFirst("\\..*", ""));
      }
    }
    return entries;
  }

  private static ObjectNode pod(String inject, String os) {
    ObjectNode pod = Yaml.MAPPER.createObjectNode();
    pod.putObject("metadata").set("labels", labels("", inject));
    ObjectNode spec = pod.putObject("spec");
    if (!os.isEmpty()) {
      spec.putObject("os").put("name", os);
    }
    return pod;
  }

  @ParameterizedTest
  @CsvSource({
    // namespace, its label, the pod's label, its os, the entry
    "shop,           enabled,  '',       '',      namespaces",
    "shop,           enabled,  enabled,  '',      namespaces",
    "shop,           enabled,  '',       linux,   namespaces",
    "shop,           enabled,  other,    '',      namespaces",
    "shop,           enabled,  disabled, '',      ''",
    "shop,           enabled,  '',       windows, ''",
    "shop,           '',       enabled,  '',      pods",
    "shop,           other,    enabled,  '',      pods",
    "shop,           '',       '',       '',      ''",
    "shop,           '',       disabled, '',      ''",
    "shop,           '',       enabled,  windows, ''",
    "shop,           disabled, enabled,  '',      ''",
    "shop,           disabled, '',       '',      ''",
    "kube-system,    enabled,  enabled,  '',      ''",
    "kube-system,    '',       enabled,  '',      ''",
    "podproc-system, enabled,  enabled,  '',      ''",
    "podproc-system, '',       enabled,  '',      ''",
  })
  void podsThatOptedInAreAskedAboutOnce(
      String namespace, String label, String inject, String os, String entry) throws Exception {
    List<String> expected = entry.isEmpty() ? List.of() : List.of(entry);
    assertThat(asked(Chart.DEFAULTS, labels(namespace, label), pod(inject, os), "somebody"))
        .isEqualTo(expected);
  }

  @Test
  void whatValuesExcludeIsNotAskedAbout() throws Exception {
    ObjectNode shop = labels("shop", "enabled");
    assertThat(asked(EKS, shop, pod("", ""), "somebody")).hasSize(1);
    assertThat(asked(EKS, labels("cert-manager", "enabled"), pod("", ""), "somebody")).isEmpty();
    assertThat(asked(EKS, shop, pod("", ""), "system:serviceaccount:ci:bot")).isEmpty();
    assertThat(asked(EKS, shop, pod("", ""), "it's")).isEmpty();
    ObjectNode batch = pod("", "");
    ((ObjectNode) batch.at("/metadata/labels")).put("batch", "1");
    assertThat(asked(EKS, shop, batch, "somebody")).isEmpty();
  }

  /** Kubernetes evaluates conditions on whatever comes, and a failed one falls to failurePolicy. */
  @Test
  void conditionsFailOnNoPod() throws Exception {
    for (Path values : List.of(Chart.DEFAULTS, EKS)) {
      for (String text :
          List.of(
              "{}",
              "{\"spec\": {}, \"metadata\": {}}",
              "{\"spec\": {\"os\": {\"name\": \"\"}}, \"metadata\": {}}")) {
        ObjectNode object = (ObjectNode) Yaml.MAPPER.readTree(text);
        ObjectNode request = Yaml.MAPPER.createObjectNode();
        request.putObject("userInfo").put("username", "somebody");
        object.withObject("/metadata");
        for (JsonNode condition : webhooks(values).path(0).path("matchConditions")) {
          assertThat(
                  new Cel()
                      .with("object", object)
                      .with("request", request)
                      .test(condition.path("expression").asText()))
              .isTrue();
        }
      }
    }
  }

  static List<Path> withWebhook() {
    return Chart.ci().stream()
        .filter(values -> Yaml.read(values).at("/webhook/enabled").asBoolean(true))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("withWebhook")
  void itIsSafeToCallAndToMiss(Path values) {
    for (JsonNode entry : webhooks(values)) {
      assertThat(entry.path("sideEffects").asText()).isEqualTo("None");
      assertThat(entry.path("matchPolicy").asText()).isEqualTo("Equivalent");
      assertThat(entry.path("reinvocationPolicy").asText()).isEqualTo("IfNeeded");
      assertThat(entry.path("timeoutSeconds").asInt()).isLessThanOrEqualTo(5);
      assertThat(entry.path("failurePolicy").asText())
          .isEqualTo(values.equals(EKS) ? "Fail" : "Ignore");
      assertThat(entry.at("/clientConfig/service/path").asText()).isEqualTo("/mutate");
      assertThat(entry.path("rules")).hasSize(2);
      assertThat(entry.path("rules"))
          .allSatisfy(rule -> assertThat(rule.path("scope").asText()).isEqualTo("Namespaced"));
      assertThat(entry.at("/rules/0/operations/0").asText()).isEqualTo("CREATE");
      assertThat(entry.at("/rules/0/resources/0").asText()).isEqualTo("pods");
      assertThat(entry.at("/rules/1/operations/0").asText()).isEqualTo("UPDATE");
      assertThat(entry.at("/rules/1/resources/0").asText()).isEqualTo("pods/ephemeralcontainers");
    }
  }

  @Test
  void eachSourceOfCertificatesHasItsWayToTheCaBundle() {
    assertThat(webhooks(Chart.DEFAULTS).findValues("caBundle")).isEmpty();
    Path existing = Chart.DIRECTORY.resolve("ci/existing-secret-values.yaml");
    assertThat(webhooks(existing).findValuesAsText("caBundle"))
        .containsExactly(
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==");

    List<KubernetesObject> certManager =
        Chart.render(Chart.DIRECTORY.resolve("ci/cert-manager-values.yaml"));
    KubernetesObject registration =
        KubernetesObject.only(certManager, "MutatingWebhookConfiguration");
    String from =
        registration.json().at("/metadata/annotations/cert-manager.io~1inject-ca-from").asText();
    assertThat(certManager)
        .extracting(KubernetesObject::id)
        .contains("Certificate " + from)
        .noneMatch(id -> id.matches("Secret .*|Role .*-webhook"));
    KubernetesObject certificate =
        certManager.stream()
            .filter(o -> o.id().equals("Certificate " + from))
            .findAny()
            .orElseThrow();
    assertThat(
            KubernetesObject.only(certManager, "Deployment")
                .podSpec()
                .orElseThrow()
                .findValuesAsText("secretName"))
        .containsExactly(certificate.json().at("/spec/secretName").asText());
    assertThat(certificate.json().at("/spec/dnsNames/0").asText())
        .isEqualTo(
            registration.json().at("/webhooks/0/clientConfig/service/name").asText()
                + "."
                + Chart.NAMESPACE
                + ".svc");
  }
}
