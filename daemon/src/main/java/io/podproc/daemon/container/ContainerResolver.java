// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import java.io.IOException;
import java.util.HashMap;
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
  private static final int MAX_PLACES = 1024;

  /** All who are in none, or can't be placed, are one. */
  private static final Object NO_CONTAINER = new Object();

  private final Processes processes;
  private final Containers containers;
  private final RuntimePath runtime;
  private final String hostNamespace;
  private final Inits inits;

  /** By the text of {@code /proc/[pid]/cgroup}. */
  private final ConcurrentHashMap<String, Place> places = new ConcurrentHashMap<>();

  private final Callers<Place> callers;

  /**
   * A resolver of callers that the daemon sees.
   *
   * @param daemon where the daemon's own cgroup is
   * @param hostNamespace the pid namespace of the host's own processes
   */
  public ContainerResolver(
      Processes processes,
      Containers containers,
      Looks looks,
      ProcCgroup daemon,
      String hostNamespace) {
    this.processes = processes;
    this.containers = containers;
    this.runtime = RuntimePath.onNodeOf(daemon);
    this.hostNamespace = hostNamespace;
    this.inits = new Inits(processes, looks);
    this.callers = new Callers<>(processes, this::place);
  }

  /** What the text of a caller's cgroups says, and the container that was last found there. */
  private static final class Place {
    /** Those of the runtime's container; empty where there is none. */
    final Optional<ProcCgroup> container;

    private volatile @Nullable ContainerView last;

    private Place(Optional<ProcCgroup> container) {
      this.container = container;
    }

    boolean isGone() {
      ContainerView view = last;
      return view != null && view.known() == null;
    }
  }

  /**
   * Where the container of a process is, for who asks about it and not in its place: no container
   * is begun.
   *
   * @return empty for a process of the node
   * @throws IOException it has ended, or it can't be told
   */
  public Optional<ProcCgroup> locate(int pid) throws IOException {
    Optional<ProcCgroup> found = runtimes(ProcCgroup.parse(processes.cgroup(pid)), pid);
    return found.isPresent() ? found : plain(pid, false);
  }

  private Place place(String text, int tid) throws IOException {
    Place known = places.get(text);
    if (known == null) {
      known = new Place(runtimes(ProcCgroup.parse(text), tid));
      if (places.size() >= MAX_PLACES) {
        places.clear();
      }
      if (text.length() <= Callers.MAX_TEXT) {
        places.put(text, known);
      }
    }
    return known;
  }

  /** Where the runtime's container is that a caller is in; empty where it is in none. */
  private Optional<ProcCgroup> runtimes(ProcCgroup caller, int tid) throws IOException {
    // In a dozen hierarchies of version 1 it is one path, or two.
    Map<String, Optional<String>> found = new HashMap<>();
    ProcCgroup container =
        caller.map(path -> found.computeIfAbsent(path, runtime::container).orElse(path));
    if (found.values().stream().noneMatch(Optional::isPresent)) {
      return Optional.empty();
    }
    return isNamedWithin(container, tid) ? Optional.empty() : Optional.of(checked(container));
  }

  /** Whether a container of plain namespaces gave a cgroup of its own a runtime's name. */
  private boolean isNamedWithin(ProcCgroup container, int tid) throws IOException {
    Ancestry.Oldest oldest = new Ancestry(processes, tid).oldest();
    if (oldest.isOutside()) {
      return false; // The runtime itself put it there.
    }
    int init = oldest.isInit() ? oldest.pid() : inits.of(processes.pidNamespace(tid), tid).pid();
    ProcCgroup outer = cgroupOf(init);
    return !outer.isRoot() && runtime.isPlain(outer) && container.isBeside(outer);
  }

  @Override
  public Optional<View> of(int callerTid) throws IOException {
    Place place = callers.find(callerTid);
    Container found;
    if (place.container.isPresent()) {
      ContainerView view = place.last;
      Container known = view == null ? null : view.known();
      found =
          known != null
              ? known
              : containers.at(place.container.get(), new Ancestry(processes, callerTid));
    } else {
      Optional<ProcCgroup> plain = plain(callerTid, true);
      if (plain.isEmpty()) {
        return Optional.empty();
      }
      found = containers.at(plain.get(), new Ancestry(processes, callerTid));
    }
    found.ask();
    place.last = found.view();
    return Optional.of(found.view());
  }

  /**
   * Where the container of a process is that no runtime's name is in the cgroups of.
   *
   * @param reads whether it reads a file: its container has been made by then
   */
  private Optional<ProcCgroup> plain(int tid, boolean reads) throws IOException {
    String namespace = processes.pidNamespace(tid);
    if (namespace.equals(hostNamespace)) {
      return Optional.empty();
    }
    Inits.Init init = inits.of(namespace, tid);
    ProcCgroup now = cgroupOf(init.pid());
    ProcCgroup container = reads ? init.settle(now) : init.home(now);
    return container.isRoot() ? Optional.empty() : Optional.of(checked(container));
  }

  private ProcCgroup cgroupOf(int init) throws IOException {
    return ProcCgroup.parse(processes.cgroup(init))
        .map(path ->
            path.endsWith(SYSTEMD_INIT)
                ? path.substring(0, path.length() - SYSTEMD_INIT.length())
                : path)
        .map(path -> path.isEmpty() ? "/" : path);
  }

  @Override
  public Object owner(int callerTid) {
    try {
      ContainerView known = callers.recent(callerTid).last;
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
    inits.forgetGone();
  }

  @Override
  public View renew(View view) {
    Container stale = ((ContainerView) view).container();
    if (stale.threads().hasEnded()) {
      containers.remove(stale);
    } else {
      stale.cgroup().reopen();
    }
    return containers.at(stale.paths()).view();
  }

  private static ProcCgroup checked(ProcCgroup paths) throws IOException {
    if (paths.isOutside()) {
      throw new IOException("the daemon's cgroup namespace is not the host's: " + paths);
    }
    if (Containers.isTooDeep(paths)) {
      throw new IOException("no runtime makes containers that far down");
    }
    return paths;
  }
}
