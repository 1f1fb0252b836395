// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.attach.PodCgroups.Member;
import io.podproc.daemon.attach.RefusedException.Stage;
import io.podproc.daemon.delivery.DesiredFiles;
import io.podproc.daemon.delivery.Outcome;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.delivery.StartListener;
import io.podproc.daemon.host.ProcessStat;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.SystemCallException;
import io.podproc.daemon.linux.WatchedProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One container's start, from its cgroup to its files, on a thread of its own: the one that waits
 * for the right moment is the one that attaches. That moment is when the runtime's "create" is
 * done: then the container is made, and waits to be told to start.
 */
final class Start implements Runnable {
  /** A runtime has two minutes for a container (the kubelet's runtime-request-timeout). */
  private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(2);

  /** One that has executed its program is made; but mounts may be told of a moment later. */
  private static final long MADE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final long SHORT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long LONG_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** What is looked for again is found late by a quarter of what it takes, at most. */
  private static final int PART = 4;

  /** What runc's container waits in: for the other end of a pipe (fs/pipe.c). */
  private static final String AT_PIPE = "wait_for_partner";

  private final Member member;
  private final Processes processes;
  private final PodCgroups cgroups;
  private final Attach attach;
  private final StartListener listener;
  private final Met met;
  private final long made = System.nanoTime();
  private long executed;
  private long refused;
  private int parent;
  private @Nullable WatchedProcess creator;

  /** Is told of a container that was met. */
  interface Met {
    /**
     * Its files are there.
     *
     * @param madeNanos when its cgroup was seen, by {@link System#nanoTime()}
     * @param attachedNanos when its files were there
     */
    void met(PodContainer container, long madeNanos, long attachedNanos);
  }

  Start(
      Member member,
      Processes processes,
      PodCgroups cgroups,
      Attach attach,
      StartListener listener,
      Met met) {
    this.member = member;
    this.processes = processes;
    this.cgroups = cgroups;
    this.attach = attach;
    this.listener = listener;
    this.met = met;
  }

  @Override
  public void run() {
    try {
      boolean goesOn = true;
      while (goesOn && System.nanoTime() - made < PATIENCE_NANOS) {
        goesOn = look();
      }
    } finally {
      forgetCreator();
    }
  }

  /** False: there is nothing more to be done. */
  private boolean look() {
    Optional<PodContainer> container = cgroups.running(member);
    if (container.isEmpty()) {
      await(System.nanoTime() - made);
      return Files.isDirectory(member.folder());
    }
    try {
      return !isMade(container.get().pid()) || bring(container.get());
    } catch (IOException e) { // it was one of those that make the container
      await(0);
      return true;
    }
  }

  /** Until the runtime is done, or a part of what was waited for already. */
  private void await(long waitedNanos) {
    long nanos = Math.clamp(waitedNanos / PART, SHORT_NANOS, LONG_NANOS);
    if (creator == null || creator.ends(Duration.ZERO)) {
      LockSupport.parkNanos(nanos);
    } else {
      boolean _ = creator.ends(Duration.ofNanos(nanos));
    }
  }

  /** Whether the container is made, or may be; else waits a moment for that. */
  private boolean isMade(int pid) throws IOException {
    ProcessStat stat = processes.stat(pid);
    executed = stat.forked() ? 0 : executed == 0 ? System.nanoTime() : executed;
    if (isReaper(stat.parent())) {
      return true;
    }
    WatchedProcess watched = creator(stat.parent());
    return watched == null
        || executed != 0
        || processes.waitsIn(pid).equals(AT_PIPE)
        || watched.ends(Duration.ofNanos(LONG_NANOS));
  }

  /** Who takes over what a runtime leaves, once that has ended. */
  private boolean isReaper(int pid) throws IOException {
    if (pid <= 1) {
      return true;
    }
    String name = processes.stat(pid).name();
    return name.startsWith("containerd-shim") || name.equals("conmon");
  }

  /** Null: it has ended already. */
  private @Nullable WatchedProcess creator(int pid) {
    if (pid == parent) {
      return creator;
    }
    forgetCreator();
    try {
      creator = new WatchedProcess(pid);
      parent = pid;
      return creator;
    } catch (SystemCallException e) {
      return null;
    }
  }

  private void forgetCreator() {
    if (creator != null) {
      creator.close();
    }
    creator = null;
    parent = 0;
  }

  private boolean bring(PodContainer container) {
    Optional<DesiredFiles> wanted = listener.wanted(container);
    if (wanted.isEmpty()) {
      return false;
    }
    Attach.Visited visited =
        attach.bringHere(container, wanted.get().files(), wanted.get().explicitly());
    boolean executedJustNow = executed == 0 || System.nanoTime() - executed < MADE_NANOS;
    if (visited.stage() == Stage.BEGUN
        || (visited.stage() == Stage.NEARLY_MADE && executedJustNow)) {
      refused = refused == 0 ? System.nanoTime() : refused;
      await(System.nanoTime() - refused);
      return true;
    }
    if (visited.outcome().attached() > 0) {
      met.met(container, made, System.nanoTime());
    }
    return visited.outcome().result() == Outcome.Result.GONE; // the next process of the container
  }
}
