// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.attach.PodCgroups.Member;
import io.podproc.daemon.attach.PodCgroups.Pod;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.delivery.StartListener;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.SystemCallException;
import io.podproc.daemon.linux.Urgency;
import io.podproc.daemon.linux.Watches;
import io.podproc.daemon.linux.Watches.Event;
import io.podproc.daemon.log.Log;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Meets containers as they start, by the kernel's own events: the cgroup of each is made before its
 * first process. Only folders that the kubelet makes are watched, and so no container can make
 * events.
 */
public final class Starts implements Closeable {
  /** Of all folders, in case that an event is lost. */
  private static final Duration LOOK = Duration.ofMinutes(1);

  /** The same where the kernel tells of no events, or there are no pods yet. */
  private static final Duration OFTEN = Duration.ofSeconds(1);

  /** Containers that are waited for at once; more of them wait until others have started. */
  private static final int AT_ONCE = 128;

  private static final int MOST_WAITING = 4096;

  private final Processes processes;
  private final PodCgroups cgroups;
  private final Attach attach;
  private final StartListener listener;
  private final Margins margins;
  private final Consumer<Throwable> failed;
  private final Semaphore room = new Semaphore(AT_ONCE);
  private final ConcurrentLinkedQueue<Member> waiting = new ConcurrentLinkedQueue<>();

  // Of the thread that watches.
  private final Map<Integer, Path> tiers = new HashMap<>();
  private final Map<Integer, Pod> pods = new HashMap<>();
  private Set<Path> known = new HashSet<>();
  private boolean limited;

  private volatile boolean closed;

  /**
   * @param failed is told what is thrown
   */
  public Starts(
      Processes processes,
      PodCgroups cgroups,
      Attach attach,
      StartListener listener,
      StartTimes told,
      Consumer<Throwable> failed) {
    this.processes = processes;
    this.cgroups = cgroups;
    this.attach = attach;
    this.listener = listener;
    this.margins = new Margins(processes, told, failed);
    this.failed = failed;
  }

  /** Begins to watch. What runs already is not met: it has started. */
  public void begin() {
    margins.begin();
    Thread _ = Thread.ofPlatform().daemon().name("warm-up").start(() -> guarded(attach::warmUp));
    Thread _ = Thread.ofPlatform().daemon().name("starts").start(this::watch);
  }

  private void watch() {
    Urgency _ = Urgency.ask();
    boolean first = true;
    while (!closed) {
      try (Watches watches = new Watches()) {
        watch(watches, first);
      } catch (SystemCallException e) {
        tellLimit(e);
        guarded(() -> lookAtAll(null, _ -> true));
        pause();
      } catch (Throwable e) {
        failed.accept(e);
        pause();
      }
      first = false;
    }
  }

  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (Throwable e) {
      failed.accept(e);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(OFTEN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tellLimit(SystemCallException e) {
    if (!limited) {
      limited = true;
      Log.warn(
          "starts of containers can't all be watched: %s (fs.inotify.max_user_instances,"
              + " max_user_watches); they are looked for each second, and get their files late",
          e.getMessage());
    }
  }

  private void watch(Watches watches, boolean first) {
    tiers.clear();
    pods.clear();
    lookAtAll(watches, first ? this::isBeingMade : _ -> true);
    long looked = System.nanoTime();
    while (!closed) {
      Duration period = limited || tiers.isEmpty() ? OFTEN : LOOK;
      boolean lost = false;
      for (Event event : watches.await(period)) {
        lost |= event instanceof Event.Lost;
        guarded(() -> hear(watches, event));
      }
      if (lost || System.nanoTime() - looked >= period.toNanos()) {
        guarded(() -> lookAtAll(watches, _ -> true));
        looked = System.nanoTime();
      }
    }
  }

  private void hear(Watches watches, Event event) {
    switch (event) {
      case Event.Made made -> {
        Path tier = tiers.get(made.watch());
        Pod pod = pods.get(made.watch());
        if (tier != null) {
          hear(watches, tier.resolve(made.name()));
        } else if (pod != null) {
          PodCgroups.member(pod, pod.folder().resolve(made.name())).ifPresent(this::meet);
        }
      }
      case Event.Gone gone -> {
        tiers.remove(gone.watch());
        pods.remove(gone.watch());
      }
      case Event.Lost _ -> {} // a look at all follows
    }
  }

  private void hear(Watches watches, Path made) {
    if (PodCgroups.isTier(made)) {
      addTier(watches, made, _ -> true);
    } else {
      PodCgroups.pod(made).ifPresent(pod -> addPod(watches, pod, _ -> true));
    }
  }

  /** Of those that were not there at the last look, those that are wanted are met. */
  private void lookAtAll(@Nullable Watches watches, Predicate<Member> wanted) {
    Set<Path> before = known;
    known = new HashSet<>();
    for (Path tier : cgroups.tiers()) {
      addTier(watches, tier, member -> !before.contains(member.folder()) && wanted.test(member));
    }
  }

  // First a folder is watched, then it is looked at: nothing can be made between.

  private void addTier(@Nullable Watches watches, Path tier, Predicate<Member> wanted) {
    add(watches, tier, watch -> tiers.put(watch, tier));
    for (Pod pod : PodCgroups.pods(tier)) {
      addPod(watches, pod, wanted);
    }
  }

  private void addPod(@Nullable Watches watches, Pod pod, Predicate<Member> wanted) {
    add(watches, pod.folder(), watch -> pods.put(watch, pod));
    for (Member member : PodCgroups.members(pod)) {
      if (wanted.test(member)) {
        meet(member);
      } else {
        known.add(member.folder());
      }
    }
  }

  private void add(@Nullable Watches watches, Path folder, Consumer<Integer> number) {
    if (watches == null) {
      return;
    }
    try {
      number.accept(watches.add(folder.toString()));
    } catch (SystemCallException e) {
      if (!e.isOfMissing()) {
        tellLimit(e);
      }
    }
  }

  private boolean isBeingMade(Member member) {
    return cgroups
        .running(member)
        .map(container -> {
          try {
            return processes.stat(container.pid()).forked();
          } catch (IOException e) {
            return false;
          }
        })
        .orElse(true);
  }

  private void meet(Member member) {
    if (known.add(member.folder()) && waiting.size() < MOST_WAITING) {
      waiting.add(member);
      startNext();
    }
  }

  private void startNext() {
    while (!closed && !waiting.isEmpty() && room.tryAcquire()) {
      Member next = waiting.poll();
      if (next == null) {
        room.release();
      } else {
        Thread _ = Thread.ofPlatform().daemon().name("start").start(() -> run(next));
      }
    }
  }

  private void run(Member member) {
    try {
      new Start(member, processes, cgroups, attach, listener, this::met).run();
    } catch (Throwable e) {
      failed.accept(e);
    } finally {
      room.release();
      startNext();
    }
  }

  private void met(PodContainer container, long madeNanos, long attachedNanos) {
    margins.met(container.pid(), madeNanos, attachedNanos);
  }

  @Override
  public void close() {
    closed = true;
    margins.close();
  }
}
