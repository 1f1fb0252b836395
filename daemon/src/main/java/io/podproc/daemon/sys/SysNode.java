// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.sys;

import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.view.View;
import java.io.IOException;

/**
 * What tells of NUMA nodes in /sys/devices/system/node (drivers/base/node.c). A container has one:
 * whatever it may use is in there.
 */
public final class SysNode implements VirtualFile {
  private final String name;
  private final Text text;

  private interface Text {
    String read(View view) throws IOException;
  }

  private SysNode(String name, Text text) {
    this.name = name;
    this.text = text;
  }

  /**
   * A list of nodes.
   *
   * @param name {@code online}, {@code possible}, {@code has_cpu} or {@code has_memory}
   */
  public static SysNode list(String name) {
    return new SysNode(name, _ -> "0");
  }

  /** The CPUs of the first node, as a list. */
  public static SysNode cpulist() {
    return new SysNode("node0/cpulist", view -> view.cpus().list());
  }

  /** The same as a map. */
  public static SysNode cpumap() {
    return new SysNode("node0/cpumap", view -> view.cpus().mask());
  }

  /** How far it is from the first node to itself (LOCAL_DISTANCE). */
  public static SysNode distance() {
    return new SysNode("node0/distance", _ -> "10");
  }

  @Override
  public String path() {
    return "/sys/devices/system/node/" + name;
  }

  @Override
  public String read(View view) throws IOException {
    return text.read(view) + "\n";
  }
}
