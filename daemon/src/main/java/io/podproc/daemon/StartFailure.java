// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.quarkus.runtime.QuarkusBindException;
import org.jspecify.annotations.Nullable;

/** A start that failed: one line on standard error, and the exit status. */
final class StartFailure {
  private StartFailure() {}

  /** Quarkus's handler of exits. */
  static void exit(Integer status, @Nullable Throwable failure) {
    if (failure != null) {
      print(failure);
    }
    System.exit(status);
  }

  static void print(Throwable failure) {
    System.err.println("podproc: " + message(failure));
  }

  private static String message(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null && !(cause instanceof QuarkusBindException)) {
      cause = cause.getCause();
    }
    if (cause instanceof QuarkusBindException bind) {
      return "the HTTP port " + bind.getPort() + " is taken: set quarkus.http.port";
    }
    String message = cause.getMessage();
    return message == null ? cause.toString() : message.strip().replaceAll("\\s*\\n\\s*", " ");
  }
}
