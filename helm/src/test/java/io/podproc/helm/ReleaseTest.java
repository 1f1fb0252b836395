// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
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

  private static JsonNode jobs(String workflow) {
    return Yaml.read(Readme.ROOT.resolve(".github/workflows/" + workflow + ".yml")).path("jobs");
  }

  private static final Pattern END_OF_COMMAND = Pattern.compile("&&|[|]{1,2}|;|\n");

  /** The programs that a workflow calls by a path, with their words, as a shell takes them. */
  private static List<String> calls(String workflow) {
    return jobs(workflow).findValuesAsText("run").stream()
        .flatMap(END_OF_COMMAND::splitAsStream)
        .map(String::strip)
        .filter(command -> command.split(" ", 2)[0].contains("/"))
        .toList();
  }

  @Test
  void theTestsWorkflowRunsAllTests() {
    assertThat(calls("test")).containsExactly(".ci/run");
    assertThat(Readme.ROOT.resolve(".ci/run")).isExecutable();
    assertThat(Settings.text(Readme.ROOT.resolve(".ci/run"))).contains("CI=true ./test ");
    assertThat(Readme.ROOT.resolve("test")).isExecutable();
  }

  /** With the variables that a tag's workflow has, its command makes that release. */
  @Test
  void theReleasesWorkflowMakesOne() {
    assertThat(calls("release"))
        .singleElement()
        .satisfies(call -> {
          assertThat(call).startsWith("deploy/release ");
          String variables = "export GITHUB_REF_NAME=v0.1.0 GITHUB_REPOSITORY=podproc/podproc; ";
          assertThat(
                  Subprocess.run(
                      List.of("bash", "-euc", variables + "cd .. && " + call + " --notes")))
              .isEqualTo(release(Stream.of("0.1.0", "--notes")));
          assertThat(call).contains("--registry ");
        });
    assertThat(release(Stream.of("--help"))).contains("default: target/release/VERSION");
    assertThat(jobs("release").findValuesAsText("run"))
        .anySatisfy(run ->
            assertThat(run)
                .startsWith("gh release create ")
                .contains("--draft", " target/release/\"${GITHUB_REF_NAME#v}\"/*"));
  }

  /** Both run podman and the daemon, for which a container of their machine needs the same. */
  @Test
  void theWorkflowsContainersAreAlike() {
    assertThat(jobs("release").findValue("container"))
        .isEqualTo(jobs("test").findValue("container"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"test", "release"})
  void aWorkflowEnds(String workflow) {
    assertThat(jobs(workflow)).isNotEmpty();
    assertThat(jobs(workflow).findValues("timeout-minutes")).hasSameSizeAs(jobs(workflow));
  }

  private static JsonNode form(String name) {
    return Yaml.read(Path.of("../.github/ISSUE_TEMPLATE").resolve(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bug.yml", "wish.yml"})
  void anIssueFormAsksSomething(String form) {
    JsonNode read = form(form);

    assertThat(read.path("name").asText()).isNotBlank();
    assertThat(read.path("description").asText()).isNotBlank();
    assertThat(read.path("body").findValuesAsText("id")).isNotEmpty().doesNotHaveDuplicates();
  }

  /** What most questions would be about is in there from the first. */
  @ParameterizedTest
  @ValueSource(strings = {"explain", "doctor"})
  void whoReportsABugIsAskedForWhatPodprocSays(String command) {
    JsonNode asked =
        form("bug.yml")
            .path("body")
            .valueStream()
            .filter(field -> field.path("id").asText().equals(command))
            .findFirst()
            .orElseThrow();

    assertThat(asked.at("/validations/required").asBoolean()).isTrue();
    assertThat(asked.at("/attributes/placeholder").asText())
        .startsWith("kubectl podproc " + command + " ");
  }

  @Test
  void aVulnerabilityIsToldInPrivate() {
    String url = form("config.yml").at("/contact_links/0/url").asText();

    assertThat(url).endsWith("/security/advisories/new");
    for (String document : List.of("SECURITY.md", "MAINTAINERS.md", "CODE_OF_CONDUCT.md")) {
      assertThat(Settings.text(Readme.ROOT.resolve(document))).as(document).contains(url);
    }
  }
}
