// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which container a caller is in: that of its own cgroup, cut at the level of the runtime's
 * container. Where no runtime's name is in the path (LXC, plain namespaces), the cgroup of the
 * first process of the caller's pid namespace.
 */
public final class ContainerResolver implements Views {
  private static final String SYSTEMD_INIT = "/init.scope";

  /** More texts than this are cgroups within containers, which come and go. */
  private static final int MAX_PLACES = 4096;

  /** All who are in none, or can't be placed, are one. */
  private static final Object NO_CONTAINER = new Object();

  private final Processes processes;
  private final Containers containers;
  private final String hostNamespace;

  /** The first process of each pid namespace that a caller without a runtime came from. */
  private final ConcurrentHashMap<String, Integer> inits = new ConcurrentHashMap<>();

  /** By the text of {@code /proc/[pid]/cgroup}, from which alone they follow. */
  private final ConcurrentHashMap<String, Place> places = new ConcurrentHashMap<>();

  private final Callers<Place> callers;

  /**
   * A resolver of callers that the daemon sees.
   *
   * @param hostNamespace the pid namespace of the host's own processes
   */
  public ContainerResolver(Processes processes, Containers containers, String hostNamespace) {
    this.processes = processes;
    this.containers = containers;
    this.hostNamespace = hostNamespace;
    this.callers = new Callers<>(processes, this::place);
  }

  /** What the text of a caller's cgroups says, and the container that was last found there. */
  private static final class Place {
    /** Those of the runtime's container; empty where there is none. */
    final Optional<ProcCgroup> container;

    private volatile @Nullable Container last;

    private Place(Optional<ProcCgroup> container) {
      this.container = container;
    }

    boolean isGone() {
      Container known = last;
      return known != null && known.isClosed();
    }

    static Place of(String text) throws IOException {
      ProcCgroup caller = ProcCgroup.parse(text);
      // In a dozen hierarchies of version 1 it is one path, or two.
      Map<String, Optional<String>> containers = new HashMap<>();
      ProcCgroup container =
          caller.map(path -> containers.computeIfAbsent(path, RuntimePath::container).orElse(path));
      boolean isOfRuntime = containers.values().stream().anyMatch(Optional::isPresent);
      return new Place(isOfRuntime ? Optional.of(inside(container)) : Optional.empty());
    }
  }

  private Place place(String text) throws IOException {
    Place known = places.get(text);
    if (known == null) {
      known = Place.of(text);
      if (places.size() >= MAX_PLACES) {
        places.clear();
      }
      places.put(text, known);
    }
    return known;
  }

  @Override
  public Optional<View> of(int callerTid) throws IOException {
    Place place = callers.find(callerTid);
    if (place.container.isPresent()) {
      Container known = place.last;
      if (known == null || known.isClosed()) {
        known = containers.at(place.container.get());
        place.last = known;
      }
      return Optional.of(known);
    }
    String namespace = processes.pidNamespace(callerTid);
    if (namespace.equals(hostNamespace)) {
      return Optional.empty();
    }
    ProcCgroup init =
        ProcCgroup.parse(processes.cgroup(init(namespace, callerTid)))
            .map(path ->
                path.endsWith(SYSTEMD_INIT)
                    ? path.substring(0, path.length() - SYSTEMD_INIT.length())
                    : path)
            .map(path -> path.isEmpty() ? "/" : path);
    if (init.isRoot()) {
      return Optional.empty();
    }
    Container found = containers.at(inside(init));
    place.last = found;
    return Optional.of(found);
  }

  @Override
  public Object asker(int callerTid) {
    try {
      Container known = callers.recent(callerTid).last;
      return known != null ? known : of(callerTid).map(Object.class::cast).orElse(NO_CONTAINER);
    } catch (IOException e) {
      return NO_CONTAINER;
    }
  }

  /**
   * Lets go of what is kept for callers who have not asked since the last time, and for containers
   * that are gone.
   */
  public void forgetIdle() {
    callers.forgetIdle();
    places.values().removeIf(Place::isGone);
  }

  @Override
  public View renew(View view) {
    Container stale = (Container) view;
    if (stale.isAlive()) {
      stale.cgroup().reopen();
    } else {
      containers.remove(stale);
    }
    return containers.at(stale.paths());
  }

  private static ProcCgroup inside(ProcCgroup paths) throws IOException {
    if (paths.isOutside()) {
      throw new IOException("the daemon's cgroup namespace is not the host's: " + paths);
    }
    return paths;
  }

  /** The host's pid of a pid namespace's first process. */
  private int init(String namespace, int tid) throws IOException {
    Integer known = inits.get(namespace);
    // A namespace ends with its first process, so another in it can't have that one's pid.
    if (known != null && isIn(namespace, known)) {
      return known;
    }
    int found = findInit(namespace, tid);
    inits.entrySet().removeIf(entry -> !isIn(entry.getKey(), entry.getValue()));
    inits.put(namespace, found);
    return found;
  }

  private boolean isIn(String namespace, int pid) {
    try {
      return processes.pidNamespace(pid).equals(namespace);
    } catch (IOException e) {
      return false; // ended
    }
  }

  private int findInit(String namespace, int tid) throws IOException {
    int pid = tid;
    while (pid > 0 && processes.pidNamespace(pid).equals(namespace)) {
      if (isInit(pid)) {
        return pid;
      }
      pid = processes.parent(pid);
    }
    // The caller was put into the namespace from outside: it is not a descendant of the first.
    for (int candidate : processes.all()) {
      try {
        if (isInit(candidate) && processes.pidNamespace(candidate).equals(namespace)) {
          return candidate;
        }
      } catch (IOException e) {
        // ended
      }
    }
    throw new IOException("the first process of " + namespace + " is not to be seen");
  }

  private boolean isInit(int pid) throws IOException {
    List<Integer> pids = processes.namespacePids(pid);
    return !pids.isEmpty() && pids.getLast() == 1;
  }
}
