// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.rules.ViewWish;
import java.io.IOException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The containers that have been seen and are not gone. There is a bound to how many: beyond it, the
 * one that has not asked for the longest is forgotten, and begins anew when it asks.
 */
public final class Containers {
  /** Four times the containers of a full node of Kubernetes, with three in each of 170 pods. */
  static final int MAX_CONTAINERS = 2048;

  /** Kubernetes in a container in a container of Kubernetes is a dozen levels deep. */
  private static final int MAX_DEPTH = 32;

  /** Of a path. Names of systemd repeat those above. */
  private static final int MAX_LENGTH = 2048;

  private final CgroupHierarchy hierarchy;
  private final Container.Node node;
  private final LongAdder evictions = new LongAdder();
  private final ConcurrentHashMap<ProcCgroup, Container> containers = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<ProcCgroup, Snapshot.OfContainer> remembered =
      new ConcurrentHashMap<>();

  /** What is known of pods, by their uids. */
  private final ConcurrentHashMap<String, ViewWish> wishes = new ConcurrentHashMap<>();

  /**
   * @param looks where a container's threads are looked for when it is first seen
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  public Containers(
      CgroupHierarchy hierarchy,
      HostFacts host,
      Processes processes,
      CpuPolicy cpuPolicy,
      Looks looks,
      LongSupplier nanoTime) {
    this.hierarchy = hierarchy;
    this.node = new Container.Node(host, processes, cpuPolicy, looks, nanoTime);
  }

  /** The container at these paths, known or new. */
  Container at(ProcCgroup paths) {
    return at(paths, Optional.empty());
  }

  /** As {@link #at(ProcCgroup)}, which somebody asks for who is in it. */
  Container at(ProcCgroup paths, Ancestry caller) {
    return at(paths, Optional.of(caller));
  }

  private Container at(ProcCgroup paths, Optional<Ancestry> caller) {
    Container known = containers.get(paths);
    if (known != null) {
      return known;
    }
    makeRoom();
    Container begun = containers.computeIfAbsent(paths, p -> begin(p, caller));
    begun.show(wishes); // what was told before it was known
    return begun;
  }

  /**
   * What pods wish that their containers are shown: from the next read on.
   *
   * @param byPod by their uids
   */
  public void tell(Map<String, ViewWish> byPod) {
    wishes.putAll(byPod);
    for (Container container : containers.values()) {
      if (container.pod().filter(byPod::containsKey).isPresent()) {
        container.show(wishes);
      }
    }
  }

  /** These pods, by their uids, are gone. */
  public void forget(Predicate<String> pods) {
    wishes.keySet().removeIf(pods);
  }

  private void makeRoom() {
    while (containers.size() >= MAX_CONTAINERS) {
      Optional<Container> idle =
          containers.values().stream().min(Comparator.comparingLong(Container::askedNanos));
      idle.ifPresent(container -> {
        remove(container);
        evictions.increment();
      });
    }
  }

  private Container begin(ProcCgroup paths, Optional<Ancestry> caller) {
    ContainerView view = new ContainerView(this, paths);
    Container container = new Container(paths, hierarchy.at(paths), node, view, caller);
    view.found(container);
    Snapshot.OfContainer snapshot = remembered.remove(paths);
    if (snapshot == null || !goesOn(container, snapshot)) {
      container.threads().lookSoon();
    }
    return container;
  }

  private static boolean goesOn(Container container, Snapshot.OfContainer snapshot) {
    try {
      container.restore(snapshot);
      return true;
    } catch (IOException e) {
      return false; // It is gone, or another one, which begins anew.
    }
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
  void remember(List<Snapshot.OfContainer> snapshots) {
    Set<String> longest =
        snapshots.stream().map(snapshot -> longest(snapshot.paths())).collect(Collectors.toSet());
    snapshots.stream()
        .filter(snapshot -> !isTooDeep(snapshot.paths()))
        .filter(snapshot -> parents(longest(snapshot.paths())).noneMatch(longest::contains))
        .limit(MAX_CONTAINERS)
        .forEach(snapshot -> remembered.put(snapshot.paths(), snapshot));
  }

  /** Whether no runtime makes a container there. What is kept of each is so long at most. */
  static boolean isTooDeep(ProcCgroup paths) {
    return paths
        .paths()
        .anyMatch(path -> path.length() > MAX_LENGTH || parents(path).count() > MAX_DEPTH);
  }

  private static String longest(ProcCgroup paths) {
    return paths.paths().max(Comparator.comparingInt(String::length)).orElse("/");
  }

  private static Stream<String> parents(String path) {
    return Stream.iterate(
        path.substring(0, Math.max(0, path.lastIndexOf('/'))),
        parent -> !parent.isEmpty(),
        parent -> parent.substring(0, parent.lastIndexOf('/')));
  }

  /** Knows all containers again that are remembered, as far as they are still there. */
  void recall() {
    for (ProcCgroup paths : List.copyOf(remembered.keySet())) {
      Container container = at(paths);
      if (!container.threads().isAlive()) {
        remove(container);
      }
    }
  }

  /** What the next daemon needs to know of those that are still there. */
  List<Snapshot.OfContainer> snapshots() {
    return Stream.concat(
            remembered.values().stream(),
            containers.values().stream().map(Container::snapshot).flatMap(Optional::stream))
        .limit(MAX_CONTAINERS)
        .toList();
  }

  /** How many are known. */
  public int size() {
    return containers.size();
  }

  /** How many were forgotten because there were too many. */
  public long evictions() {
    return evictions.sum();
  }
}
