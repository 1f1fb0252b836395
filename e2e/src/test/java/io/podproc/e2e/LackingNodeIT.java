// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Delivery by a node whose kernel lacks something: what is done instead, and what is said. */
@Tag("attach")
class LackingNodeIT {
  @BeforeAll
  static void check() {
    Requirements.mount();
    Requirements.tool("runc");
    Requirements.tool("busybox");
    Requirements.tool("python3");
  }

  private static DeliveringNode without(int systemCall) {
    return new DeliveringNode(
        "/usr/bin/python3",
        "-I",
        "-S",
        Machine.checkout().resolve("e2e/src/test/resources/lacking.py").toString(),
        Integer.toString(systemCall));
  }

  private static RuncContainer labelled(DeliveringNode node) {
    String uid = UUID.randomUUID().toString();
    StandInCluster cluster = node.cluster();
    cluster.labelNamespace(cluster.createNamespace("shop"), "enabled");
    cluster.pod(uid, "shop", Map.of(), Map.of());
    return node.run(uid);
  }

  @ParameterizedTest
  @CsvSource({"428, open_tree", "429, move_mount", "437, openat2", "442, mount_setattr"})
  void without_a_call_that_it_takes_no_container_gets_files_and_the_log_says_which(
      int number, String name) {
    try (DeliveringNode node = without(number)) {
      RuncContainer container = labelled(node);
      Command.await(
          "it says so",
          Machine.deadline(20),
          () -> node.daemon().output().lines().anyMatch(line -> line.contains(name)));
      assertThat(container.ours()).isEmpty();
      assertThat(container.seesItself()).isFalse();
      assertThat(node.daemon().get("/q/health/live").statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource({"294, inotify_init1", "254, inotify_add_watch"})
  void without_events_of_the_kernel_starts_are_looked_for(int number, String name) {
    try (DeliveringNode node = without(number)) {
      RuncContainer container = labelled(node);
      Command.await("it has files", Machine.deadline(20), () -> !container.ours().isEmpty());
      assertThat(container.seesItself()).isTrue();
      assertThat(node.daemon().output().lines().filter(line -> line.contains(name)))
          .singleElement()
          .asString()
          .contains(" WARN ", "looked for each second");
    }
  }

  @Test
  void without_priority_that_one_can_ask_for_they_come_all_the_same() {
    try (DeliveringNode node = without(144)) { // sched_setscheduler
      RuncContainer container = labelled(node);
      Command.await("it has files", Machine.deadline(20), () -> !container.ours().isEmpty());
      assertThat(container.seesItself()).isTrue();
    }
  }
}
