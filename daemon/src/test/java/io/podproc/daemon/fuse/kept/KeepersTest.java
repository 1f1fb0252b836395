// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.linux.SystemCalls;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeepersTest {
  private static final int SIZE = 4096;

  @TempDir Path directory;

  /** What a keeper that was told before has in its file then. */
  private String tell(String mountPoint) throws Exception {
    Path file = Files.writeString(directory.resolve("keeper-7"), "0:1234 /a/longer/one\n");
    new Keepers(directory, Path.of(mountPoint)).tell(7, "0:57");
    assertThat(file).hasSize(SIZE);
    assertThat(file).content().endsWith(" \n");
    return Files.readString(file).strip();
  }

  @Test
  void aKeeperIsToldTheNumberAndTheSourceAsMountinfoHasIt() throws Exception {
    assertThat(tell("/var/lib/podproc")).isEqualTo("0:57 /var/lib/podproc");
    assertThat(tell("/x/../a b\\c\td\ne")).isEqualTo("0:57 /a\\040b\\134c\\011d\\012e");
  }

  @Test
  void aSourceThatIsTooLongIsNotTold() throws Exception {
    assertThat(tell("/x".repeat(2040))).isEqualTo("0:57 " + "/x".repeat(2040));
    assertThat(tell("/x".repeat(2046))).isEqualTo("0:57");
  }

  /** A keeper that died has no lock any more, and its pid may be anybody's. */
  @Test
  void aStrangerIsNotToldToEnd() throws Exception {
    Process stranger = new ProcessBuilder("sleep", "1000").start();
    try (Arena arena = Arena.ofConfined()) {
      Path _ = Files.writeString(directory.resolve("keeper-" + stranger.pid()), "0:57\n");
      new Keepers(directory, Path.of("/x"))
          .end(new SystemCalls(arena), Math.toIntExact(stranger.pid()));
      assertThat(stranger.waitFor(1, TimeUnit.SECONDS)).isFalse();
    } finally {
      boolean _ = stranger.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
  }
}
