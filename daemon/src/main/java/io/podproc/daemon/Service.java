// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.cluster.ApiServer;
import io.podproc.daemon.cluster.NodeLabel;
import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.container.LoadSampler;
import io.podproc.daemon.container.Looks;
import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.KeptMount;
import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.fuse.Seeds;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.status.StatusServer;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** All that the daemon does, from its first request to its last: the object graph is built here. */
final class Service {
  private final DaemonConfig config;

  /** Of a sign of life, which is given each second, and after which a keeper ends the mount. */
  private static final Duration LATE_BEAT = Duration.ofSeconds(15);

  /** Samples may be late, and are made up for. */
  private static final int LATE_SAMPLES = 6;

  /** First looks at containers that may wait for their turn. */
  private static final int MAX_LOOKS = 1024;

  private final ScheduledExecutorService beating =
      Executors.newSingleThreadScheduledExecutor(thread("beating"));
  private final ScheduledExecutorService sampling =
      Executors.newSingleThreadScheduledExecutor(thread("sampling"));
  private final ExecutorService looking =
      new ThreadPoolExecutor(
          1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_LOOKS), thread("looking"));
  private final StatusServer status;
  private final Mount mount;
  private final Optional<Inheritance> inheritance;
  private final Optional<NodeLabel> label;
  private final Farewell farewell;

  /**
   * Mounts the tree, and begins to serve it.
   *
   * @throws IOException it can't; the message is one line that says why
   */
  Service(DaemonConfig config) throws IOException, MountException, InterruptedException {
    this.config = config;
    CgroupHierarchy cgroups =
        new CgroupHierarchy(config.cgroupRoot(), config.memoryHigh(), System::nanoTime);
    HostFacts host =
        new HostFacts(
            config.procRoot(),
            config.sysRoot(),
            config.hostMaxAge(),
            System::nanoTime,
            SystemCalls::bootNanos);
    Processes processes = new Processes(config.procRoot());
    Failures failedLooks = new Failures("look", System::nanoTime);
    Failures failedSamples = new Failures("sample", System::nanoTime);
    Looks looks = new Looks(looking, failedLooks);
    Containers containers =
        new Containers(cgroups, host, processes, config.cpuPolicy(), looks, System::nanoTime);
    VirtualTree tree = VirtualFiles.tree(config.swap());
    DaemonMetrics metrics = new DaemonMetrics(tree, containers::size);
    ContainerResolver resolver =
        new ContainerResolver(
            processes,
            containers,
            looks,
            ProcCgroup.parse(processes.ownCgroup()),
            processes.ownPidNamespace());
    Opener opener = new Opener(resolver, host, metrics);
    LoadSampler sampler =
        new LoadSampler(containers, config.samplerInterval(), failedSamples, System::nanoTime);

    RepairMetrics repairs = new RepairMetrics();
    Runnable repair =
        config.repair() ? new RepairOnStart(config, processes, tree, repairs)::start : () -> {};
    inheritance =
        config
            .runDirectory()
            .map(directory -> new Inheritance(new StateFile(directory), sampler, metrics, repair));
    mount = mount(tree, opener, inheritance);
    // What follows, no reader waits for.
    MountProbe probe =
        new MountProbe(
            config.mountPoint().resolve("./" + tree.files().getFirst().path()),
            config.readinessDeadline());
    PeriodicTask beat =
        new PeriodicTask(
            Duration.ofSeconds(1),
            LATE_BEAT,
            mount::beat,
            new Failures("beat", System::nanoTime),
            System::nanoTime);
    beat.start(beating, Duration.ZERO);
    PeriodicTask sample =
        new PeriodicTask(
            config.samplerInterval(),
            config.samplerInterval().multipliedBy(LATE_SAMPLES),
            () -> sample(sampler, resolver, inheritance),
            failedSamples,
            System::nanoTime);
    sample.start(sampling, config.samplerInterval());
    try {
      status =
          status(
              new Health(mount, probe, List.of(beat, sample)),
              metrics,
              repairs,
              new ContainerMetrics(containers, sampler),
              failedLooks,
              beat,
              sample);
    } catch (IOException | RuntimeException e) {
      mount.close();
      throw e;
    }
    if (inheritance.isEmpty()) {
      repair.run();
    }
    farewell = new Farewell(config, processes, tree, System.getenv());
    Duration minute = Duration.ofMinutes(1);
    new PeriodicTask(
            minute,
            minute,
            new OldGeneration()::tend,
            new Failures("collection", System::nanoTime),
            System::nanoTime)
        .start(sampling, minute);
    Log.info(
        "serving %d files at %s (cgroup %s, CPUs by %s)",
        tree.files().size(), config.mountPoint(), cgroups.version(), config.cpuPolicy());
    label = config.nodeName().flatMap(node -> keepLabel(node, probe));
  }

  private StatusServer status(Health health, MeterBinder... metrics) throws IOException {
    StatusServer server = StatusServer.bind(config.httpAddress(), config.httpPort());
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    for (MeterBinder some : metrics) {
      some.bindTo(registry);
    }
    server
        .with("/q/health/ready", _ -> health.ready())
        .with("/q/health/live", _ -> health.live())
        .with("/q/metrics", new MetricsPage(registry))
        .start();
    return server;
  }

  /** Leaves the mount to the next daemon, or unmounts it. */
  void end() {
    Optional<NodeLabel> ours =
        mount.hasSuccessor() ? Optional.empty() : label; // else it is the successor's now
    ours.ifPresent(NodeLabel::withdraw);
    farewell.before(mount);
    beating.shutdownNow();
    sampling.shutdownNow();
    status.close(); // a thread of it that waits for a client would hold up the JVM's end
    Log.info("stopping to serve %s", config.mountPoint());
    // Readers wait once it is left. What is saved then is written faster the second time.
    inheritance.ifPresent(Inheritance::save);
    mount.close();
    ours.ifPresent(NodeLabel::close);
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
      Log.warn(
          "%d files are not linked to the host's beneath %s, and pods that ask for them can't start"
              + " while no daemon serves: %s",
          failures.size(), config.mountPoint(), failures.getFirst());
    }
  }

  private Optional<NodeLabel> keepLabel(String node, MountProbe probe) {
    Optional<ApiServer> server = ApiServer.ofPod(System.getenv());
    if (server.isEmpty()) {
      Log.warn("node %s gets no label: this is no pod of a cluster", node);
    }
    return server.map(
        api -> NodeLabel.keep(api, node, () -> probe.probe() == MountProbe.Result.ANSWERS));
  }

  private static void sample(
      LoadSampler sampler, ContainerResolver resolver, Optional<Inheritance> inheritance) {
    sampler.sample();
    resolver.forgetIdle();
    inheritance.ifPresent(Inheritance::save); // for the next one, should this one be killed
  }

  private static ThreadFactory thread(String name) {
    return Thread.ofPlatform().daemon().name(name).factory();
  }
}
