// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Containers name things so that they are taken for lines of a log, or move a terminal's cursor.
 */
@Tag("integration")
class NamesIT {
  @TempDir Path folder;

  @BeforeAll
  static void check() {
    Requirements.mount();
  }

  private static final String EVIL = "a\n2026-01-01T00:00:00.000 INFO  all is well\u001b[2J";

  @Test
  void what_a_container_has_named_is_no_line_of_the_log() throws IOException {
    Path evil = Files.createFile(folder.resolve(EVIL));
    Path mountPoint = DaemonProcess.newMountPoint();
    try (DaemonProcess killed = Start.with().at(mountPoint).launch().awaitServing();
        Container container = Container.of(killed).memory("96M").start()) {
      String _ =
          container.run("mount --bind /proc/meminfo \"$(printf '" + quoted(evil) + "')\"").ok();
      killed.kill();
      try (DaemonProcess daemon = Start.with().at(mountPoint).launch().awaitServing()) {
        Command.eventually(() -> assertThat(daemon.output()).contains("all is well"));
        assertThat(daemon.output())
            .contains("a\\n2026-01-01T00:00:00.000 INFO  all is well\\u001b[2J")
            .doesNotContain("\n2026-01-01", "\u001b");
      }
    }
  }

  private static String quoted(Path path) {
    return path.toString().replace("\n", "\\n").replace("\u001b", "\\033");
  }

  @Test
  void nor_of_what_the_keeper_says() {
    Output output =
        Command.run(
            Machine.checkout().resolve("daemon/target/podproc-keeper").toString(),
            folder.resolve("none/" + EVIL + "\u202e").toString());
    assertThat(output.status()).isEqualTo(1);
    assertThat(output.lines())
        .singleElement()
        .asString()
        .contains(
            "none/a\\x0a2026-01-01T00:00:00.000 INFO  all is well\\x1b[2J\\xe2\\x80\\xae: No");
  }
}
