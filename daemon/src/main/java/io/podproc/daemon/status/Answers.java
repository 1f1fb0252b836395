// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.attach.Origins;
import io.podproc.daemon.attach.PodCgroups;
import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.LoadSampler;
import io.podproc.daemon.delivery.Delivery;
import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.settings.InvalidSettingException;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Who answers {@code podproc ps}, {@code explain} and {@code doctor}, put together when the first
 * of them is asked: most daemons never are.
 */
public final class Answers implements CommandSocket.Asked {
  private final DaemonConfig config;
  private final Known known;
  private @Nullable Commands commands;

  /** What the daemon that serves has. */
  public record Known(
      Processes processes,
      VirtualTree tree,
      ContainerResolver resolver,
      LoadSampler sampler,
      Optional<Delivery> delivery,
      Mount mount,
      MountProbe probe) {}

  public Answers(DaemonConfig config, Known known) {
    this.config = config;
    this.known = known;
  }

  /** For one at a time: the socket has a thread of its own, and so has the page. */
  @Override
  public synchronized Reply answer(List<String> words) throws IOException, InterruptedException {
    Commands asked = commands;
    if (asked == null) {
      Node node = node();
      Doctor doctor =
          Doctor.of(
              setup(config, known.processes, known.probe), new Doctor.Serving(known.mount, node));
      asked = new Commands(node, doctor);
      commands = asked;
    }
    return asked.answer(words);
  }

  private Node node() throws IOException {
    return new Node(
        config.nodeName(),
        known.processes,
        pods(config, known.processes),
        known.resolver,
        known.sampler::snapshot,
        new CgroupHierarchy(config.cgroupRoot(), config.memoryHigh(), System::nanoTime),
        new HostFacts(
            config.procRoot(),
            config.sysRoot(),
            config.hostMaxAge(),
            System::nanoTime,
            SystemCalls::bootNanos),
        config.cpuPolicy(),
        config.swap(),
        new Origins(known.processes, config.procRoot(), known.tree, config.mountPoint()),
        known.delivery,
        config.procRoot(),
        config.sysRoot());
  }

  private static PodCgroups pods(DaemonConfig config, Processes processes) throws IOException {
    return new PodCgroups(processes, config.cgroupRoot(), ProcCgroup.parse(processes.ownCgroup()));
  }

  private static Doctor.Setup setup(DaemonConfig config, Processes processes, MountProbe probe)
      throws IOException {
    return new Doctor.Setup(
        config.procRoot(),
        config.sysRoot(),
        config.cgroupRoot(),
        config.mountPoint(),
        probe,
        config.runDirectory(),
        processes,
        pods(config, processes),
        List.of(
            "cpu-policy=" + config.cpuPolicy().name().toLowerCase(Locale.ROOT),
            "swap=" + config.swap(),
            "memory-high=" + config.memoryHigh(),
            "node-delivery=" + config.nodeDelivery(),
            "user-namespaces=" + config.userNamespaces(),
            "transport=" + config.transport().name().toLowerCase(Locale.ROOT)));
  }

  /**
   * {@code podproc doctor} where no daemon answers.
   *
   * @param probe of the mount, by the settings
   * @return the exit status
   */
  public static int examineWithoutDaemon(
      List<String> words, Function<DaemonConfig, MountProbe> probe) throws InterruptedException {
    boolean json = words.equals(List.of("doctor", "-o", "json"));
    if (!json && !words.equals(List.of("doctor"))) {
      System.err.println("podproc: doctor takes no words but -o json");
      return Reply.Ending.REFUSED.status();
    }
    try {
      DaemonConfig config = DaemonConfig.of(System.getProperties(), System.getenv());
      Reply reply =
          Doctor.withoutDaemon(setup(config, new Processes(config.procRoot()), probe.apply(config)))
              .examine(json);
      System.out.print(reply.text());
      return reply.ending().status();
    } catch (InvalidSettingException | IOException e) {
      System.err.println("podproc: " + e.getMessage());
      return Reply.Ending.REFUSED.status();
    }
  }
}
