// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.Processes;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The first processes of pid namespaces right below the daemon's own, by the namespaces that
 * callers without a runtime came from. One inside of another belongs to the outer one.
 */
final class Inits {
  /** More are namespaces within containers, which come and go. */
  private static final int MAX_NAMESPACES = 1024;

  private final Processes processes;
  private final Looks looks;
  private final ConcurrentHashMap<String, Init> known = new ConcurrentHashMap<>();

  /** The same by their own namespaces, of which no container makes more. */
  private final ConcurrentHashMap<String, Init> inits = new ConcurrentHashMap<>();

  private final ConcurrentHashMap<String, Future<?>> searches = new ConcurrentHashMap<>();

  /** A first process that was found. */
  static final class Init {
    private final int pid;

    /** Its own, with which it ends. */
    private final String namespace;

    @GuardedBy("this")
    private @Nullable ProcCgroup home;

    private Init(int pid, String namespace) {
      this.pid = pid;
      this.namespace = namespace;
    }

    int pid() {
      return pid;
    }

    /**
     * Where its container is: the lowest cgroup that it has been in all the time. One that walks
     * through cgroups of its container's own would else make a container of each, with a turn and
     * accounts of its own.
     *
     * @param now where it is
     */
    synchronized ProcCgroup home(ProcCgroup now) {
      return home == null ? now : now.joinedWith(home);
    }

    /** As {@link #home}, from this moment on. */
    synchronized ProcCgroup settle(ProcCgroup now) {
      ProcCgroup settled = home(now);
      home = settled;
      return settled;
    }
  }

  Inits(Processes processes, Looks looks) {
    this.processes = processes;
    this.looks = looks;
  }

  /**
   * The first process.
   *
   * @param namespace that the caller is in
   * @throws IOException it can't be told, or not yet
   */
  Init of(String namespace, int tid) throws IOException {
    Init init = known.get(namespace);
    // A namespace ends with its first process, so another in it can't have that one's pid.
    if (init != null && isThere(init)) {
      return init;
    }
    Ancestry.Oldest oldest = new Ancestry(processes, tid).oldest();
    if (oldest.isInit()) {
      return remember(namespace, oldest.pid());
    }
    // The caller was put into the namespace from outside, or descends from too many.
    looks.await(
        searches.compute(
            namespace,
            (name, last) ->
                last == null || last.isDone() ? looks.begin(() -> search(name)) : last));
    Init found = known.get(namespace);
    if (found == null || !isThere(found)) {
      throw new IOException("the first process of " + namespace + " is not to be seen");
    }
    return found;
  }

  private void search(String namespace) {
    try {
      for (int candidate : processes.all()) {
        if (isFirstOf(namespace, candidate)) {
          Ancestry.Oldest outermost = new Ancestry(processes, candidate).oldest();
          if (outermost.isInit()) {
            Init _ = remember(namespace, outermost.pid());
          }
          return;
        }
      }
    } catch (IOException e) {
      // not to be seen
    }
  }

  private boolean isFirstOf(String namespace, int pid) {
    try {
      List<Integer> pids = processes.status(pid).namespacePids();
      return pids.size() > 1
          && pids.getLast() == 1
          && processes.pidNamespace(pid).equals(namespace);
    } catch (IOException e) {
      return false; // ended
    }
  }

  private Init remember(String namespace, int pid) throws IOException {
    if (known.size() >= MAX_NAMESPACES) {
      known.clear();
    }
    Init init =
        inits.compute(
            processes.pidNamespace(pid),
            (own, last) -> last != null && last.pid == pid ? last : new Init(pid, own));
    known.put(namespace, init);
    return init;
  }

  private boolean isThere(Init init) {
    try {
      return processes.pidNamespace(init.pid).equals(init.namespace);
    } catch (IOException e) {
      return false; // ended
    }
  }

  /** Lets go of those that have ended. */
  void forgetGone() {
    known.values().removeIf(init -> !isThere(init));
    inits.values().removeIf(init -> !isThere(init));
    searches.values().removeIf(Future::isDone);
  }
}
