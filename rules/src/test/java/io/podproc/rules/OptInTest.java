// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptInTest {
  private static Optional<String> given(String label) {
    return Optional.of(label).filter(text -> !text.equals("-"));
  }

  @ParameterizedTest
  @CsvSource({
    // pod, namespace
    "-, -, NOT_OPTED_IN",
    "-, enabled, NAMESPACE_LABEL",
    "-, disabled, OPTED_OUT",
    "-, Enabled, NOT_OPTED_IN",
    "-, true, NOT_OPTED_IN",
    "enabled, -, POD_LABEL",
    "enabled, enabled, POD_LABEL",
    "enabled, disabled, OPTED_OUT",
    "enabled, nonsense, POD_LABEL",
    "disabled, enabled, OPTED_OUT",
    "disabled, -, OPTED_OUT",
    "yes, enabled, INVALID_LABEL",
    "'', enabled, INVALID_LABEL",
    "yes, disabled, OPTED_OUT",
  })
  void labelsOfPodAndNamespaceDecide(String pod, String namespace, OptIn expected) {
    Map<String, String> labels =
        given(namespace).map(value -> Map.of(OptIn.LABEL, value)).orElse(Map.of());
    OptIn decided =
        OptIn.anywhere(given(pod), "shop", "podproc")
            .orElseGet(() -> OptIn.within(labels, given(pod)));
    assertThat(decided).isEqualTo(expected);
    assertThat(decided.isIn())
        .isEqualTo(expected == OptIn.POD_LABEL || expected == OptIn.NAMESPACE_LABEL);
  }

  @Test
  void podprocAndTheSystemAreLeftAlone() {
    assertThat(OptIn.anywhere(given("enabled"), "podproc", "podproc"))
        .contains(OptIn.OWN_NAMESPACE);
    assertThat(OptIn.anywhere(given("enabled"), "kube-system", "podproc"))
        .contains(OptIn.SYSTEM_NAMESPACE);
  }
}
