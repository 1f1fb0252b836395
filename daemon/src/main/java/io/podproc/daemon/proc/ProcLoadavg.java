// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.View;
import java.io.IOException;

/** The load of the container's own threads (fs/proc/loadavg.c:loadavg_proc_show). */
public final class ProcLoadavg implements VirtualFile {
  private static final int FRACTION_BITS = 11; // FSHIFT
  private static final long ONE = 1L << FRACTION_BITS; // FIXED_1

  @Override
  public String path() {
    return "/proc/loadavg";
  }

  @Override
  public String read(View view) throws IOException {
    return render(view.load());
  }

  static String render(Load load) {
    StringBuilder text = new StringBuilder(48);
    for (long average : load.averages()) {
      long rounded = average + ONE / 200; // to the nearest hundredth
      long hundredths = ((rounded & (ONE - 1)) * 100) >> FRACTION_BITS; // LOAD_FRAC
      text.append(rounded >> FRACTION_BITS) // LOAD_INT
          .append(hundredths < 10 ? ".0" : ".")
          .append(hundredths)
          .append(' ');
    }
    // Whoever reads this runs.
    int running = Math.max(1, load.running());
    return text.append(running)
        .append('/')
        .append(Math.max(running, load.total()))
        .append(' ')
        .append(load.lastPid())
        .append('\n')
        .toString();
  }
}
