// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.Stream;

/**
 * Where a pod asks to run: what its nodeSelector and its required node affinity want of the labels
 * of nodes. Terms of an affinity are alternatives, so one that names a node is enough: who can't
 * start there must not be sent there. What a pod only prefers decides nothing.
 */
final class Placement {
  private final JsonNode selector;
  private final JsonNode terms;

  /**
   * @param spec the pod's
   */
  Placement(JsonNode spec) {
    selector = spec.path("nodeSelector");
    terms =
        spec.path("affinity")
            .path("nodeAffinity")
            .path("requiredDuringSchedulingIgnoredDuringExecution")
            .path("nodeSelectorTerms");
  }

  /** Whether it names nodes whose label has the value, alone or among others. */
  boolean names(String label, String value) {
    return selector.path(label).asText().equals(value) || requires(label, "In", value);
  }

  /** Whether it wants none of the nodes whose label has the value. */
  boolean avoids(String label, String value) {
    return requires(label, "NotIn", value);
  }

  private boolean requires(String label, String operator, String value) {
    return expressions()
        .filter(expression -> expression.path("key").asText().equals(label))
        .filter(expression -> expression.path("operator").asText().equals(operator))
        .flatMap(expression -> expression.path("values").valueStream())
        .anyMatch(named -> named.asText().equals(value));
  }

  private Stream<JsonNode> expressions() {
    return terms.valueStream().flatMap(term -> term.path("matchExpressions").valueStream());
  }
}
