// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.podproc.webhook.Reviews;
import io.podproc.webhook.injection.Decision.Inject;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A pod whose annotations are longer than they may be is refused: ours must not make it so. */
class SafeToEvictTest {
  private static final List<String> NAMES = List.of("podproc-a", "podproc-b");

  /** What naming the two costs where nothing was named. */
  private static final int COST = SafeToEvict.VOLUMES.length() + "podproc-a,podproc-b".length();

  private static ObjectNode annotations(String key, String value) {
    return Reviews.JSON.createObjectNode().put(key, value);
  }

  private static ObjectNode leaving(int bytes) {
    return annotations("note", "x".repeat(SafeToEvict.MAX_SIZE - "note".length() - bytes));
  }

  @Test
  void whatFitsIsNamedToTheLastByte() throws Exception {
    assertThat(SafeToEvict.naming(NAMES, leaving(COST))).hasValue("podproc-a,podproc-b");
    assertThatThrownBy(() -> SafeToEvict.naming(NAMES, leaving(COST - 1)))
        .isInstanceOf(SafeToEvict.Full.class);
  }

  /** As Go's len() has it. */
  @Test
  void bytesCountNotCharacters() throws Exception {
    String three = "\u20ac".repeat((SafeToEvict.MAX_SIZE - "note".length() - COST) / 3);
    assertThat(SafeToEvict.naming(NAMES, annotations("note", three))).isPresent();
    assertThatThrownBy(() -> SafeToEvict.naming(NAMES, annotations("note", three + "\ud83d\ude00")))
        .isInstanceOf(SafeToEvict.Full.class);
  }

  @Test
  void theUsersOwnNamesTakeTheirRoom() throws Exception {
    ObjectNode annotations = leaving(COST + ",cache".length());
    annotations.put(SafeToEvict.VOLUMES, "cache");
    assertThat(SafeToEvict.naming(NAMES, annotations)).hasValue("cache,podproc-a,podproc-b");
    annotations.put(SafeToEvict.VOLUMES, "cache2");
    assertThatThrownBy(() -> SafeToEvict.naming(NAMES, annotations))
        .isInstanceOf(SafeToEvict.Full.class);
  }

  @Test
  void aPodWithFullAnnotationsIsInjectedAndToldSo() throws Exception {
    JsonNode pod = Reviews.JSON.readTree("{\"spec\": {\"containers\": [{\"name\": \"web\"}]}}");
    ((ObjectNode) pod).putObject("metadata").set("annotations", leaving(10));
    PodMutator mutator =
        new PodMutator(
            new InjectionRules(
                "/var/lib/podproc",
                "podproc",
                List.of(InjectableFile.STAT),
                List.of(),
                true,
                true,
                false,
                PodSecurityLevel.PRIVILEGED,
                false,
                false));
    Mutation mutation =
        mutator.mutate(
            new Pod(pod),
            new Inject(List.of(InjectableFile.STAT), Reason.NAMESPACE_LABEL, List.of()));
    assertThat(mutation.files()).containsExactly(InjectableFile.STAT);
    assertThat(mutation.patch().findValuesAsText("path")).noneMatch(p -> p.contains("metadata"));
    assertThat(mutation.warnings()).singleElement().asString().contains("not scaled down");
  }
}
