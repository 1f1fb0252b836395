// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;

/** The first field of /proc/uptime (fs/proc/uptime.c:uptime_proc_show). */
final class Uptime {
  private Uptime() {}

  static Duration parse(String text) throws IOException {
    int blank = text.indexOf(' ');
    try {
      BigDecimal seconds = new BigDecimal(blank < 0 ? text.trim() : text.substring(0, blank));
      return Duration.ofNanos(seconds.movePointRight(9).longValue());
    } catch (NumberFormatException | ArithmeticException e) {
      throw new IOException("/proc/uptime reads \"" + text.trim() + "\"", e);
    }
  }
}
