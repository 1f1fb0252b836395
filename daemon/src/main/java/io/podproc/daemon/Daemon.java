// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.cluster.ApiServer;
import io.podproc.daemon.cluster.NodeLabel;
import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.container.LoadSampler;
import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.KeptMount;
import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.fuse.Seeds;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.status.StatusServer;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** The node daemon: builds the object graph, mounts the tree, and unmounts it when told to stop. */
@QuarkusMain
public final class Daemon implements QuarkusApplication {
  private static final int FAILED = 1;
  private static final Duration UNMOUNT_DEADLINE = Duration.ofSeconds(4);

  private final DaemonConfig config;
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  // Not static: main must run before logging is set up.
  private final Logger log = Logger.getLogger("podproc");

  Daemon(DaemonConfig config) {
    this.config = config;
  }

  public static void main(String... args) {
    if (args.length > 0) {
      System.exit(MountCommand.run(args));
    }
    // Readers may wait for this start: what takes long is done beside it.
    Thread _ = Thread.ofPlatform().daemon().name("linking").start(SystemCalls::link);
    Quarkus.run(Daemon.class, StartFailure::exit, args);
  }

  @Override
  public int run(String... args) throws InterruptedException {
    try (ScheduledExecutorService sampling = Executors.newSingleThreadScheduledExecutor()) {
      SettingsCheck.check(config, System.getenv().keySet());
      // Before it is too late to leave the mount to the daemon that has the port.
      try (StatusServer status = StatusServer.bind(config.httpAddress(), config.httpPort())) {
        serve(sampling, status);
      }
    } catch (SettingsCheck.Invalid | MountException | IOException e) {
      StartFailure.print(e);
      return FAILED;
    }
    // Only a signal ends the wait, for which the JVM's own status would be 143: that of a failure.
    Runtime.getRuntime().halt(0);
    return 0;
  }

  private void serve(ScheduledExecutorService sampling, StatusServer status)
      throws IOException, MountException, InterruptedException {
    CgroupHierarchy cgroups = new CgroupHierarchy(config.cgroupRoot(), config.memoryHigh());
    HostFacts host =
        new HostFacts(config.procRoot(), config.sysRoot(), config.hostMaxAge(), System::nanoTime);
    Processes processes = new Processes(config.procRoot());
    Containers containers =
        new Containers(cgroups, host, processes, config.cpuPolicy(), System::nanoTime);
    VirtualTree tree = VirtualFiles.tree(config.swap());
    DaemonMetrics metrics = new DaemonMetrics(registry, tree);
    DaemonMetrics.countContainers(registry, containers::size);
    Opener opener =
        new Opener(
            new ContainerResolver(processes, containers, processes.ownPidNamespace()),
            host,
            metrics);
    LoadSampler sampler = new LoadSampler(containers, config.samplerInterval(), System::nanoTime);

    Runnable repair =
        config.repair()
            ? new RepairOnStart(config, processes, tree, new RepairMetrics(registry))::start
            : () -> {};
    Optional<Inheritance> inheritance =
        config
            .runDirectory()
            .map(directory -> new Inheritance(new StateFile(directory), sampler, metrics, repair));
    Optional<NodeLabel> label = Optional.empty();
    try (Mount mount = mount(tree, opener, inheritance)) {
      if (inheritance.isEmpty()) {
        repair.run();
      }
      Optional<ReleaseOnUninstall> uninstall =
          ReleaseOnUninstall.of(config, processes, tree, System.getenv());
      holdShutdown(uninstall);
      long period = config.samplerInterval().toNanos();
      var _ =
          sampling.scheduleAtFixedRate(
              () -> sample(sampler, inheritance), period, period, TimeUnit.NANOSECONDS);
      var _ = sampling.scheduleAtFixedRate(mount::beat, 0, 1, TimeUnit.SECONDS);
      MountProbe probe =
          new MountProbe(
              config.mountPoint().resolve("./" + tree.files().getFirst().path()),
              config.readinessDeadline());
      Health health = new Health(mount, probe);
      status
          .with("/q/health/ready", _ -> health.ready())
          .with("/q/health/live", _ -> health.live())
          .with("/q/metrics", new MetricsPage(registry))
          .start();
      log.infof(
          "serving %d files at %s (cgroup %s, CPUs by %s)",
          tree.files().size(), config.mountPoint(), cgroups.version(), config.cpuPolicy());
      label = config.nodeName().flatMap(node -> keepLabel(node, probe));
      Quarkus.waitForExit();
      if (mount.hasSuccessor()) {
        label = Optional.empty(); // which is the successor's now
      }
      label.ifPresent(NodeLabel::withdraw);
      uninstall.ifPresent(release -> release.beforeTheEndOf(mount));
      sampling.shutdownNow();
      status.close(); // a thread of it that waits for a client would hold up the JVM's end
      log.infof("stopping to serve %s", config.mountPoint());
    }
    label.ifPresent(NodeLabel::close);
  }

  private Mount mount(VirtualTree tree, Opener opener, Optional<Inheritance> inheritance)
      throws IOException, MountException, InterruptedException {
    Runnable seeds = config.seeds() ? () -> laySeeds(tree) : () -> {};
    return inheritance.isEmpty()
        ? FuseMount.mount(config.transport(), config.mountPoint(), tree, opener, seeds)
        : KeptMount.mount(
            config.runDirectory().orElseThrow(),
            config.mountPoint(),
            tree,
            opener,
            seeds,
            inheritance.get());
  }

  /** Before anything else that mounting takes: where that fails, pods start all the same. */
  private void laySeeds(VirtualTree tree) {
    List<String> failures = Seeds.lay(config.mountPoint(), tree);
    if (!failures.isEmpty()) {
      log.warnf(
          "%d files are not linked to the host's beneath %s, and pods that ask for them can't start"
              + " while no daemon serves: %s",
          failures.size(), config.mountPoint(), failures.getFirst());
    }
  }

  private Optional<NodeLabel> keepLabel(String node, MountProbe probe) {
    Optional<ApiServer> server = ApiServer.ofPod(System.getenv());
    if (server.isEmpty()) {
      log.warnf("node %s gets no label: this is no pod of a cluster", node);
    }
    return server.map(
        api -> NodeLabel.keep(api, node, () -> probe.probe() == MountProbe.Result.ANSWERS));
  }

  /**
   * The JVM ends when the last of its shutdown hooks does, and Quarkus's does not wait for {@link
   * #run}: this one does, so that it can unmount.
   */
  private static void holdShutdown(Optional<ReleaseOnUninstall> uninstall) {
    Thread runner = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    boolean ended = runner.join(UNMOUNT_DEADLINE);
                    if (!ended && uninstall.filter(ReleaseOnUninstall::isUnderWay).isPresent()) {
                      boolean _ = runner.join(ReleaseOnUninstall.DEADLINE);
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "unmounting"));
  }

  /** An executor drops a task that throws; sampling goes on whatever happens. */
  private void sample(LoadSampler sampler, Optional<Inheritance> inheritance) {
    try {
      sampler.sample();
      inheritance.ifPresent(Inheritance::save); // for the next one, should this one be killed
    } catch (RuntimeException e) {
      log.error("a sample of the load failed", e);
    }
  }
}
