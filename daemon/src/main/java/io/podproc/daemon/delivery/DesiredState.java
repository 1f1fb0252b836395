// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.log.Log;
import io.podproc.rules.ViewWish;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * What pods should have, and be shown: what the source tells, or told last. It is on disk before it
 * is acted upon, and told to who serves the files.
 */
final class DesiredState {
  private final Source source;
  private final Optional<LastKnown> file;

  /** What pods should have that do, by uid: as on disk, once it is written. */
  private final Map<String, DesiredFiles> remembered = new ConcurrentHashMap<>();

  /** Who serves the files. */
  private Optional<ViewListener> views = Optional.empty();

  DesiredState(Source source, Optional<LastKnown> file) {
    this.source = source;
    this.file = file;
  }

  /** Is to tell that one, too. */
  void telling(ViewListener listener) {
    views = Optional.of(listener);
  }

  /** Tells who is to serve what pods asked to be shown when it was last known. Takes little. */
  void recall() {
    views.ifPresent(listener -> file.ifPresent(disk -> listener.tell(disk.views())));
  }

  /** From now on what was known last holds. */
  void read() {
    file.ifPresent(disk -> remembered.putAll(disk.read()));
    tell(remembered);
  }

  /** What a pod should have by what was known before it could be told; empty where nothing was. */
  Optional<DesiredFiles> remembered(String podUid) {
    return Optional.ofNullable(remembered.get(podUid));
  }

  /** What was known last holds where nothing is known. */
  Optional<DesiredFiles> of(String podUid) {
    Optional<DesiredFiles> known = source.wanted(podUid);
    return known.isPresent() ? known : remembered(podUid);
  }

  /** Of pods that do not run. One that the source does not know any more may run on. */
  void forgetAllBut(Set<String> pods) {
    Predicate<String> gone = pod -> !pods.contains(pod) && source.wanted(pod).isEmpty();
    forget(gone);
    views.ifPresent(listener -> listener.forget(gone));
  }

  private synchronized void forget(Predicate<String> which) {
    if (remembered.keySet().removeIf(which)) {
      write();
    }
  }

  /** Before anything is attached: nobody else may know why it is there. */
  synchronized void remember(Collection<String> pods) {
    boolean changes = false;
    Map<String, DesiredFiles> known = new HashMap<>();
    for (String pod : pods) {
      source.wanted(pod).ifPresent(wanted -> known.put(pod, wanted));
    }
    for (Map.Entry<String, DesiredFiles> pod : known.entrySet()) {
      DesiredFiles wanted = pod.getValue();
      boolean differs =
          wanted.isNothing()
              ? remembered.remove(pod.getKey()) != null
              : !wanted.equals(remembered.put(pod.getKey(), wanted));
      if (differs) {
        tellFault(pod.getKey(), wanted.view());
      }
      changes |= differs;
    }
    if (changes) {
      write();
    }
    tell(known);
  }

  /** Of a pod that is annotated while it runs, nobody else tells. */
  private static void tellFault(String pod, ViewWish view) {
    view.faults().stream()
        .findFirst()
        .ifPresent(fault -> Log.info("of pod %s an annotation is passed over: %s", pod, fault));
  }

  private void tell(Map<String, DesiredFiles> known) {
    Map<String, ViewWish> byPod = new HashMap<>();
    known.forEach((pod, wanted) -> byPod.put(pod, wanted.view()));
    views.ifPresent(listener -> listener.tell(byPod));
  }

  @GuardedBy("this")
  private void write() {
    file.ifPresent(disk -> disk.write(Map.copyOf(remembered)));
  }
}
