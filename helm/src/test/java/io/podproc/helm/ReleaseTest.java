// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

  /** The files that a release consists of, with VERSION in their names. */
  static final List<String> FILES = files();

  private static List<String> files() {
    String help = release(Stream.of("--help"));
    return Pattern.compile("(?m)^  ([\\w.-]+)(?:  |$)")
        .matcher(help.substring(0, help.indexOf("VERSION is")))
        .results()
        .map(file -> file.group(1))
        .toList();
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
        "0.1.0 --registry https://ghcr.io/a | https://ghcr.io/a is no registry",
        "0.1.0 --registry ghcr.io/a:1 | ghcr.io/a:1 is no registry",
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

  // ---- as far as it comes with stand-ins of what takes long ----

  @TempDir Path folder;

  private Path checkout() {
    return folder.resolve("checkout");
  }

  /**
   * Makes a repository of what it reads first, where no mvn and no podman does anything.
   *
   * @param headline the changelog's
   * @param build what the images' script does
   */
  private void repository(String headline, String build) throws IOException {
    for (String file :
        List.of(
            "pom.xml",
            "helm/pom.xml",
            "deploy/release",
            "deploy/podproc.yaml",
            "helm/podproc/Chart.yaml")) {
      Path copy = checkout().resolve(file);
      Path _ = Files.createDirectories(copy.resolveSibling(""));
      Path _ = Files.copy(Readme.ROOT.resolve(file), copy);
    }
    Path _ =
        Files.writeString(checkout().resolve("CHANGELOG.md"), headline + "\n\nWhat changed.\n");
    program(checkout().resolve("e2e/bin/setup"), "");
    program(checkout().resolve("e2e/bin/java-home"), "");
    program(checkout().resolve("deploy/images/build"), build);
    program(folder.resolve("bin/mvn"), "");
    program(folder.resolve("bin/dpkg"), "echo amd64");
    program(folder.resolve("bin/podman"), "[ \"$2\" != add ] || { echo a stand-in >&2; exit 1; }");
    git("init", "--quiet");
    git("add", "--all");
    git("commit", "--quiet", "--message", "a");
  }

  private static void program(Path file, String text) throws IOException {
    Path _ = Files.createDirectories(file.resolveSibling(""));
    Path _ = Files.writeString(file, "#!/bin/bash\n" + text + "\n");
    Path _ = Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void git(String... words) {
    String _ =
        Subprocess.run(
            Stream.concat(
                    Stream.of("git", "-C", checkout().toString()),
                    Stream.concat(
                        Stream.of("-c", "user.name=a", "-c", "user.email=a@example.com"),
                        Stream.of(words)))
                .toList());
  }

  /** What it says, of a run that fails. */
  private String failing(String... words) {
    String path = folder.resolve("bin") + ":" + System.getenv("PATH");
    List<String> command =
        Stream.concat(
                Stream.of("env", "PATH=" + path, checkout().resolve("deploy/release").toString()),
                Stream.of(words))
            .toList();
    try {
      return "it succeeds: " + Subprocess.run(command);
    } catch (IllegalArgumentException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** A trial ends where what it would make is there already. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "7.0.0      | ## [7.0.0] - unreleased | v7.0.0      | CHANGELOG.md has no date for 7.0.0",
        "7.0.0      | ## [7.0.0] - 2026-11    | v7.0.0      | CHANGELOG.md has no date for 7.0.0",
        "7.0.0      | ## [7.0.0]              | v7.0.0      | CHANGELOG.md has no date for 7.0.0",
        "7.0.0      | ## [7.0.0] - 2026-12-01 | v7.0.0      | is there already",
        "7.0.0      | ## [7.0.0] - unreleased | none        | is there already",
        "7.0.0      | ## [7.0.0] - unreleased | v7.0.0-rc.1 | is there already",
        "7.0.0-rc.1 | ## [7.0.0-rc.1] - soon  | v7.0.0-rc.1 | is there already",
      })
  void whatIsTaggedHasADate(String version, String headline, @Nullable String tag, String why)
      throws IOException {
    repository(headline, "");
    if (tag != null) {
      git("tag", tag);
    }

    String said = failing(version, "--output", folder.toString());

    assertThat(said).contains(why);
    String trial = "release: a trial: this commit has no tag v" + version;
    if (("v" + version).equals(tag)) {
      assertThat(said).doesNotContain("trial");
    } else {
      assertThat(said).contains(trial);
    }
  }

  /** Which of the two processors it is made on, dpkg says. */
  @ParameterizedTest
  @CsvSource({
    "amd64, '', 'for amd64, this machine''s, should have an AOT cache'",
    "arm64, '', 'podman can''t add podproc-daemon for amd64'",
    "amd64, --without-aot, 'podman can''t add podproc-daemon for amd64'"
  })
  void theDaemonOfThisProcessorStartsFast(String without, String option, String why)
      throws IOException {
    assumeThat(System.getProperty("user.name")).as("only root makes images").isEqualTo("root");
    repository(
        "## [7.0.0] - unreleased",
        "mkdir -p target/images/packages && touch target/images/packages/packages\n"
            + "while [ \"$1\" != --output ]; do shift; done; mkdir -p \"$2\"\n"
            + "case $2 in */"
            + without
            + ") echo 'a has no AOT cache: why' >&2 ;; esac");

    String said =
        failing(
            Stream.of("7.0.0", "--output", folder.resolve("made").toString(), option)
                .filter(word -> !word.isEmpty())
                .toArray(String[]::new));

    assertThat(said).contains("a has no AOT cache: why", why);
  }

  // ---- workflows and forms ----

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
