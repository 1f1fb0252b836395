// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.container.LoadSampler;
import io.podproc.daemon.container.Looks;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.status.metrics.ContainerMetrics;
import io.podproc.daemon.status.metrics.DaemonMetrics;
import io.podproc.daemon.task.Failures;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.util.concurrent.Executor;

/**
 * What a read needs, put together: the tree, who asks, and what is known of containers and node.
 */
final class ServedFiles implements MeterBinder {
  private final DaemonConfig config;
  private final CgroupHierarchy cgroups;
  private final Processes processes;
  private final Containers containers;
  private final VirtualTree tree;
  private final DaemonMetrics metrics;
  private final ContainerResolver resolver;
  private final Opener opener;
  private final LoadSampler sampler;
  private final Failures failedLooks = new Failures("look", System::nanoTime);
  private final Failures failedSamples = new Failures("sample", System::nanoTime);

  /**
   * @param looking where a container is looked at for the first time
   * @throws IOException the node can't be looked at
   */
  ServedFiles(DaemonConfig config, Executor looking) throws IOException {
    this.config = config;
    cgroups = new CgroupHierarchy(config.cgroupRoot(), config.memoryHigh(), System::nanoTime);
    HostFacts host =
        new HostFacts(
            config.procRoot(),
            config.sysRoot(),
            config.hostMaxAge(),
            System::nanoTime,
            SystemCalls::bootNanos);
    processes = new Processes(config.procRoot());
    Looks looks = new Looks(looking, failedLooks);
    containers =
        new Containers(cgroups, host, processes, config.cpuPolicy(), looks, System::nanoTime);
    tree = VirtualFiles.tree(config.swap());
    metrics = new DaemonMetrics(tree, containers::size);
    resolver =
        new ContainerResolver(
            processes,
            containers,
            looks,
            ProcCgroup.parse(processes.ownCgroup()),
            processes.ownPidNamespace());
    opener = new Opener(resolver, host, metrics);
    sampler =
        new LoadSampler(containers, config.samplerInterval(), failedSamples, System::nanoTime);
  }

  Processes processes() {
    return processes;
  }

  Containers containers() {
    return containers;
  }

  VirtualTree tree() {
    return tree;
  }

  DaemonMetrics metrics() {
    return metrics;
  }

  ContainerResolver resolver() {
    return resolver;
  }

  Opener opener() {
    return opener;
  }

  LoadSampler sampler() {
    return sampler;
  }

  Failures failedSamples() {
    return failedSamples;
  }

  /** Which kind of cgroups the node has, for the log. */
  Object cgroupVersion() {
    return cgroups.version();
  }

  /** How these files get into containers. */
  NodeAttach attach(Executor looking) throws IOException {
    return new NodeAttach(config, processes, tree, resolver, looking);
  }

  /** Once in a while. */
  void sample() {
    sampler.sample();
    resolver.forgetIdle();
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    metrics.bindTo(registry);
    new ContainerMetrics(containers, sampler).bindTo(registry);
    failedLooks.bindTo(registry);
  }
}
