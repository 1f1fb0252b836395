// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class UrgencyTest {
  /** Says what it got, and which policies its threads have (sched(7)), by their names. */
  static final class Asking {
    private Asking() {}

    static void main() throws IOException, InterruptedException {
      System.out.println(Urgency.ask());
      Process policies =
          new ProcessBuilder(
                  "ps", "-L", "-o", "cls=,comm=", "-p", ProcessHandle.current().pid() + "")
              .inheritIO()
              .start();
      System.exit(policies.waitFor());
    }
  }

  @Test
  void whoIsUrgentDoesNotWaitForACollectionThatIsNot() throws Exception {
    Process asking =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Asking.class.getName())
            .start();
    List<String> told;
    try (BufferedReader lines = asking.inputReader()) {
      told = lines.lines().map(String::strip).toList();
    }
    assertThat(asking.waitFor()).isZero();
    String expected = told.getFirst().equals("REAL_TIME") ? "RR" : "TS";
    assertThat(told.stream().filter(line -> line.endsWith("VM Thread")))
        .singleElement()
        .asString()
        .startsWith(expected);
  }
}
