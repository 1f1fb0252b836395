// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.view.CpuPolicy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** The containers that have been seen and are not gone. */
public final class Containers {
  private final CgroupHierarchy hierarchy;
  private final HostFacts host;
  private final Processes processes;
  private final CpuPolicy cpuPolicy;
  private final LongSupplier nanoTime;
  private final ConcurrentHashMap<ProcCgroup, Container> containers = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<ProcCgroup, Memory.OfContainer> remembered =
      new ConcurrentHashMap<>();

  /**
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  public Containers(
      CgroupHierarchy hierarchy,
      HostFacts host,
      Processes processes,
      CpuPolicy cpuPolicy,
      LongSupplier nanoTime) {
    this.hierarchy = hierarchy;
    this.host = host;
    this.processes = processes;
    this.cpuPolicy = cpuPolicy;
    this.nanoTime = nanoTime;
  }

  /** The container at these paths, known or new. */
  Container at(ProcCgroup paths) {
    return containers.computeIfAbsent(paths, this::begin);
  }

  private Container begin(ProcCgroup paths) {
    Container container =
        new Container(paths, hierarchy.at(paths), host, processes, cpuPolicy, nanoTime);
    Memory.OfContainer memory = remembered.remove(paths);
    if (memory != null) {
      try {
        container.restore(memory);
      } catch (IOException e) {
        // It is gone, or another one, which begins anew.
      }
    }
    return container;
  }

  Collection<Container> all() {
    return List.copyOf(containers.values());
  }

  void remove(Container container) {
    containers.remove(container.paths(), container);
    container.close();
  }

  /**
   * Remembers what another daemon knew. A container is known again when somebody asks for it, or by
   * {@link #recall}: readers, who wait for this daemon, need not wait for all of them.
   */
  void remember(List<Memory.OfContainer> memories) {
    memories.forEach(memory -> remembered.put(memory.paths(), memory));
  }

  /** Knows all containers again that are remembered, as far as they are still there. */
  void recall() {
    for (ProcCgroup paths : List.copyOf(remembered.keySet())) {
      Container container = at(paths);
      if (!container.isAlive()) {
        remove(container);
      }
    }
  }

  /** What the next daemon needs to know of those that are still there. */
  List<Memory.OfContainer> memories() {
    List<Memory.OfContainer> memories = new ArrayList<>(remembered.values());
    for (Container container : all()) {
      try {
        memories.add(container.memory());
      } catch (IOException e) {
        // gone
      }
    }
    return memories;
  }

  /** How many are known. */
  public int size() {
    return containers.size();
  }
}
