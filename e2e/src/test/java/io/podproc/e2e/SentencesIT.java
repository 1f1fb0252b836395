// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The table of the suite on a cluster, by runs of JUnit in which tests fail on purpose. */
class SentencesIT {
  @TempDir Path folder;

  @TestMethodOrder(MethodOrderer.MethodName.class)
  static class AllKindsE2E {
    @Test
    void a_pod_s_wait_is_told(TestReporter figures) {
      figures.publishEntry("longest wait (ms)", "12");
      figures.publishEntry("of", "/proc/stat");
    }

    @ParameterizedTest
    @ValueSource(strings = {"baseline", "restricted"})
    void b_levels(String level) {
      assertThat(level).isEqualTo("baseline");
    }

    @Test
    void c_lacks_something() {
      Assumptions.abort("E2E_THIS is not set\nand more");
    }

    @Test
    @Disabled("not yet")
    void d_is_off() {}
  }

  static class NothingToRunOnE2E {
    @BeforeAll
    static void fail() {
      throw new AssertionError("no cluster");
    }

    @Test
    void never_run() {}
  }

  /** Leaves something that can't be removed in the end. */
  static final class Litter implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
      AutoCloseable stays =
          () -> {
            throw new IllegalStateException("a namespace is still there");
          };
      context.getRoot().getStore(Namespace.GLOBAL).put("litter", stays);
    }
  }

  @ExtendWith(Litter.class)
  static class LitterE2E {
    @Test
    void passes() {}
  }

  /** Asks, in its midst, what has been told so far. */
  @TestMethodOrder(MethodOrderer.MethodName.class)
  static class CutShortE2E {
    static Path table = Path.of("");
    static List<String> soFar = List.of();

    @Test
    void a_first() {}

    @Test
    void b_second() throws IOException {
      soFar = Files.readAllLines(table);
    }
  }

  private void run(Class<?>... tests) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(Stream.of(tests).map(test -> selectClass(test)).toList())
            .build();
    Launcher launcher =
        LauncherFactory.create(
            LauncherConfig.builder().enableTestExecutionListenerAutoRegistration(false).build());
    launcher.execute(request, new Sentences(folder));
  }

  private List<String> table() throws IOException {
    return Files.readAllLines(folder.resolve("sentences.txt")).stream()
        .map(line -> line.replaceFirst("^(passed|failed|skipped|not run) +[\\d.]+ +", "$1 "))
        .toList();
  }

  private JsonObject json() throws IOException {
    try (var reader =
        Json.createReader(new StringReader(Files.readString(folder.resolve("sentences.json"))))) {
      return reader.readObject();
    }
  }

  private List<JsonObject> sentences() throws IOException {
    return json().getJsonArray("sentences").getValuesAs(JsonObject.class);
  }

  @Test
  void a_line_for_each_sentence_with_its_figures_or_why_not() throws IOException {
    run(AllKindsE2E.class);
    assertThat(table())
        .startsWith(
            "result  seconds  sentence",
            "passed All kinds: a pod's wait is told",
            " ".repeat(19) + "longest wait (ms) 12, of /proc/stat")
        .contains("passed All kinds: b levels [1] level = \"baseline\"")
        .contains("failed All kinds: b levels [2] level = \"restricted\"")
        .containsSequence(
            "skipped All kinds: c lacks something", " ".repeat(19) + "E2E_THIS is not set and more")
        .containsSequence("skipped All kinds: d is off", " ".repeat(19) + "not yet")
        .endsWith("2 passed, 1 failed, 2 skipped");
  }

  @Test
  void the_same_as_JSON_whose_figures_are_numbers() throws IOException {
    run(AllKindsE2E.class);
    assertThat(json().getInt("passed")).isEqualTo(2);
    assertThat(json().getInt("failed")).isOne();
    assertThat(json().getInt("skipped")).isEqualTo(2);
    assertThat(sentences()).hasSize(5);
    JsonObject told = sentences().getFirst();
    assertThat(told.getString("test")).isEqualTo("AllKindsE2E#a_pod_s_wait_is_told");
    assertThat(told.getString("sentence")).isEqualTo("All kinds: a pod's wait is told");
    assertThat(told.getString("result")).isEqualTo("passed");
    assertThat(told.getJsonNumber("seconds").doubleValue()).isBetween(0.0, 60.0);
    assertThat(told.getJsonObject("figures").getInt("longest wait (ms)")).isEqualTo(12);
    assertThat(told.getJsonObject("figures").getString("of")).isEqualTo("/proc/stat");
    assertThat(told).doesNotContainKey("reason");
  }

  @Test
  void tests_that_could_not_begin_have_failed() throws IOException {
    run(NothingToRunOnE2E.class);
    assertThat(table())
        .containsSequence(
            "failed Nothing to run on: never run",
            " ".repeat(19) + "no cluster",
            "0 passed, 1 failed, 0 skipped");
  }

  @Test
  void what_can_t_be_removed_in_the_end_has_failed() throws IOException {
    run(LitterE2E.class);
    assertThat(table())
        .contains("passed Litter: passes", "1 passed, 1 failed, 0 skipped")
        .anyMatch(line -> line.startsWith("failed nothing stays of "))
        .anyMatch(line -> line.contains("a namespace is still there"));
  }

  @Test
  void what_is_known_is_told_before_the_end() throws IOException {
    CutShortE2E.table = folder.resolve("sentences.txt");
    run(CutShortE2E.class);
    assertThat(CutShortE2E.soFar)
        .anyMatch(line -> line.startsWith("passed") && line.endsWith("Cut short: a first"))
        .anyMatch(line -> line.startsWith("not run") && line.endsWith("Cut short: b second"))
        .endsWith("1 passed, 0 failed, 0 skipped, 1 not run");
    assertThat(table()).endsWith("2 passed, 0 failed, 0 skipped");
  }
}
