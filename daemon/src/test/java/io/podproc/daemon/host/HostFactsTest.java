// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.fake.FakeKernel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFactsTest {
  @TempDir Path root;
  private FakeKernel kernel;
  private HostFacts host;

  @BeforeEach
  void boot() {
    kernel = FakeKernel.v2(root);
    host =
        new HostFacts(
            kernel.path("proc"),
            kernel.path("sys"),
            Duration.ofMillis(100),
            kernel::nanoTime,
            kernel::bootNanos);
  }

  private void memory(long kilobytes) {
    kernel.write("proc/meminfo", "MemTotal: " + kilobytes + " kB\n");
  }

  @Test
  void aFileIsReadOnceForAllWhoAskWithinAShortTime() throws IOException {
    memory(1);
    assertThat(host.meminfo().bytes("MemTotal")).hasValue(1024);
    memory(2);
    kernel.advance(Duration.ofMillis(99));
    assertThat(host.meminfo().bytes("MemTotal")).hasValue(1024);
  }

  @Test
  void itIsReadAgainAfterwards() throws IOException {
    memory(1);
    assertThat(host.meminfo().bytes("MemTotal")).hasValue(1024);
    memory(2);
    kernel.advance(Duration.ofMillis(100));
    assertThat(host.meminfo().bytes("MemTotal")).hasValue(2048);
  }

  @Test
  void anAgeOfZeroReadsForEachCaller() throws IOException {
    HostFacts eager = kernel.host();
    memory(1);
    assertThat(eager.meminfo().bytes("MemTotal")).hasValue(1024);
    memory(2);
    assertThat(eager.meminfo().bytes("MemTotal")).hasValue(2048);
  }

  @Test
  void uptimeAndTextsAreAlwaysFresh() throws IOException {
    assertThat(host.uptime()).isEqualTo(Duration.ofSeconds(10_000));
    kernel.bootedFor(Duration.ofMillis(10_000_010));
    assertThat(host.uptime()).isEqualTo(Duration.ofMillis(10_000_010));
    kernel.write("proc/uptime", "10000.01 1\n");
    assertThat(host.text("/proc/uptime")).isEqualTo("10000.01 1\n");
    kernel.write("proc/uptime", "10000.02 1\n");
    assertThat(host.text("/proc/uptime")).isEqualTo("10000.02 1\n");
  }

  @Test
  void eachRootHoldsItsOwnFiles() throws IOException {
    kernel.write("proc/pressure/cpu", "some\n");
    assertThat(host.text("/proc/pressure/cpu")).isEqualTo("some\n");
    assertThat(host.text("/sys/devices/system/cpu/online")).isEqualTo("0-3\n");
    assertThat(host.onlineCpus().size()).isEqualTo(4);
  }

  @Test
  void aMissingFileIsAnErrorUntilItIsThere() throws IOException {
    assertThatThrownBy(() -> host.diskstats()).isInstanceOf(IOException.class);
    kernel.write("proc/diskstats", " 8 0 sda 1\n");
    assertThat(host.diskstats().names()).hasSize(1);
  }
}
