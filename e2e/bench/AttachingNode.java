// SPDX-License-Identifier: Apache-2.0
import io.podproc.daemon.attach.Attach;
import io.podproc.daemon.attach.PodCgroups;
import io.podproc.daemon.attach.StartTimes;
import io.podproc.daemon.attach.Starts;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.delivery.DesiredFiles;
import io.podproc.daemon.host.Processes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * What e2e/bench/attach runs beside a daemon: it meets containers as a daemon does, and wants files in
 * those of pods whose uid begins with a.
 *
 * <p>Arguments: the mount point, and the files, comma separated. It prints a line for each container
 * that it met ("attached before|after MILLIS", since its cgroup was seen) and for each margin ("margin
 * MILLIS"). It ends with its input.
 */
final class AttachingNode {
  private AttachingNode() {}

  public static void main(String[] args) throws Exception {
    Path proc = Path.of("/proc");
    DesiredFiles wanted = new DesiredFiles(Set.of(args[1].split(",", -1)), false);
    Processes processes = new Processes(proc);
    PodCgroups cgroups =
        new PodCgroups(
            processes, Path.of("/sys/fs/cgroup"), ProcCgroup.parse(processes.ownCgroup()));
    Attach attach =
        new Attach(
            processes, proc, Path.of(args[0]), cgroups, (_, _) -> {}, Attach.DEADLINE);
    attach.begin();
    Starts starts =
        new Starts(
            processes,
            cgroups,
            attach,
            pod -> pod.podUid().startsWith("a") ? Optional.of(wanted) : Optional.empty(),
            new Printed(),
            Throwable::printStackTrace);
    starts.begin();
    System.out.println("ready");
    while (System.in.read() >= 0) {
      // until the end
    }
    starts.close();
    attach.end();
    System.exit(0);
  }

  private static final class Printed implements StartTimes {
    @Override
    public void attached(boolean beforeStart, Duration sinceMade) {
      System.out.println(
          "attached " + (beforeStart ? "before " : "after ") + sinceMade.toNanos() / 1e6);
    }

    @Override
    public void margin(Duration margin) {
      System.out.println("margin " + margin.toNanos() / 1e6);
    }
  }
}
