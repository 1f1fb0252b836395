// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.proc;

import io.podproc.daemon.cgroup.Pressure;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;

/**
 * How long the container's tasks were stalled (kernel/sched/psi.c:psi_show): the cgroup's own file.
 */
public final class ProcPressure implements VirtualFile {
  private final Pressure resource;

  public ProcPressure(Pressure resource) {
    this.resource = resource;
  }

  @Override
  public String path() {
    return "/proc/pressure/" + resource.kernelName();
  }

  @Override
  public String read(View view) throws IOException {
    return view.cgroup().pressure(resource);
  }
}
