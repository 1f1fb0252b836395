// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Programs of this machine. */
final class Subprocess {
  private Subprocess() {}

  /**
   * Runs a program, and returns what it prints.
   *
   * @throws IllegalArgumentException it fails
   */
  static String run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalArgumentException(String.join(" ", command) + ": " + said);
      }
      return said;
    } catch (IOException e) {
      throw new IllegalArgumentException(String.join(" ", command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
