// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.StandInCluster.Weather;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Why a container has files or none, as {@code podproc explain} says, of labels in a cluster. */
@Tag("attach")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReasonsIT {
  private DeliveringNode node;
  private StandInCluster cluster;

  @BeforeAll
  void start() {
    Requirements.mount();
    Requirements.tool("runc");
    Requirements.tool("busybox");
    node = new DeliveringNode();
    cluster = node.cluster();
    cluster.labelNamespace(cluster.createNamespace("labelled"), "enabled");
    String _ = cluster.createNamespace("plain");
  }

  @AfterAll
  void stop() {
    if (node != null) {
      node.close();
    }
  }

  private RuncContainer run(
      String namespace, Map<String, String> labels, Map<String, String> annotations) {
    String uid = UUID.randomUUID().toString();
    cluster.pod(uid, namespace, labels, annotations);
    return node.run(uid);
  }

  /** A file's line is "PATH WHOSE WHY". */
  private void awaitWhy(RuncContainer container, String file, String whose, String why) {
    Command.await(
        file + " shows " + whose + ": " + why,
        Machine.deadline(80),
        () ->
            node.explain(container)
                .lines()
                .map(line -> line.replaceAll(" +", " "))
                .anyMatch((file + " " + whose + " " + why)::equals));
  }

  private void awaitNone(RuncContainer container, String why) {
    awaitWhy(container, "/proc/meminfo", "the node", why);
    assertThat(container.ours()).isEmpty();
    assertThat(container.seesItself()).isFalse();
  }

  private static Map<String, String> inject(String value) {
    return value.isEmpty() ? Map.of() : Map.of("podproc.io/inject", value);
  }

  @ParameterizedTest
  @CsvSource({
    "labelled, '', its namespace is labelled podproc.io/inject=enabled",
    "plain, enabled, its pod is labelled podproc.io/inject=enabled"
  })
  void a_container_that_has_files(String namespace, String label, String why) {
    RuncContainer container = run(namespace, inject(label), Map.of());
    awaitWhy(container, "/proc/meminfo", "the container", "brought by the node");
    assertThat(node.explain(container)).contains(why);
    assertThat(container.seesItself()).isTrue();
    // All but what pods have to name.
    String cpus = "/sys/devices/system/cpu/";
    assertThat(container.firstLine(cpus + "possible") + "\n")
        .isEqualTo(Machine.read(cpus + "possible"));
    awaitWhy(container, cpus + "online", "the container", "brought by the node");
    awaitWhy(
        container,
        cpus + "possible",
        "the node",
        "its pod does not ask for it, by the annotation podproc.io/files");
  }

  @ParameterizedTest
  @CsvSource({
    "plain, '', neither its pod nor its namespace is labelled podproc.io/inject=enabled",
    "labelled, disabled, its pod or its namespace is labelled podproc.io/inject=disabled",
    "labelled, yes, the label podproc.io/inject of its pod is neither enabled nor disabled",
    "kube-system, enabled, pods in kube-system get no files",
    "podproc, enabled, pods in podproc's own namespace get no files"
  })
  void a_container_that_has_none(String namespace, String label, String why) {
    awaitNone(run(namespace, inject(label), Map.of()), why);
  }

  @Test
  void a_pod_whose_annotation_says_no() {
    awaitNone(
        run("labelled", Map.of(), Map.of("podproc.io/attach", "disabled")),
        "its pod is annotated podproc.io/attach=disabled");
  }

  @Test
  void a_pod_whose_annotation_names_its_files() {
    RuncContainer container =
        run("labelled", Map.of(), Map.of("podproc.io/files", "/proc/meminfo"));
    awaitWhy(container, "/proc/meminfo", "the container", "brought by the node");
    awaitWhy(
        container,
        "/proc/stat",
        "the node",
        "its pod does not ask for it, by the annotation podproc.io/files");
  }

  @Test
  void a_pod_that_the_api_server_has_not_told_of() {
    awaitNone(
        node.run(UUID.randomUUID().toString()),
        "nothing is known of its pod yet: can this node reach the API server?");
  }

  @Test
  void a_file_that_somebody_has_taken_away() {
    RuncContainer container = run("labelled", Map.of(), Map.of());
    awaitWhy(container, "/proc/meminfo", "the container", "brought by the node");
    String pid = Integer.toString(container.pid());
    String _ = Command.run("nsenter", "-t", pid, "-a", "-r", "umount", "/proc/meminfo").ok();
    awaitWhy(
        container,
        "/proc/meminfo",
        "the node",
        "taken away since: the next look, each minute, brings it back");
    awaitWhy(container, "/proc/meminfo", "the container", "brought by the node");
  }

  @Test
  void a_container_whose_mounts_another_process_has_locked() throws Exception {
    String namespace = cluster.createNamespace("locked");
    List<RuncContainer> containers = new ArrayList<>();
    for (int i = 0; i < 17; i++) { // more than are visited at once
      containers.add(run("locked", Map.of(), Map.of()));
    }
    try (Held _ = Held.locks(containers)) {
      cluster.labelNamespace(namespace, "enabled");
      Set<String> reasons = new HashSet<>();
      String failed = "failed, and is tried again each minute: another process has it locked";
      Command.await(
          "all have failed",
          Machine.deadline(80),
          () -> {
            List<String> now = containers.stream().map(one -> why(one, "/proc/meminfo")).toList();
            reasons.addAll(now);
            return now.stream().allMatch(failed::equals);
          });
      assertThat(reasons)
          .containsAnyOf(
              "on its way: containers are looked at each minute",
              "taken away since: the next look, each minute, brings it back");
    }
    awaitWhy(containers.getLast(), "/proc/meminfo", "the container", "brought by the node");
  }

  private String why(RuncContainer container, String file) {
    return node.explain(container)
        .lines()
        .filter(line -> line.startsWith(file + " "))
        .map(line -> line.replaceFirst("^\\S+ +the (node|container) +", ""))
        .findFirst()
        .orElse("");
  }

  /** A process that has the locks by which visits to containers take turns. */
  private record Held(Process process) implements AutoCloseable {
    private static final String LOCKS =
        """
        import fcntl, sys
        files = [open("/proc/%s/ns/mnt" % pid) for pid in sys.argv[1:]]
        for file in files: fcntl.flock(file, fcntl.LOCK_EX)
        print("locked", flush=True)
        sys.stdin.read()
        """;

    static Held locks(List<RuncContainer> containers) throws IOException {
      List<String> command = new ArrayList<>(List.of("/usr/bin/python3", "-I", "-S", "-c", LOCKS));
      containers.forEach(container -> command.add(Integer.toString(container.pid())));
      Held held = new Held(new ProcessBuilder(command).start());
      assertThat(held.process.inputReader().readLine()).isEqualTo("locked");
      return held;
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  /** And the daemon knows, which asks less and less often while it gets no answer. */
  private void clear() {
    int since = cluster.asked().size();
    cluster.weather(Weather.CLEAR);
    Command.await(
        "both watches go on",
        Machine.deadline(120),
        () -> {
          List<String> asked = cluster.asked();
          List<String> now = asked.subList(since, asked.size());
          return now.stream().anyMatch(ask -> ask.startsWith("pods"))
              && now.stream().anyMatch(ask -> ask.startsWith("namespaces"));
        });
  }

  @Test
  void a_pod_of_whose_namespace_nobody_tells() {
    node.daemon().kill();
    cluster.weather(Weather.FAILING_NAMESPACES);
    try {
      node.startDaemon();
      awaitNone(
          run("labelled", Map.of(), Map.of()),
          "the labels of its namespace are not known yet: can this node reach the API server?");
    } finally {
      clear();
    }
  }

  /** A daemon that has not heard of a pod goes by what the one before has heard. */
  @Test
  void a_pod_that_was_known_before() {
    RuncContainer container = run("labelled", Map.of(), Map.of());
    awaitWhy(container, "/proc/meminfo", "the container", "brought by the node");
    node.daemon().kill();
    cluster.weather(Weather.FAILING);
    try {
      node.startDaemon();
      awaitWhy(container, "/proc/meminfo", "the container", "brought by the node");
      assertThat(node.explain(container))
          .contains("its pod was to have files when the API server last told of it");
    } finally {
      clear();
    }
  }
}
