// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.host.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallersTest {
  /** One of each container, as on a node that is full. */
  private static final int READERS = 300;

  @TempDir Path proc;

  private void place(int tid, String cgroups) throws IOException {
    Files.createDirectories(proc.resolve("" + tid));
    Files.writeString(proc.resolve(tid + "/cgroup"), cgroups);
  }

  @Test
  void whoeverAsksAgainIsKnown() throws IOException {
    List<String> asked = new ArrayList<>();
    Callers<String> callers =
        new Callers<>(
            new Processes(proc),
            (text, _) -> {
              asked.add(text);
              return text;
            });
    for (int tid = 1000; tid < 1000 + READERS; tid++) {
      place(tid, "0::/" + tid);
    }
    for (int round = 0; round < 3; round++) {
      for (int tid = 1000; tid < 1000 + READERS; tid++) {
        assertThat(callers.find(tid)).isEqualTo("0::/" + tid);
      }
    }
    assertThat(asked).hasSize(READERS);
    place(1000, "0::/moved");
    assertThat(callers.find(1000)).isEqualTo("0::/moved");
    callers.forgetIdle();
    callers.forgetIdle();
  }
}
