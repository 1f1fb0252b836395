// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import io.podproc.daemon.delivery.Outcome.Result;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Containers that run, and the files that were brought to them. */
final class FakeNode implements Attacher {
  private final Map<String, PodContainer> running = new HashMap<>();
  private final Map<String, Set<String>> there = new HashMap<>();
  private final Set<String> stuck = new HashSet<>();
  private final Set<String> broken = new HashSet<>();
  private final CountDownLatch freed = new CountDownLatch(1);
  private final Map<String, Integer> visits = new HashMap<>();
  final AtomicInteger lost = new AtomicInteger();

  synchronized void run(String podUid, String id) {
    running.put(id, new PodContainer(podUid, id, 1000 + running.size()));
  }

  synchronized void end(String id) {
    running.remove(id);
    there.remove(id);
  }

  /** Its visits do not end. */
  synchronized void stick(String id) {
    stuck.add(id);
  }

  /** A visit to it ends with an exception. */
  synchronized void spoil(String id) {
    broken.add(id);
  }

  void free() {
    freed.countDown();
  }

  /** As if somebody had unmounted them. */
  synchronized void lose(String id) {
    there.remove(id);
  }

  /** As a repair does with what was there when its daemon died. */
  synchronized void put(String id, Set<String> files) {
    there.put(id, files);
  }

  synchronized Set<String> at(String id) {
    return there.getOrDefault(id, Set.of());
  }

  synchronized int visits(String id) {
    return visits.getOrDefault(id, 0);
  }

  synchronized PodContainer container(String id) {
    return Objects.requireNonNull(running.get(id), id);
  }

  @Override
  public synchronized List<PodContainer> containers() {
    return new ArrayList<>(running.values());
  }

  @Override
  public Outcome bring(PodContainer container, Set<String> files, boolean explicitly) {
    boolean waits;
    synchronized (this) {
      visits.merge(container.containerId(), 1, Integer::sum);
      waits = stuck.contains(container.containerId());
      if (broken.contains(container.containerId())) {
        throw new IllegalStateException("a defect");
      }
    }
    if (waits) {
      try {
        freed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return new Outcome(Result.TIMED_OUT, "it does not answer", 0, 0);
    }
    synchronized (this) {
      if (!running.containsKey(container.containerId())) {
        return new Outcome(Result.GONE, "", 0, 0);
      }
      Set<String> before = at(container.containerId());
      there.put(container.containerId(), Set.copyOf(files));
      int less = (int) before.stream().filter(file -> !files.contains(file)).count();
      int more = (int) files.stream().filter(file -> !before.contains(file)).count();
      lost.addAndGet(less);
      return less + more == 0
          ? new Outcome(Result.NOTHING_TO_DO, "", 0, 0)
          : new Outcome(Result.DONE, "", more, less);
    }
  }
}
