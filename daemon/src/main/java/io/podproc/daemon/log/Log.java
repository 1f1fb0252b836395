// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.log;

import com.google.errorprone.annotations.FormatMethod;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's log. It begins with the first line: to start the log manager takes some 40 ms, for
 * which readers would wait where a daemon has nothing to say before it serves.
 */
public final class Log {
  private Log() {}

  private static final class Begun {
    static final Logger LOGGER = Logger.getLogger("podproc");
  }

  /** What an operator wants to find later. */
  @FormatMethod
  public static void info(String format, @Nullable Object... arguments) {
    Begun.LOGGER.infof(format, arguments);
  }

  /** What an operator should look into. */
  @FormatMethod
  public static void warn(String format, @Nullable Object... arguments) {
    Begun.LOGGER.warnf(format, arguments);
  }

  /** A defect. */
  @FormatMethod
  public static void error(String format, @Nullable Object... arguments) {
    Begun.LOGGER.errorf(format, arguments);
  }

  /** A defect, and where it shows. */
  public static void error(String what, Throwable defect) {
    Begun.LOGGER.error(what, defect);
  }
}
