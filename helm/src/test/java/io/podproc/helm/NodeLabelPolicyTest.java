// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The daemon may label its own node podproc.io/ready, and do nothing else to any. */
class NodeLabelPolicyTest {
  private static final JsonNode POLICY =
      KubernetesObject.only(Chart.render(Chart.DEFAULTS), "ValidatingAdmissionPolicy")
          .json()
          .path("spec");

  private static ObjectNode node() {
    return (ObjectNode)
        Chart.objects(
                """
                apiVersion: v1
                kind: Node
                metadata:
                  name: worker-1
                  labels: {kubernetes.io/os: linux, zone: a}
                  annotations: {note: kept}
                  resourceVersion: "7"
                spec:
                  podCIDR: 10.244.0.0/24
                  taints: [{key: dedicated, effect: NoSchedule}]
                status: {phase: Running}
                """)
            .getFirst()
            .json();
  }

  private static ObjectNode request(String user, String tokenOfNode) {
    ObjectNode request = Yaml.MAPPER.createObjectNode();
    request.put("name", "worker-1").put("operation", "UPDATE");
    ObjectNode info = request.putObject("userInfo").put("username", user);
    if (!tokenOfNode.isEmpty()) {
      ArrayNode names = info.putObject("extra").putArray("authentication.kubernetes.io/node-name");
      names.add(tokenOfNode);
    }
    return request;
  }

  private static ObjectNode daemon() {
    return request("system:serviceaccount:podproc-system:podproc-daemon", "worker-1");
  }

  /** The messages of all validations that fail; empty: admitted. */
  private static List<String> denials(ObjectNode before, ObjectNode after, ObjectNode request)
      throws Exception {
    Cel cel = new Cel().with("object", after).with("oldObject", before).with("request", request);
    for (JsonNode condition : POLICY.path("matchConditions")) {
      if (!cel.test(condition.path("expression").asText())) {
        return List.of();
      }
    }
    for (JsonNode variable : POLICY.path("variables")) {
      cel.define(variable.path("name").asText(), variable.path("expression").asText());
    }
    List<String> messages = new ArrayList<>();
    for (JsonNode validation : POLICY.path("validations")) {
      if (!cel.test(validation.path("expression").asText())) {
        messages.add(validation.path("message").asText());
      }
    }
    return messages;
  }

  @Test
  void itsOwnLabelIsAdmitted() throws Exception {
    ObjectNode bare = node();
    ObjectNode labelled = node();
    ((ObjectNode) labelled.at("/metadata/labels")).put("podproc.io/ready", "true");

    assertThat(denials(bare, labelled, daemon())).isEmpty();
    assertThat(denials(labelled, bare, daemon())).isEmpty();
    assertThat(denials(labelled, labelled, daemon())).isEmpty();
  }

  @Test
  void aNodeWithoutLabelsOrSpecIsLabelled() throws Exception {
    ObjectNode bare = node();
    bare.remove("spec");
    ((ObjectNode) bare.path("metadata")).remove(List.of("labels", "annotations"));
    ObjectNode labelled = bare.deepCopy();
    ((ObjectNode) labelled.path("metadata")).putObject("labels").put("podproc.io/ready", "true");

    assertThat(denials(bare, labelled, daemon())).isEmpty();
    assertThat(denials(labelled, bare, daemon())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/metadata/labels | evil | '\"1\"' | no label",
        "/metadata/labels | zone | '\"b\"' | no label",
        "/metadata/labels | zone | | no label",
        "/metadata | labels | | no label",
        "/metadata/annotations | note | '\"changed\"' | nothing of its node but a label",
        "/metadata | annotations | | nothing of its node but a label",
        "/metadata | finalizers | '[\"a.b/c\"]' | nothing of its node but a label",
        "/metadata | ownerReferences | '[{\"name\": \"a\"}]' | nothing of its node but a label",
        "/spec | unschedulable | true | nothing of its node but a label",
        "/spec | taints | '[]' | nothing of its node but a label",
        "'' | spec | | nothing of its node but a label",
      })
  void anythingElseIsDenied(String at, String field, String value, String message)
      throws Exception {
    ObjectNode after = node();
    ((ObjectNode) after.at("/metadata/labels")).put("podproc.io/ready", "true");
    ObjectNode target = (ObjectNode) after.at(at);
    if (value == null) {
      target.remove(field);
    } else {
      target.set(field, Yaml.MAPPER.readTree(value));
    }

    assertThat(denials(node(), after, daemon())).singleElement().asString().contains(message);
  }

  @ParameterizedTest
  @CsvSource({"worker-2", "''"})
  void anotherNodeIsDenied(String tokenOfNode) throws Exception {
    ObjectNode request =
        request("system:serviceaccount:podproc-system:podproc-daemon", tokenOfNode);
    assertThat(denials(node(), node(), request))
        .containsExactly("the daemon may change no node but its own");
  }

  @Test
  void makingANodeIsDenied() throws Exception {
    assertThat(denials(node(), node(), daemon().put("operation", "CREATE"))).isNotEmpty();
  }

  @Test
  void othersAreNoneOfItsBusiness() throws Exception {
    ObjectNode after = node();
    after.remove("spec");
    assertThat(denials(node(), after, request("system:node:worker-1", ""))).isEmpty();
  }

  @Test
  void itIsBoundAndDenies() {
    JsonNode binding =
        KubernetesObject.only(Chart.render(Chart.DEFAULTS), "ValidatingAdmissionPolicyBinding")
            .json()
            .path("spec");
    assertThat(binding.path("policyName").asText()).isEqualTo("podproc-daemon-node-label");
    assertThat(binding.at("/validationActions/0").asText()).isEqualTo("Deny");
    assertThat(POLICY.path("failurePolicy").asText()).isEqualTo("Fail");
  }
}
