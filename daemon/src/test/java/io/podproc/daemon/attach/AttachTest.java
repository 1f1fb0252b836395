// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.delivery.Outcome;
import io.podproc.daemon.delivery.Outcome.Result;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.host.Processes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What needs no container: whoever is asked for is not there, or somebody else. */
class AttachTest {
  private static final Path PROC = Path.of("/proc");
  private static final Set<String> FILES = Set.of("/proc/meminfo");
  private static final String ID = "0123456789abcdef".repeat(4);

  private final Processes processes = new Processes(PROC);
  private final Attach attach = attach(1);

  private Attach attach(int mostVisits) {
    return new Attach(
        processes,
        PROC,
        Path.of("/nowhere"),
        new PodCgroups(processes, Path.of("/nowhere"), ProcCgroup.parse("0::/\n")),
        (_, _) -> {
          throw new IllegalStateException();
        },
        Attach.DEADLINE,
        mostVisits);
  }

  @BeforeEach
  void begin() throws IOException {
    attach.begin();
  }

  private Outcome bring(long pid) {
    return attach.bring(new PodContainer("u1", ID, (int) pid), FILES, true);
  }

  /** The container has ended, and its pid is that of a process elsewhere. */
  @Test
  void aPidThatIsUsedAgainIsNobodysContainer() throws IOException {
    Process other = new ProcessBuilder("sleep", "60").start();
    try {
      assertThat(bring(other.pid()))
          .isEqualTo(new Outcome(Result.REFUSED, "its process is in another cgroup", 0, 0));
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void oneThatHasEndedIsGone() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    assertThat(ended.waitFor()).isZero();
    assertThat(bring(ended.pid()).result()).isEqualTo(Result.GONE);
  }

  @Test
  void whoDoesNotServeAttachesNothing() {
    attach.end();
    assertThat(bring(ProcessHandle.current().pid()))
        .isEqualTo(new Outcome(Result.SKIPPED, "another daemon serves", 0, 0));
  }

  /** Nobody is in this container: to say that it holds up its visitors would be false. */
  @Test
  void whereTooManyAreVisitedThatIsTheReason() {
    PodContainer container = new PodContainer("u1", ID, (int) ProcessHandle.current().pid());
    assertThat(attach(0).bring(container, FILES, true))
        .isEqualTo(
            new Outcome(Result.FAILED, "0 visits are under way, as many as are allowed", 0, 0));
  }
}
