// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.log;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Locale;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's log, a line for each event, whatever is told of. It begins with the first line: to
 * start the log manager takes some 40 ms, for which readers would wait where a daemon has nothing
 * to say before it serves.
 */
public final class Log {
  private Log() {}

  private static final class Begun {
    static final Logger LOGGER = Logger.getLogger("podproc");
  }

  /**
   * Begins it, before a library of which it may be the log does so: of two threads that begin it in
   * two ways, each has what the other waits for (LogManager's lock, LogContext's initialization).
   */
  public static void begin() {
    Logger _ = Begun.LOGGER;
  }

  /** What an operator wants to find later. */
  @FormatMethod
  public static void info(String format, @Nullable Object... arguments) {
    Begun.LOGGER.info(line(format, arguments));
  }

  /** What an operator should look into. */
  @FormatMethod
  public static void warn(String format, @Nullable Object... arguments) {
    Begun.LOGGER.warn(line(format, arguments));
  }

  /** A defect. */
  @FormatMethod
  public static void error(String format, @Nullable Object... arguments) {
    Begun.LOGGER.error(line(format, arguments));
  }

  /** A defect, and where it shows. */
  public static void error(String what, Throwable defect) {
    Begun.LOGGER.error(OneLine.of(what), new Defect(defect, 0));
  }

  @FormatMethod
  private static String line(String format, @Nullable Object... arguments) {
    return OneLine.of(String.format(Locale.ROOT, format, arguments));
  }

  /** The same with messages that are one line each: they tell of what was found. */
  private static final class Defect extends Throwable {
    private static final long serialVersionUID = 1;

    /** Of causes of causes: they may go in a circle. */
    private static final int DEEPEST = 8;

    Defect(Throwable told, int depth) {
      super(OneLine.of(told.toString()));
      setStackTrace(told.getStackTrace());
      Throwable cause = told.getCause();
      if (cause != null && depth < DEEPEST) {
        initCause(new Defect(cause, depth + 1));
      }
    }

    @Override
    public Throwable fillInStackTrace() {
      return this;
    }

    @Override
    @SuppressWarnings("OverrideThrowableToString") // it stands for another
    public String toString() {
      return String.valueOf(getMessage());
    }
  }
}
