// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import java.time.Duration;

/** What the types of the settings can't say. */
final class SettingsCheck {
  private SettingsCheck() {}

  /** A setting is out of its range. The message is one line that says which. */
  static final class Invalid extends Exception {
    private static final long serialVersionUID = 1;

    Invalid(String message) {
      super(message);
    }
  }

  static void check(DaemonConfig config) throws Invalid {
    if (!config.mountPoint().isAbsolute()) {
      throw new Invalid("podproc.mount-point must be an absolute path, not " + config.mountPoint());
    }
    check("sampler-interval", config.samplerInterval(), Duration.ofSeconds(1), ofMinute());
    check("host-max-age", config.hostMaxAge(), Duration.ZERO, Duration.ofSeconds(10));
    check("readiness-deadline", config.readinessDeadline(), Duration.ofMillis(100), ofMinute());
  }

  private static Duration ofMinute() {
    return Duration.ofMinutes(1);
  }

  private static void check(String name, Duration value, Duration least, Duration most)
      throws Invalid {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new Invalid(
          "podproc.%s must be between %s and %s, not %s"
              .formatted(name, seconds(least), seconds(most), seconds(value)));
    }
  }

  private static String seconds(Duration duration) {
    return duration.toMillis() / 1000.0 + " s";
  }
}
