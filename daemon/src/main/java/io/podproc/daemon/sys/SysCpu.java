// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.sys;

import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;

/**
 * One of the lists of CPUs in /sys/devices/system/cpu (drivers/base/cpu.c). In a container they all
 * say the same: what is visible is online, and there is nothing else.
 */
public final class SysCpu implements VirtualFile {
  private final String name;

  /**
   * @param name {@code online}, {@code present} or {@code possible}
   */
  public SysCpu(String name) {
    this.name = name;
  }

  @Override
  public String path() {
    return "/sys/devices/system/cpu/" + name;
  }

  @Override
  public String read(View view) throws IOException {
    return view.cpus().list() + "\n";
  }
}
