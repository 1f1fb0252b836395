// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The checks of the rendered objects would see a wrong one. */
class StrictSchemaTest {
  private static final Map<String, KubernetesObject> OBJECTS = new HashMap<>();

  static {
    for (String values : new String[] {"default", "monitoring", "cert-manager"}) {
      for (KubernetesObject object :
          Chart.render(Chart.DIRECTORY.resolve("ci/" + values + "-values.yaml"))) {
        if (!object.name().endsWith("-keeper")) { // of two DaemonSets the one that has more
          OBJECTS.put(object.kind(), object);
        }
      }
    }
  }

  private static ObjectNode copy(String kind) {
    return KubernetesObject.only(OBJECTS.values().stream().toList(), kind).json().deepCopy();
  }

  @ParameterizedTest
  @CsvSource({
    "DaemonSet, /metadata, annotation, {}",
    "DaemonSet, /spec/template/spec, hostPid, true",
    "DaemonSet, /spec/template/spec, hostPID, '\"true\"'",
    "DaemonSet, /spec/template/spec, terminationGracePeriodSeconds, '\"30\"'",
    "DaemonSet, /spec/template/spec/containers/0, mountPropagation, '\"Bidirectional\"'",
    "DaemonSet, /spec/template/spec/containers/0/securityContext, privilege, true",
    "DaemonSet, /spec/template/spec/containers/0/readinessProbe/httpGet, uri, '\"/\"'",
    "DaemonSet, /spec/template/spec/volumes/0/hostPath, readOnly, true",
    "DaemonSet, /spec/template/spec/affinity/nodeAffinity, required, {}",
    "DaemonSet, /spec/updateStrategy/rollingUpdate, maxUnavailable, true",
    "DaemonSet, /metadata/labels, number, 1",
    "Deployment, /spec, replicas, '\"2\"'",
    "Deployment, /spec, replicas, 1.5",
    "Deployment, /spec/template/spec/securityContext, readOnlyRootFilesystem, true",
    "Deployment, /spec/template/spec/containers/0/env/0, value, true",
    "Deployment, /spec/template/spec/containers/0/ports/0, containerPort, '\"8443\"'",
    "Deployment, /spec/template/spec/topologySpreadConstraints/0, maxSkew, '\"1\"'",
    "Service, /spec/ports/0, targetport, 8443",
    "Secret, '', spec, {}",
    "Lease, '', data, {}",
    "ClusterRole, /rules/0, resourceName, []",
    "ClusterRole, /rules/0, verbs, '\"get\"'",
    "MutatingWebhookConfiguration, /webhooks/0, timeoutSeconds, '\"5\"'",
    "MutatingWebhookConfiguration, /webhooks/0, selector, {}",
    "MutatingWebhookConfiguration, /webhooks/0/rules/0, scopes, '\"Namespaced\"'",
    "MutatingWebhookConfiguration, /webhooks/0/clientConfig/service, port, '\"443\"'",
    "ValidatingAdmissionPolicy, /spec/validations/0, messages, '\"\"'",
    "PodDisruptionBudget, /spec, maxUnavailability, 1",
    "NetworkPolicy, /spec/ingress/0/ports/0, protocols, '\"TCP\"'",
    "Pod, /spec/containers/0, args, '\"sh\"'",
    "PodMonitor, /spec, podMetricEndpoints, []",
    "PodMonitor, /spec/podMetricsEndpoints/0, every, '\"30s\"'",
    "ServiceMonitor, /spec/endpoints/0, port, 9465",
    "ServiceMonitor, /metadata, label, {}",
    "PrometheusRule, /spec/groups/0/rules/0, expression, '\"1\"'",
    "PrometheusRule, /spec/groups/0/rules/0/annotations, summary, 5",
    "Certificate, /spec, dnsName, '\"x\"'",
    "Certificate, /spec, isCA, '\"true\"'",
    "Issuer, /spec/ca, secret, '\"x\"'",
  })
  void aWrongFieldIsSeen(String kind, String at, String field, String value) throws Exception {
    ObjectNode object = copy(kind);
    assertThat(StrictSchema.problem(object)).as("before").isEmpty();

    ((ObjectNode) object.at(JsonPointer.compile(at))).set(field, Yaml.MAPPER.readTree(value));

    assertThat(StrictSchema.problem(object)).isPresent();
  }

  @Test
  void aMissingFieldIsSeen() {
    for (String required : new String[] {"selector", "template"}) {
      ObjectNode object = copy("DaemonSet");
      ((ObjectNode) object.path("spec")).remove(required);
      assertThat(StrictSchema.problem(object).orElse("none")).contains(required);
    }
  }

  @Test
  void aWrongItemOfAListIsSeen() {
    ObjectNode object = copy("ClusterRole");
    ((ArrayNode) object.at("/rules/0/verbs")).add(1);
    assertThat(StrictSchema.problem(object)).isPresent();
  }

  @Test
  void anUnknownKindIsSeen() {
    for (String apiVersion : new String[] {"v1", "apps/v1beta1", "monitoring.coreos.com/v1"}) {
      JsonNode object =
          Yaml.MAPPER.createObjectNode().put("apiVersion", apiVersion).put("kind", "Podd");
      assertThat(StrictSchema.problem(object)).isPresent();
    }
  }
}
