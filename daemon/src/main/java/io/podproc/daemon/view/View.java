// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.view;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.NodeCounts;
import java.io.IOException;
import java.time.Duration;

/**
 * What a virtual file may see: the host, and the container that it is rendered for. Each method
 * reads what it needs when it is called, and throws an IOException where that can't be had.
 */
public interface View {
  HostFacts host();

  Cgroup cgroup();

  /** The memory that every file shows. */
  MemoryFacts memory() throws IOException;

  /** The CPUs that every file shows. */
  VisibleCpus cpus() throws IOException;

  /** What those CPUs did for the container since it began. */
  CpuTimes cpuTimes() throws IOException;

  /** The age of the container's oldest process. */
  Duration age() throws IOException;

  Load load() throws IOException;

  /** What the node has counted since the container first looked. */
  NodeCounts nodeCounts() throws IOException;
}
