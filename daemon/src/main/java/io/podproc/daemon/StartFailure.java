// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.smallrye.config.ConfigValidationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A start that failed: one line on standard error. */
final class StartFailure {
  private StartFailure() {}

  /** To be called first: else the reading of the settings says that there is no log manager. */
  static void prepare() {
    System.setProperty("java.util.logging.manager", "org.jboss.logmanager.LogManager");
  }

  static void print(Throwable failure) {
    System.err.println("podproc: " + message(failure));
  }

  /** SmallRye's words, which name its own classes and codes, in those of a user. */
  private static String plainWords(String problem) {
    return problem
        .replaceAll("java\\.[a-zA-Z.]+: |SRCFG[0-9]+: ", "")
        .replaceAll("(\\S+) in \\S+ does not map to any root", "there is no setting $1")
        .replaceAll(
            "The config property (\\S+) with the config value \"(.*)\" threw an Exception whilst"
                + " being converted\\s+",
            "$1 can't be \"$2\": ")
        .replaceAll("Cannot convert \\S+ to enum class \\S+, ", "");
  }

  private static String message(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof ConfigValidationException invalid) {
      return IntStream.range(0, invalid.getProblemCount())
          .mapToObj(i -> plainWords(invalid.getProblem(i).getMessage()))
          .collect(Collectors.joining("; "));
    }
    String message = cause.getMessage();
    return message == null ? cause.toString() : message.strip().replaceAll("\\s*\\n\\s*", " ");
  }
}
