// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import oshi.SystemInfo;
import oshi.hardware.HardwareAbstractionLayer;

/** Prints, in a container, what OSHI makes of the machine. */
final class OshiReport {
  private OshiReport() {}

  public static void main(String... args) {
    SystemInfo info = new SystemInfo();
    HardwareAbstractionLayer hardware = info.getHardware();
    System.out.println("total " + hardware.getMemory().getTotal() / 1024);
    System.out.println("available " + hardware.getMemory().getAvailable() / 1024);
    System.out.println("swap " + hardware.getMemory().getVirtualMemory().getSwapTotal() / 1024);
    System.out.println("uptime " + info.getOperatingSystem().getSystemUptime());
  }
}
