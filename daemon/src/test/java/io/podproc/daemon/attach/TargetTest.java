// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.delivery.Kind;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.kernel.MountInfo.Mount;
import io.podproc.daemon.linux.MountVisit;
import io.podproc.daemon.linux.SystemCallException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class TargetTest {
  private static Mount ours(long id, String point, String options) {
    return new Mount(id, 656, "0:70", point, point, options, false, "fuse.podproc", "/pp");
  }

  /** Its label may be taken off, whatever has become of its /sys. */
  @Test
  void whatWasBroughtIsFoundInATreeThatGetsNothingAnyMore() throws SystemCallException {
    Path proc = Path.of("/proc");
    Mount online = ours(701, "/sys/devices/system/cpu/online", "ro,noatime");
    Mount volume = ours(702, "/proc/stat", "ro,relatime");
    Mount elsewhere = ours(703, "/mnt/meminfo", "ro,noatime");
    try (MountVisit visit = new MountVisit(proc, (int) ProcessHandle.current().pid())) {
      Reach reach =
          new Reach(visit, new MountInfo(List.of(online, volume, elsewhere)), new Processes(proc));
      List<Target.Tree> trees = List.of(new Target.Tree("/proc", visit.root(), true));
      Target target = new Target(Kind.ORDINARY, trees, "", reach, false);
      assertThat(target.brought(OurMounts.at(Path.of("/pp")))).containsExactly(online);
    }
  }
}
