// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.host.Processes;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;

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
  private final ConcurrentHashMap<String, Future<?>> searches = new ConcurrentHashMap<>();

  /**
   * A first process that was found.
   *
   * @param namespace its own pid namespace, with which it ends
   */
  private record Init(int pid, String namespace) {}

  Inits(Processes processes, Looks looks) {
    this.processes = processes;
    this.looks = looks;
  }

  /**
   * The host's pid of the first process.
   *
   * @param namespace that the caller is in
   * @throws IOException it can't be told, or not yet
   */
  int of(String namespace, int tid) throws IOException {
    Init init = known.get(namespace);
    // A namespace ends with its first process, so another in it can't have that one's pid.
    if (init != null && isThere(init)) {
      return init.pid;
    }
    Optional<Integer> ancestor = new Ancestry(processes, tid).init();
    if (ancestor.isPresent()) {
      remember(namespace, ancestor.get());
      return ancestor.get();
    }
    // The caller was put into the namespace from outside: it is no descendant of the first.
    looks.await(
        searches.compute(
            namespace,
            (name, last) ->
                last == null || last.isDone() ? looks.begin(() -> search(name)) : last));
    Init found = known.get(namespace);
    if (found == null || !isThere(found)) {
      throw new IOException("the first process of " + namespace + " is not to be seen");
    }
    return found.pid;
  }

  private void search(String namespace) {
    try {
      for (int candidate : processes.all()) {
        if (isFirstOf(namespace, candidate)) {
          Optional<Integer> outermost = new Ancestry(processes, candidate).init();
          if (outermost.isPresent()) {
            remember(namespace, outermost.get());
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

  private void remember(String namespace, int pid) throws IOException {
    if (known.size() >= MAX_NAMESPACES) {
      known.clear();
    }
    known.put(namespace, new Init(pid, processes.pidNamespace(pid)));
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
    searches.values().removeIf(Future::isDone);
  }
}
