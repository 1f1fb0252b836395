// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.attach.Origins;
import io.podproc.daemon.attach.PodCgroups;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.container.Snapshot;
import io.podproc.daemon.delivery.Attacher;
import io.podproc.daemon.delivery.Delivery;
import io.podproc.daemon.delivery.DeliveryRules;
import io.podproc.daemon.delivery.DesiredFiles;
import io.podproc.daemon.delivery.Outcome;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.delivery.PodStatus;
import io.podproc.daemon.delivery.Source;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.proc.ProcLoadavg;
import io.podproc.daemon.proc.ProcMeminfo;
import io.podproc.daemon.proc.ProcUptime;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.Load;
import io.podproc.rules.Shown;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A node of plain files, with a pod of two containers, of which the first has files. */
final class NodeFixture {
  static final String UID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427";
  static final String APP = "a".repeat(64);
  static final String LOG = "b".repeat(64);
  static final String POD = "/kubepods/burstable/pod" + UID;

  /** 1.5, 0.75 and 0.25 in the kernel's fixed point. */
  private static final List<Long> AVERAGES = List.of(3072L, 1536L, 512L);

  final FakeKernel kernel;
  final Map<String, PodStatus> standings = new HashMap<>();
  Outcome outcome = new Outcome(Outcome.Result.DONE, "", 3, 0);
  private final List<Snapshot.OfContainer> known = new ArrayList<>();
  private final VirtualTree tree =
      new VirtualTree(
          List.of(
              VirtualTree.File.of(10, new ProcMeminfo(true)),
              VirtualTree.File.of(11, new ProcLoadavg()),
              VirtualTree.File.of(12, new ProcUptime())));

  NodeFixture(Path root) {
    kernel = FakeKernel.v2(root);
    kernel
        .write("proc/self/mountinfo", "50 1 0:60 / /run/mount rw - fuse.podproc /run/mount rw\n")
        .write("cgroup" + POD + "/cpu.max", "150000 100000\n")
        .write("cgroup" + POD + "/memory.max", "max\n")
        .write("cgroup/kubepods/burstable/memory.max", "max\n")
        .write("cgroup/kubepods/memory.max", "4294967296\n");
    kernel.process(1).at("/init.scope");
    container(APP, "app", 100, 9_000, mounted("/proc/meminfo", "ro,noatime", "0:60"));
    container(LOG, "log", 200, 9_940, "");
    shown(Shown.USUAL);
    standing(PodStatus.Reason.NAMESPACE_LABEL, Set.of("/proc/meminfo", "/proc/loadavg"));
  }

  /** What is remembered of the first container. */
  void shown(Shown shown) {
    known.clear();
    known.add(
        new Snapshot.OfContainer(
            new ProcCgroup(Map.of(), Optional.of(POD + "/" + APP)),
            100,
            Duration.ofMinutes(150),
            Optional.empty(),
            new Load(AVERAGES, 1, 0, 7, 0, 0),
            0,
            Optional.empty(),
            shown));
  }

  /** Our file over the container's own. */
  static String mounted(String path, String options, String device) {
    return "70 61 %s %s %s %s - fuse.podproc /run/mount rw\n"
        .formatted(device, path, path, options);
  }

  void mounts(int pid, String name, String more) {
    kernel.write(
        "proc/" + pid + "/mountinfo",
        """
        60 1 0:40 / / rw - overlay overlay rw
        61 60 0:41 / /proc rw - proc proc rw
        62 60 8:1 /var/lib/kubelet/pods/%s/containers/%s/5d2f /dev/termination-log rw - ext4 /dev/sda1 rw
        """
                .formatted(UID, name)
            + more);
  }

  private void container(String id, String name, int pid, long start, String mounts) {
    String cgroup = POD + "/" + id;
    kernel.process(pid).at(cgroup).startedAt(start);
    kernel
        .cgroup(cgroup, 1000)
        .members(cgroup, pid)
        .write("cgroup" + cgroup + "/cpu.max", "max 100000\n")
        .write("cgroup" + cgroup + "/cpuset.cpus.effective", "0-2\n")
        .write("cgroup" + cgroup + "/memory.max", "268435456\n")
        .write("cgroup" + cgroup + "/memory.current", "67108864\n")
        .write("cgroup" + cgroup + "/memory.stat", "anon 1\n")
        .write("cgroup" + cgroup + "/memory.swap.max", "0\n")
        .write("cgroup" + cgroup + "/memory.swap.current", "0\n");
    mounts(pid, name, mounts);
  }

  /** Another pod of that name, in another namespace. */
  void namesake(String uid, String namespace) {
    String cgroup = "/kubepods/pod" + uid + "/" + "c".repeat(64);
    kernel.process(300).at(cgroup);
    kernel
        .members(cgroup, 300)
        .write(
            "proc/300/mountinfo",
            "62 60 8:1 /pods/" + uid + "/containers/app/5d2f /dev/log rw - ext4 /dev/sda1 rw\n");
    standings.put(
        uid,
        new PodStatus(namespace, "web-7d4f", Optional.empty(), PodStatus.Reason.NAMESPACE_UNKNOWN));
  }

  void standing(PodStatus.Reason reason, Set<String> files) {
    standings.put(
        UID,
        new PodStatus("shop", "web-7d4f", Optional.of(new DesiredFiles(files, false)), reason));
  }

  private final class Told implements Source {
    private volatile Changes changes = _ -> {};

    @Override
    public Optional<DesiredFiles> wanted(String podUid) {
      return standing(podUid).flatMap(PodStatus::wanted);
    }

    @Override
    public Optional<PodStatus> standing(String podUid) {
      return Optional.ofNullable(standings.get(podUid));
    }

    @Override
    public void begin(Changes listener) {
      changes = listener;
    }
  }

  private final class Bringing implements Attacher {
    @Override
    public List<PodContainer> containers() {
      return List.of(new PodContainer(UID, APP, 100));
    }

    @Override
    public Outcome bring(PodContainer container, Set<String> files, boolean explicitly) {
      return outcome;
    }
  }

  /** One that has visited {@link #APP} as often, each time with such an outcome. */
  Delivery delivered(Outcome... outcomes) {
    DeliveryRules rules = new DeliveryRules("podproc", Set.of(), Set.of());
    Told told = new Told();
    Delivery delivery = Delivery.of(told, new Bringing(), rules, Optional.empty());
    for (Outcome each : outcomes) {
      outcome = each;
      if (delivery.last(APP).isEmpty()) {
        delivery.begin();
      } else {
        told.changes.of(List.of(UID));
      }
      while (delivery.last(APP).filter(each::equals).isEmpty()) {
        Thread.onSpinWait();
      }
    }
    delivery.close();
    return delivery;
  }

  /** A mount that nobody keeps. */
  private record Unkept() implements Mount {
    @Override
    public void heartbeat() {}

    @Override
    public boolean serves() {
      return true;
    }

    @Override
    public boolean hasTurn() {
      return true;
    }

    @Override
    public Optional<String> turnHolder() {
      return Optional.empty();
    }

    @Override
    public boolean isKept() {
      return false;
    }

    @Override
    public void unmount() {}

    @Override
    public void close() {}

    @Override
    public boolean hasSuccessor() {
      return false;
    }
  }

  Doctor.Serving serving(Delivery delivery) throws IOException {
    return new Doctor.Serving(new Unkept(), node(Optional.of(delivery)));
  }

  Node node(Optional<Delivery> delivery) throws IOException {
    Containers containers =
        new Containers(
            kernel.cgroups(),
            kernel.host(),
            kernel.processes(),
            CpuPolicy.QUOTA,
            FakeKernel.looks(),
            kernel::nanoTime);
    return new Node(
        Optional.of("n1"),
        kernel.processes(),
        new PodCgroups(kernel.processes(), kernel.path("cgroup"), FakeKernel.DAEMON),
        new ContainerResolver(
            kernel.processes(),
            containers,
            FakeKernel.looks(),
            FakeKernel.DAEMON,
            FakeKernel.HOST_NAMESPACE),
        () -> new Snapshot(0, List.copyOf(known)),
        kernel.cgroups(),
        kernel.host(),
        CpuPolicy.QUOTA,
        true,
        new Origins(kernel.processes(), kernel.path("proc"), tree, Path.of("/run/mount")),
        delivery,
        kernel.path("proc"),
        kernel.path("sys"));
  }

  /**
   * @param answering what is read of the mount
   */
  Doctor.Setup setup(Optional<Path> runDirectory, Path answering) throws IOException {
    return new Doctor.Setup(
        kernel.path("proc"),
        kernel.path("sys"),
        kernel.path("cgroup"),
        Path.of("/run/mount"),
        new MountProbe(answering, Duration.ofMinutes(1)),
        runDirectory,
        kernel.processes(),
        new PodCgroups(kernel.processes(), kernel.path("cgroup"), FakeKernel.DAEMON),
        List.of("swap=true"));
  }
}
