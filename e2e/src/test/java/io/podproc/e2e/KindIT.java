// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code e2e/kind.sh} as far as it goes without a cluster: an API server that keeps objects and
 * runs nothing, Helm itself, and programs that stand for kind, an engine of containers, and Maven.
 */
class KindIT {
  /** Runs the classes of the suite that CLASSES names, as Maven would. */
  private static final String MAVEN =
      """
      #!/bin/bash
      exec "$JAVA_HOME/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED \\
        -cp "e2e/target/test-classes:$(<e2e/target/test-classpath)" -Dbasedir="$PWD/e2e" \\
        -De2e.sentences="$PWD/e2e/target/cluster-reports" \\
        org.junit.platform.console.ConsoleLauncher execute --details=none --disable-banner $CLASSES
      """;

  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();
  private String server = "";

  @BeforeEach
  void programs() throws IOException {
    Requirements.tool("python3");
    program("mvn", MAVEN);
  }

  @AfterEach
  void stop() {
    started.forEach(Process::destroy);
  }

  private void program(String name, String text) throws IOException {
    Path program = folder.resolve(name);
    Files.writeString(program, text);
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }

  /** Starts an API server. */
  private void serve(String... options) throws IOException {
    Path kubeconfig = folder.resolve("kubeconfig");
    List<String> command = new ArrayList<>(List.of("python3"));
    command.add(Machine.checkout().resolve("e2e/src/test/resources/api-server.py").toString());
    command.add(kubeconfig.toString());
    command.addAll(List.of(options));
    started.add(Command.start(command, Map.of(), Redirect.DISCARD));
    Command.await("it serves", Machine.deadline(30), () -> Files.exists(kubeconfig));
    server = Files.readString(kubeconfig).replaceFirst("(?s).*\"server\": \"([^\"]+)\".*", "$1");
  }

  /** What it has that was not there before, and what it has no more. */
  private List<String> left() {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create(server + "/left")).build(),
              HttpResponse.BodyHandlers.ofString())
          .body()
          .lines()
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  private Process start(Map<String, String> settings, String... arguments) {
    List<String> command = new ArrayList<>(List.of(Machine.checkout() + "/e2e/kind.sh"));
    command.addAll(List.of(arguments));
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("PATH", folder + ":" + System.getenv("PATH"));
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    Process process =
        Command.start(command, environment, Redirect.to(folder.resolve("said").toFile()));
    started.add(process);
    return process;
  }

  private Output end(Process process) throws IOException, InterruptedException {
    boolean ended = process.waitFor(Machine.deadline(300).toSeconds(), TimeUnit.SECONDS);
    assertThat(ended).as(said()).isTrue();
    return new Output(process.exitValue(), said());
  }

  private String said() throws IOException {
    return Command.read(folder.resolve("said"));
  }

  private Map<String, String> suite(String classes) {
    return Map.of("KUBECONFIG", folder.resolve("kubeconfig").toString(), "CLASSES", classes);
  }

  private static String type(String name) {
    return "--select-class io.podproc.e2e." + name;
  }

  @Test
  void a_table_is_printed_and_nothing_is_left() throws Exception {
    serve();
    Output output =
        end(start(suite(type("InjectionE2E") + " --include-methodname .*a_dry_run.*"), "test"));
    assertThat(output.text())
        .contains("Injection: a dry run tells what would be", "\n1 passed, 0 failed, 0 skipped\n");
    assertThat(output.status()).isZero();
    assertThat(left()).isEmpty();
  }

  /** Not with the suite: their pods would fill the nodes. */
  @Test
  void the_namespaces_of_a_test_go_with_it() throws Exception {
    serve("--lingering", "0");
    Process process = start(suite(type("OptOutE2E")), "test");
    Set<Integer> counts = new TreeSet<>();
    Command.await(
        "it has ended",
        Machine.deadline(300),
        () -> {
          Predicate<String> made = line -> line.startsWith("namespaces//podproc-e2e-");
          counts.add((int) left().stream().filter(made).count());
          return !process.isAlive();
        });
    // Podproc's own, that of its chart's test, and those of a test or two.
    assertThat(counts).contains(2).allMatch(count -> count <= 5);
    assertThat(end(process).text()).contains("\n1 passed, 4 failed, 0 skipped\n");
    assertThat(left()).isEmpty();
  }

  /** Where nothing runs, no command can be run in a pod. */
  @Test
  void nothing_is_left_when_tests_fail() throws Exception {
    serve();
    Output output = end(start(suite(type("OptOutE2E")), "test"));
    assertThat(output.text()).contains("\n1 passed, 4 failed, 0 skipped\n");
    assertThat(output.status()).isNotZero();
    assertThat(left()).isEmpty();
  }

  /** A test of it waits for a pod, and would do so for ten minutes: no controller makes any. */
  private void interrupt(Map<String, String> suite, String... arguments) throws Exception {
    Map<String, String> patient = new HashMap<>(suite);
    patient.put("E2E_PATIENCE", "10");
    Process process = start(patient, arguments);
    Command.await(
        "a test waits",
        Machine.deadline(240),
        () -> left().stream().anyMatch(line -> line.startsWith("statefulsets/")));
    process.destroy();
    Output output = end(process);
    assertThat(output.text())
        .contains(
            "kind.sh: stopping what runs, so that it removes what it",
            "\n0 passed, 0 failed, 0 skipped, 1 not run\n");
    assertThat(output.status()).isEqualTo(143);
    assertThat(left()).isEmpty();
  }

  @Test
  void nothing_is_left_when_it_is_interrupted() throws Exception {
    serve();
    interrupt(suite(type("InjectionE2E") + " --include-methodname .*StatefulSet.*"), "test");
  }

  /** Of its own accord it ends a suite that takes its time. */
  @Test
  void Maven_waits_until_nothing_is_left() throws Exception {
    Requirements.tool("mvn");
    serve("--lingering", "3");
    String path = System.getenv("PATH");
    program("mvn", "#!/bin/bash\nPATH='" + path + "' exec mvn -o \"$@\"\n");
    interrupt(suite(""), "test", "--", "InjectionE2E#pods_of_a_StatefulSet");
  }

  /** A daemon makes its folders before it is ready. */
  @Test
  void nothing_is_left_when_no_daemon_is_ever_ready() throws Exception {
    serve("--unready");
    Map<String, String> impatient = new HashMap<>(suite(type("InstallE2E")));
    impatient.put("E2E_PATIENCE", "0.05");
    Output output = end(start(impatient, "test"));
    assertThat(output.text())
        .contains("podproc could not be installed", "\n0 passed, 2 failed, 0 ");
    assertThat(output.status()).isNotZero();
    assertThat(left()).isEmpty();
  }

  @Test
  void somebody_else_s_podproc_is_left_alone() throws Exception {
    serve("--others", "theirs");
    Output output = end(start(suite(type("InstallE2E")), "test"));
    assertThat(output.text()).contains("podproc is installed here already, in theirs");
    assertThat(output.status()).isNotZero();
    assertThat(left()).containsExactly("label of node");
  }

  @Test
  void a_cluster_that_is_not_complete_is_removed_when_it_is_interrupted() throws Exception {
    Path calls = folder.resolve("calls");
    program(
        "kind",
        """
        #!/bin/bash
        echo "$1 $2" >>%s
        [[ $1 != create ]] || exec sleep 600
        """
            .formatted(calls));
    program("docker", "#!/bin/bash\n");
    Process process = start(Map.of(), "up", "--name", "podproc-kind-it");
    Command.await(
        "kind was called",
        Machine.deadline(60),
        () -> Files.exists(calls) && Machine.read(calls).contains("create cluster"));
    process.destroy();
    assertThat(end(process).status()).isEqualTo(143);
    assertThat(Machine.read(calls).lines())
        .containsExactly("get clusters", "create cluster", "delete cluster");
  }

  @Test
  void a_setting_that_can_t_be_is_refused() throws Exception {
    for (String setting : List.of("E2E_PATIENCE=0", "E2E_PATIENCE=1e3", "E2E_PULL_POLICY=Maybe")) {
      String[] parts = setting.split("=", 2);
      Output output = end(start(Map.of(parts[0], parts[1], "KUBECONFIG", "/nowhere"), "test"));
      assertThat(output.status()).as(setting).isEqualTo(2);
      assertThat(output.text()).startsWith("kind.sh: " + parts[0] + " is ");
    }
    Output output = end(start(Map.of("KUBECONFIG", "/nowhere"), "test"));
    assertThat(output).isEqualTo(new Output(1, "kind.sh: KUBECONFIG: there is no /nowhere\n"));
  }
}
