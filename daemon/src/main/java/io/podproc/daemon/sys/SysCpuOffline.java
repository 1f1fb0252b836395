// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.sys;

import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;

/**
 * Those of the node's CPUs that are not online in the container
 * (drivers/base/cpu.c:print_cpus_offline). {@code present} and {@code possible} stay the node's
 * where they are not asked for, and all of them are one or the other.
 */
public final class SysCpuOffline implements VirtualFile {
  @Override
  public String path() {
    return "/sys/devices/system/cpu/offline";
  }

  @Override
  public String read(View view) throws IOException {
    return view.cpus().offline(view.host()) + "\n";
  }
}
