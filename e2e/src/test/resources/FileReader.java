// SPDX-License-Identifier: Apache-2.0
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files and asks the JVM, in a loop, until something fails. */
class FileReader {
  public static void main(String... files) throws Exception {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    while (true) {
      for (String file : files) {
        if (Files.readString(Path.of(file)).isEmpty()) {
          throw new IllegalStateException(file + " is empty");
        }
      }
      if (system.getTotalMemorySize() <= 0 || system.getCpuLoad() > 1) {
        throw new IllegalStateException("the JVM is wrong");
      }
    }
  }
}
