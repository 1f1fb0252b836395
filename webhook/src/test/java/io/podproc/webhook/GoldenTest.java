// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.podproc.webhook.admission.ReviewRequest;
import io.podproc.webhook.admission.Reviewer;
import io.podproc.webhook.admission.Verdict;
import io.podproc.webhook.injection.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Pods and what becomes of them, in src/test/resources/pods. An in.yaml has the pod, its namespace
 * and its labels (none if they can't be known), settings that are not the defaults, and for an
 * update what was before. {@code -Dgolden.update=true} writes each expected.yaml.
 */
class GoldenTest {
  private static final Path PODS = Path.of("src/test/resources/pods");

  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .disable(YAMLGenerator.Feature.SPLIT_LINES)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
          .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  /** What a review of a readable pod can end in. */
  private static final Set<Reason> REASONS_OF_PODS =
      EnumSet.range(Reason.NAMESPACE_LABEL, Reason.UNREADABLE_POD);

  static Stream<Path> cases() throws IOException {
    try (Stream<Path> dirs = Files.list(PODS)) {
      return dirs.sorted().toList().stream();
    }
  }

  /** An in.yaml. */
  private record Case(JsonNode in) {
    static Case read(Path dir) throws IOException {
      return new Case(YAML.readTree(dir.resolve("in.yaml").toFile()));
    }

    JsonNode pod() {
      return in.path("pod");
    }

    private Reviewer reviewer() throws SettingsCheck.Invalid {
      Map<String, String> settings = strings(in.path("settings"));
      Optional<Map<String, String>> labels =
          in.has("namespaceLabels")
              ? Optional.of(strings(in.path("namespaceLabels")))
              : Optional.empty();
      return new Reviewer(SettingsCheck.rules(Configs.of(settings)), namespace -> labels);
    }

    private static Map<String, String> strings(JsonNode object) {
      return object.isMissingNode()
          ? Map.of()
          : YAML.convertValue(object, new TypeReference<Map<String, String>>() {});
    }

    Verdict review(JsonNode reviewed) throws Exception {
      String namespace = in.path("namespace").asText("shop");
      ObjectNode review =
          in.has("before")
              ? Reviews.debugging(namespace, in.path("before"), reviewed)
              : Reviews.creation(namespace, reviewed);
      if (in.has("request")) {
        Reviews.request(review).setAll((ObjectNode) in.path("request"));
      }
      return reviewer().review(ReviewRequest.parse(Reviews.bytes(review)));
    }
  }

  private static JsonNode after(JsonNode pod, Verdict verdict) throws IOException {
    return Reviews.patched(pod, Reviews.JSON.readTree(verdict.toJson()));
  }

  private static String told(Verdict verdict, JsonNode before, JsonNode after) throws IOException {
    ObjectNode told = YAML.createObjectNode();
    told.put("result", verdict.reason().result().label());
    told.put("reason", verdict.reason().label());
    if (!verdict.conflicts().isEmpty()) {
      verdict.conflicts().forEach(conflict -> told.withArray("conflicts").add(conflict.label()));
    }
    if (!verdict.warnings().isEmpty()) {
      verdict.warnings().forEach(told.withArray("warnings")::add);
    }
    verdict.auditAnnotations().forEach(told.withObject("auditAnnotations")::put);
    if (after.equals(before)) {
      told.put("pod", "as it was");
    } else {
      told.set("pod", after);
    }
    return YAML.writeValueAsString(told);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void thePodBecomesWhatIsExpected(Path dir) throws Exception {
    Case given = Case.read(dir);
    Verdict verdict = given.review(given.pod());
    String told = told(verdict, given.pod(), after(given.pod(), verdict));
    Path expected = dir.resolve("expected.yaml");
    if (Boolean.getBoolean("golden.update")) {
      Files.writeString(expected, told);
    }
    assertThat(told).isEqualTo(Files.readString(expected));
    assertThat(verdict.warnings()).allSatisfy(warning -> assertThat(warning).hasSizeLessThan(121));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void twiceIsOnce(Path dir) throws Exception {
    Case given = Case.read(dir);
    JsonNode once = after(given.pod(), given.review(given.pod()));
    assertThat(given.review(once).patch()).isEmpty();
  }

  @Test
  void everyReasonHasItsCase() throws IOException {
    try (Stream<Path> files = Files.walk(PODS)) {
      Set<String> seen = new java.util.HashSet<>();
      for (Path file : files.filter(f -> f.endsWith("expected.yaml")).toList()) {
        JsonNode expected = YAML.readTree(file.toFile());
        seen.add(expected.path("reason").asText());
        expected.path("conflicts").forEach(conflict -> seen.add(conflict.asText()));
      }
      // The second review of a pod ends in it.
      seen.add(Reason.ALREADY_INJECTED.label());
      assertThat(seen)
          .containsExactlyInAnyOrderElementsOf(
              Arrays.stream(Reason.values())
                  .filter(REASONS_OF_PODS::contains)
                  .map(Reason::label)
                  .toList());
    }
  }
}
