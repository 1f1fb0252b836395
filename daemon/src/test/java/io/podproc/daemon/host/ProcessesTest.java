// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.fake.FakeKernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessesTest {
  @TempDir Path root;
  private FakeKernel kernel;
  private Processes processes;

  @BeforeEach
  void boot() {
    kernel = FakeKernel.v2(root);
    processes = kernel.processes();
  }

  @Test
  void aProcessIsSeenWithItsNumbersAndItsParent() throws IOException {
    kernel
        .process(300)
        .at("/a:b")
        .namespace("pid:[7]")
        .numbered(20, 1)
        .parent(299)
        .startedAt(12)
        .state('R');
    assertThat(processes.cgroup(300)).isEqualTo("0::/a:b\n");
    assertThat(processes.pidNamespace(300)).isEqualTo("pid:[7]");
    assertThat(processes.status(300).namespacePids()).containsExactly(300, 20, 1);
    assertThat(processes.status(300).process()).isEqualTo(300);
    assertThat(processes.status(300).parent()).isEqualTo(299);
    assertThat(processes.stat(300))
        .isEqualTo(new ProcessStat("sh", 'R', 299, false, Duration.ofSeconds(12)));
    assertThat(processes.threadStat(300)).isEqualTo(processes.stat(300));
  }

  @Test
  void aProcessThatHasEndedNeverLivesAgain() throws Exception {
    Process sleeper = new ProcessBuilder("sleep", "60").start();
    Path entry = Files.createSymbolicLink(root.resolve("proc/300"), procOf(sleeper.pid()));
    try (LivingProcess living = processes.living(300)) {
      assertThat(living.isAlive()).isTrue();
      sleeper.destroyForcibly().waitFor();
      assertThat(living.isAlive()).isFalse();
      // The pid is given to another.
      Files.delete(entry);
      Files.createSymbolicLink(entry, procOf(ProcessHandle.current().pid()));
      assertThat(living.isAlive()).isFalse();
    }
  }

  private static Path procOf(long pid) {
    return Path.of("/proc", Long.toString(pid));
  }

  @Test
  void aKernelWithoutNamespacePidsTellsNone() throws IOException {
    kernel.write("proc/300/status", "Name:\tsh\nPid:\t300\nPPid:\t1\n");
    assertThat(processes.status(300).namespacePids()).isEmpty();
    assertThat(processes.status(300).parent()).isEqualTo(1);
  }

  @Test
  void aStatusThatIsCutShortTellsNoParent() throws IOException {
    kernel.write("proc/300/status", "Name:\tsh\nPPid");
    assertThat(processes.status(300).parent()).isZero();
  }

  @Test
  void aNameLikeAKeyIsNoKey() throws IOException {
    kernel.write("proc/300/status", "Name:\tNSpid:\t5\nNSpidX:\t6\nNSpid:\t300\t7\n");
    assertThat(processes.status(300).namespacePids()).containsExactly(300, 7);
  }

  @Test
  void onlyNumbersAreProcesses() throws IOException {
    kernel.process(1);
    kernel.process(300);
    assertThat(processes.all()).containsExactlyInAnyOrder(1, 300);
  }

  @Test
  void aProcessThatIsGoneIsAnError() {
    assertThatThrownBy(() -> processes.cgroup(5)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> processes.stat(5)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> processes.status(5)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> processes.pidNamespace(5)).isInstanceOf(IOException.class);
  }
}
