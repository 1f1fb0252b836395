// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.podproc.daemon.attach.Repair;
import io.podproc.daemon.attach.RepairOnStart;
import io.podproc.daemon.attach.Repairs;
import io.podproc.daemon.attach.Search;
import io.podproc.daemon.cluster.ApiServer;
import io.podproc.daemon.cluster.NodeLabel;
import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.fuse.Placeholders;
import io.podproc.daemon.fuse.Transport;
import io.podproc.daemon.fuse.kept.KeptMount;
import io.podproc.daemon.fuse.kernel.KernelTransport;
import io.podproc.daemon.fuse.kernel.SelinuxContext;
import io.podproc.daemon.fuse.libfuse.LibFuseTransport;
import io.podproc.daemon.host.NodeAddresses;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.state.StateFile;
import io.podproc.daemon.state.StateHandoff;
import io.podproc.daemon.status.Answers;
import io.podproc.daemon.status.Health;
import io.podproc.daemon.status.StatusServer;
import io.podproc.daemon.status.metrics.MetricsPage;
import io.podproc.daemon.status.metrics.RepairMetrics;
import io.podproc.daemon.task.Failures;
import io.podproc.daemon.task.OldGeneration;
import io.podproc.daemon.task.PeriodicTask;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** All that the daemon does, from its first request to its last: the object graph is built here. */
final class Service {
  private final DaemonConfig config;

  /** Of a sign of life, which is given each second, and after which a keeper ends the mount. */
  private static final Duration LATE_HEARTBEAT = Duration.ofSeconds(15);

  /** Samples may be late, and are made up for. */
  private static final int LATE_SAMPLES = 6;

  /** First looks at containers that may wait for their turn. */
  private static final int MAX_LOOKS = 1024;

  private final ScheduledExecutorService heartbeat =
      Executors.newSingleThreadScheduledExecutor(thread("heartbeat"));
  private final ScheduledExecutorService sampling =
      Executors.newSingleThreadScheduledExecutor(thread("sampling"));
  private final ExecutorService looking =
      new ThreadPoolExecutor(
          1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_LOOKS), thread("looking"));
  private final ServedFiles files;
  private final List<StatusServer> status;
  private final Mount mount;
  private final Optional<StateHandoff> stateHandoff;
  private final Optional<NodeAttach> attach;
  private final Optional<NodeDelivery> delivery;
  private final Optional<NodeLabel> label;
  private final ReleaseOnStop releaseOnStop;
  private final Answering answering;

  /** Counted down when this daemon's turn has come: before the socket may be there. */
  private final CountDownLatch turn = new CountDownLatch(1);

  /**
   * Mounts the tree, and begins to serve it.
   *
   * @throws IOException it can't; the message is one line that says why
   */
  Service(DaemonConfig config) throws IOException, MountException, InterruptedException {
    this.config = config;
    files = new ServedFiles(config, looking);
    RepairMetrics repairs = new RepairMetrics();
    attach = config.nodeDelivery() ? Optional.of(files.attach(looking)) : Optional.empty();
    delivery =
        attach.flatMap(way ->
            NodeDelivery.of(
                config, files.tree(), way.attacher(), files.containers(), System.getenv()));
    Runnable serving = serving(repairs);
    stateHandoff = config.runDirectory().map(directory -> stateHandoff(directory, serving));
    mount = mount(stateHandoff);
    // What follows, no reader waits for.
    MountProbe probe =
        new MountProbe(
            config.mountPoint().resolve("./" + files.tree().files().getFirst().path()),
            config.readinessDeadline(),
            files.metrics()::answers);
    List<PeriodicTask> vital = List.of(heartbeat(mount), sample(stateHandoff));
    try {
      status = status(new Health(mount, probe, vital, System::nanoTime), repairs, vital);
    } catch (IOException | RuntimeException e) {
      mount.close();
      throw e;
    }
    if (stateHandoff.isEmpty()) {
      serving.run();
    }
    releaseOnStop = new ReleaseOnStop(config, files.processes(), files.tree(), System.getenv());
    tendHeap();
    tellWhatIsServed();
    answering = answering(probe);
    label =
        config.nodeName().filter(_ -> config.nodeLabel()).flatMap(node -> keepLabel(node, probe));
  }

  /** What is done when its turn has come and it answers, and when it had to mount again. */
  private Runnable serving(RepairMetrics repairs) {
    Runnable repair = config.repair() ? repairOnStart(repairs)::start : () -> {};
    AtomicBoolean delivers = new AtomicBoolean();
    return () -> {
      repair.run();
      if (!delivers.getAndSet(true)) {
        deliver();
      }
      turn.countDown();
    };
  }

  private void tellWhatIsServed() {
    Log.info(
        "serving %d files at %s (cgroup %s, CPUs by %s)",
        files.tree().files().size(),
        config.mountPoint(),
        files.cgroupVersion(),
        config.cpuPolicy());
  }

  private Answering answering(MountProbe probe) {
    return new Answering(
        config,
        new Answers.Known(
            files.processes(),
            files.tree(),
            files.resolver(),
            files.sampler(),
            delivery.map(NodeDelivery::delivery),
            mount,
            probe),
        turn);
  }

  /** The turn is known to the next daemon by the run directory. */
  private StateHandoff stateHandoff(Path runDirectory, Runnable serving) {
    return new StateHandoff(
        new StateFile(runDirectory),
        files.sampler(),
        files.metrics(),
        () -> delivery.ifPresent(NodeDelivery::recall),
        serving);
  }

  private PeriodicTask heartbeat(Mount mount) {
    return new PeriodicTask(
            Duration.ofSeconds(1),
            LATE_HEARTBEAT,
            mount::heartbeat,
            new Failures("heartbeat", System::nanoTime),
            System::nanoTime)
        .start(heartbeat, Duration.ZERO);
  }

  private PeriodicTask sample(Optional<StateHandoff> stateHandoff) {
    return new PeriodicTask(
            config.samplerInterval(),
            config.samplerInterval().multipliedBy(LATE_SAMPLES),
            () -> {
              files.sample();
              stateHandoff.ifPresent(StateHandoff::save); // for the next, should this one be killed
            },
            files.failedSamples(),
            System::nanoTime)
        .start(sampling, config.samplerInterval());
  }

  private void tendHeap() {
    Duration minute = Duration.ofMinutes(1);
    PeriodicTask _ =
        new PeriodicTask(
                minute,
                minute,
                new OldGeneration()::tend,
                new Failures("collection", System::nanoTime),
                System::nanoTime)
            .start(sampling, minute);
  }

  /** Two ports, where probes have one of their own: what comes to the other can't hold them up. */
  private List<StatusServer> status(Health health, RepairMetrics repairs, List<PeriodicTask> vital)
      throws IOException {
    Log.begin(); // the registry has a log
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    files.bindTo(registry);
    repairs.bindTo(registry);
    vital.forEach(task -> task.bindTo(registry));
    attach.ifPresent(way -> way.bindTo(registry));
    delivery.ifPresent(wanted -> wanted.bindTo(registry));
    Failures failed = new Failures("page", System::nanoTime);
    failed.bindTo(registry);
    List<StatusServer> servers = new ArrayList<>();
    servers.add(
        StatusServer.bind(config.httpAddress(), config.httpPort(), _ -> false, failed)
            .with("/q/metrics", new MetricsPage(registry, MetricsPage.TEXT))
            .with(
                "/q/metrics",
                MetricsPage.OPEN_METRICS,
                new MetricsPage(registry, MetricsPage.OPEN_METRICS)));
    if (config.probePort().isPresent()) {
      NodeAddresses node = new NodeAddresses(config.procRoot(), System::nanoTime);
      servers.add(
          StatusServer.bind(
              config.httpAddress(), config.probePort().get(), node::contains, failed));
    }
    for (StatusServer server : servers) {
      server.with("/q/health/ready", health::ready).with("/q/health/live", health::live).start();
    }
    return servers;
  }

  private RepairOnStart repairOnStart(Repairs repairs) {
    return new RepairOnStart(
        new Search(files.processes(), files.tree(), config.mountPoint()),
        new Repair(config.procRoot(), config.mountPoint(), repairs),
        config.repairPlaceholders());
  }

  /** It is this daemon's turn: of two, one attaches. */
  private void deliver() {
    attach.ifPresent(way ->
        delivery.ifPresent(wanted -> {
          way.begin(wanted.listener());
          wanted.begin();
        }));
  }

  /** Leaves the mount to the next daemon, or unmounts it. */
  void end() {
    Optional<NodeLabel> ours =
        mount.hasSuccessor() ? Optional.empty() : label; // else it is the successor's now
    ours.ifPresent(NodeLabel::withdraw);
    delivery.ifPresent(NodeDelivery::close);
    attach.ifPresent(NodeAttach::end);
    releaseOnStop.before(mount);
    answering.close();
    heartbeat.shutdownNow();
    sampling.shutdownNow();
    status.forEach(
        StatusServer::close); // a thread of it that waits for a client would hold up the JVM's end
    Log.info("stopping to serve %s", config.mountPoint());
    // Readers wait once it is left. What is saved then is written faster the second time.
    stateHandoff.ifPresent(StateHandoff::save);
    mount.close();
    ours.ifPresent(NodeLabel::close);
  }

  private Mount mount(Optional<StateHandoff> stateHandoff)
      throws IOException, MountException, InterruptedException {
    Consumer<Path> placeholders = config.placeholders() ? this::layPlaceholders : _ -> {};
    SelinuxContext context = new SelinuxContext(config.selinuxContext());
    Transport transport =
        switch (config.transport()) {
          case KERNEL -> new KernelTransport(context, config.userNamespaces());
          case LIBFUSE -> new LibFuseTransport(context);
        };
    return stateHandoff.isEmpty()
        ? FuseMount.mount(
            transport, config.mountPoint(), files.tree(), files.opener(), placeholders)
        : KeptMount.mount(
            config.runDirectory().orElseThrow(),
            config.mountPoint(),
            context,
            files.tree(),
            files.opener(),
            config.userNamespaces(),
            placeholders,
            stateHandoff.get());
  }

  /** Before anything else that mounting takes: where that fails, pods start all the same. */
  private void layPlaceholders(Path directory) {
    List<String> failures = Placeholders.lay(directory, files.tree());
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

  private static ThreadFactory thread(String name) {
    return Thread.ofPlatform().daemon().name(name).factory();
  }
}
