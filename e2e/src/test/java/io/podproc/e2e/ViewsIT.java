// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** From what a pod asks to be shown to what its programs read. */
@Tag("attach")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ViewsIT {
  private static final String NAMESPACE = "views";
  private static final Map<String, String> NARROW =
      Map.of("podproc.io/cpus", "1", "podproc.io/memory", "64Mi");
  private static final long NARROW_KIB = 64 << 10;

  private final List<RuncContainer> running = new ArrayList<>();
  private DeliveringNode node;
  private StandInCluster cluster;

  @BeforeAll
  void start() {
    Requirements.mount();
    Requirements.tool("runc");
    Requirements.tool("busybox");
    Requirements.need(
        Runtime.getRuntime().availableProcessors() > 1, "a host with more than the one CPU");
    node = new DeliveringNode();
    cluster = node.cluster();
    cluster.labelNamespace(cluster.createNamespace(NAMESPACE), "enabled");
  }

  @AfterEach
  void end() {
    running.forEach(node::end);
    running.clear();
  }

  @AfterAll
  void stop() {
    if (node != null) {
      node.close();
    }
  }

  /** A pod with one container, "main", whose files are its own. */
  private RuncContainer pod(Map<String, String> annotations) {
    String uid = UUID.randomUUID().toString();
    cluster.pod(uid, NAMESPACE, Map.of(), annotations);
    RuncContainer container = node.run(uid);
    running.add(container);
    Command.await("it has its files", Machine.deadline(20), () -> container.ours().size() > 8);
    return container;
  }

  private static long memory(RuncContainer container) {
    return Output.kilobytes(container.firstLine("/proc/meminfo"), "MemTotal");
  }

  private static String cpus(RuncContainer container) {
    return container.firstLine("/sys/devices/system/cpu/online");
  }

  private static String ofNode() {
    return Machine.read("/sys/devices/system/cpu/online").strip();
  }

  private static void assertNarrow(RuncContainer container) {
    assertThat(memory(container)).isEqualTo(NARROW_KIB);
    assertThat(cpus(container)).isEqualTo("0");
  }

  private static void assertByLimits(RuncContainer container) {
    assertThat(memory(container)).isEqualTo(RuncContainer.MEMORY_KIB);
    assertThat(cpus(container)).isEqualTo(ofNode());
  }

  @Test
  void what_is_asked_for_is_shown_and_changes_while_the_container_runs() {
    RuncContainer container = pod(NARROW);
    assertNarrow(container);
    cluster.pod(container.podUid(), NAMESPACE, Map.of(), Map.of());
    Command.eventually(() -> assertByLimits(container));
    cluster.pod(container.podUid(), NAMESPACE, Map.of(), NARROW);
    Command.eventually(() -> assertNarrow(container));
  }

  @Test
  void all_files_agree() throws IOException, InterruptedException {
    RuncContainer container = pod(NARROW);
    String cpuinfo = read(container, "/proc/cpuinfo");
    assertThat(cpuinfo.lines().filter(line -> line.startsWith("processor"))).hasSize(1);
    String stat = read(container, "/proc/stat");
    assertThat(stat.lines().filter(line -> line.matches("cpu\\d+ .*"))).hasSize(1);
    String meminfo = read(container, "/proc/meminfo");
    assertThat(Output.kilobytes(meminfo, "MemTotal")).isEqualTo(NARROW_KIB);
    assertThat(Output.kilobytes(meminfo, "MemFree"))
        .isLessThanOrEqualTo(Output.kilobytes(meminfo, "MemAvailable"));
    assertThat(Output.kilobytes(meminfo, "MemAvailable")).isLessThanOrEqualTo(NARROW_KIB);
    assertThat(read(container, "/sys/devices/system/node/node0/meminfo"))
        .containsPattern("Node 0 MemTotal: +" + NARROW_KIB + " kB");
    assertThat(read(container, "/sys/devices/system/node/node0/cpulist")).isEqualTo("0\n");
  }

  private static String read(RuncContainer container, String file)
      throws IOException, InterruptedException {
    Process cat = container.exec(ProcessBuilder.Redirect.PIPE, "/bin/busybox", "cat", file);
    String text = new String(cat.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(cat.waitFor()).as(text).isZero();
    return text;
  }

  @Test
  void a_word_for_one_container_is_for_it_alone() {
    RuncContainer meant =
        pod(Map.of("podproc.io/memory", "96Mi", "podproc.io/memory.main", "64Mi"));
    Command.eventually(() -> assertThat(memory(meant)).isEqualTo(NARROW_KIB));
    RuncContainer other = pod(Map.of("podproc.io/memory.sidecar", "64Mi"));
    assertByLimits(other);
  }

  @Test
  void what_can_not_be_used_shows_the_limits() {
    assertByLimits(pod(Map.of("podproc.io/cpus", "many", "podproc.io/memory", "-1")));
    // They only ever narrow.
    assertByLimits(pod(Map.of("podproc.io/cpus", "4096", "podproc.io/memory", "4Ti")));
  }

  @Test
  void the_next_daemon_shows_the_same_from_its_first_answer_without_an_api_server()
      throws InterruptedException {
    RuncContainer container = pod(NARROW);
    assertNarrow(container);
    node.server().goAway();
    try {
      node.daemon().kill();
      Thread starter = Thread.ofPlatform().start(node::startDaemon);
      assertNarrow(container); // it waits for the first answer
      starter.join();
      assertNarrow(container);
    } finally {
      node.server().comeBack();
    }
  }
}
