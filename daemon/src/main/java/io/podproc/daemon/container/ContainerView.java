// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.VisibleCpus;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an open file has of its container: enough to find it, and nothing that keeps it. A container
 * may leave open as many files as it likes, and what is gone must go.
 */
final class ContainerView implements View {
  private final Containers containers;
  private final ProcCgroup paths;
  private final int hash;
  private volatile WeakReference<Container> found = new WeakReference<>(null);

  ContainerView(Containers containers, ProcCgroup paths) {
    this.containers = containers;
    this.paths = paths;
    this.hash = paths.hashCode();
  }

  void found(Container container) {
    found = new WeakReference<>(container);
  }

  /** The one that was last known, for as long as it is. */
  @Nullable Container known() {
    Container known = found.get();
    return known == null || known.isClosed() ? null : known;
  }

  /** The one that is there now, or one that begins. */
  Container container() {
    Container known = known();
    if (known == null) {
      known = containers.at(paths);
      found(known);
    }
    return known;
  }

  @Override
  public HostFacts host() {
    return container().host();
  }

  @Override
  public Cgroup cgroup() {
    return container().cgroup();
  }

  @Override
  public MemoryFacts memory() throws IOException {
    return container().memoryFacts();
  }

  @Override
  public VisibleCpus cpus() throws IOException {
    return container().cpus();
  }

  @Override
  public CpuTimes cpuTimes() throws IOException {
    return container().cpuTimes();
  }

  @Override
  public Duration age() throws IOException {
    return container().threads().age();
  }

  @Override
  public Load load() throws IOException {
    return container().threads().load();
  }

  @Override
  public NodeCounts nodeCounts() throws IOException {
    return container().nodeCounts();
  }

  @Override
  public int hashCode() {
    return hash;
  }

  /** Whoever asks for files of the same container has one turn, whenever they were opened. */
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other || (other instanceof ContainerView that && paths.equals(that.paths));
  }
}
