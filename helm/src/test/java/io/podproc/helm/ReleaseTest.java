// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code deploy/release} and the workflows that call it refuse, and what they name. */
class ReleaseTest {
  /**
   * What it prints.
   *
   * @throws IllegalArgumentException it refuses
   */
  static String release(Stream<String> words) {
    return Subprocess.run(Stream.concat(Stream.of("../deploy/release"), words).toList());
  }

  @Test
  void aReleaseTellsWhatItsPartOfTheChangelogTells() {
    String notes = release(Stream.of("0.1.0", "--notes"));

    assertThat(notes).startsWith("The first version").doesNotContain("## ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                  | which version?",
        "v1.0.0            | v1.0.0 is no semantic version",
        "1.0               | 1.0 is no semantic version",
        "01.0.0            | 01.0.0 is no semantic version",
        "1.0.0/../../etc   | is no semantic version",
        "0.1.0 0.2.0       | one version, not 0.1.0 and 0.2.0",
        "77.0.0            | CHANGELOG.md has nothing on 77.0.0",
        "0.1.0 --push      | unknown: --push",
        "0.1.0 --output    | --output needs a value",
      })
  void whatIsNoReleaseIsRefused(String words, String why) {
    Stream<String> arguments = words == null ? Stream.of() : Stream.of(words.split(" ", -1));

    assertThatThrownBy(() -> release(Stream.concat(Stream.of("--notes"), arguments)))
        .hasMessageContaining("release: ")
        .hasMessageContaining(why);
  }

  @Test
  void theVersionOfTheBuildIsInTheChangelog() {
    String version = Yaml.read(Chart.DIRECTORY.resolve("Chart.yaml")).path("version").asText();

    assertThat(release(Stream.of(version, "--notes"))).isNotBlank();
  }

  /** What a workflow runs of ours is a program of ours. */
  @ParameterizedTest
  @ValueSource(strings = {"test", "release"})
  void aWorkflowCallsOurScripts(String workflow) {
    JsonNode jobs =
        Yaml.read(Readme.ROOT.resolve(".github/workflows/" + workflow + ".yml")).path("jobs");

    List<String> ours =
        jobs.findValuesAsText("run").stream()
            .map(run -> run.split(" ", 2)[0])
            .filter(program -> program.contains("/"))
            .toList();
    assertThat(ours)
        .isNotEmpty()
        .allSatisfy(
            program -> assertThat(Readme.ROOT.resolve(program)).matches(Files::isExecutable));
    assertThat(jobs.findValues("timeout-minutes")).hasSameSizeAs(jobs);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bug.yml", "wish.yml"})
  void anIssueFormAsksSomething(String form) {
    JsonNode read = Yaml.read(Path.of("../.github/ISSUE_TEMPLATE").resolve(form));

    assertThat(read.path("name").asText()).isNotBlank();
    assertThat(read.path("description").asText()).isNotBlank();
    assertThat(read.path("body").findValuesAsText("id")).isNotEmpty().doesNotHaveDuplicates();
  }
}
