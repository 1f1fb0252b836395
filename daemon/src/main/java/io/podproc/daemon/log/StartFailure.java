// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.log;

/** A start that failed: one line on standard error. */
public final class StartFailure {
  private StartFailure() {}

  /** To be called before anything is logged: Quarkus's log manager can't be had later. */
  public static void prepare() {
    System.setProperty("java.util.logging.manager", "org.jboss.logmanager.LogManager");
  }

  public static void print(Throwable failure) {
    System.err.println("podproc: " + OneLine.of(message(failure)));
  }

  private static String message(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = cause.getMessage();
    return message == null ? cause.toString() : message.strip().replaceAll("\\s*\\n\\s*", " ");
  }
}
