// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.attach.RefusedException.Stage;
import io.podproc.daemon.delivery.Attacher;
import io.podproc.daemon.delivery.Outcome;
import io.podproc.daemon.delivery.Outcome.Result;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.MountVisit;
import io.podproc.daemon.linux.SystemCallException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Brings files to running containers, from outside and with none of the container's programs. What
 * is there is compared with what is wanted without entering; only where they differ does a thread
 * of its own enter, and end.
 */
public final class Attach implements Attacher {
  /** For a visit by a daemon, which has exercised it. */
  public static final Duration DEADLINE = Duration.ofSeconds(1);

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /**
   * A visit takes milliseconds. A container can have that lock as well, which costs it its turn.
   */
  private static final long OTHERS_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** Containers in which somebody is at once. One that does not come back counts. */
  private static final int MOST_VISITS = 128;

  private final Processes processes;
  private final Path procRoot;
  private final Path mountPoint;
  private final PodCgroups cgroups;
  private final OurMounts ours;
  private final Arrivals arrivals;
  private final Duration patience;
  private final int mostVisits;
  private final Semaphore room;

  /** Ids of containers that are looked at: two visits at once could lay a file twice. */
  private final Set<String> visited = ConcurrentHashMap.newKeySet();

  /** Null: another daemon serves. */
  private volatile @Nullable Guard guard;

  /** Is told of a container to which files were brought, on a thread that serves nobody. */
  public interface Arrivals {
    /** It will read these files soon: what is to be known of it can be known before. */
    void expect(int pid, Set<String> files);
  }

  /**
   * @param mountPoint where live files are seen
   * @param patience until a visit is given up
   */
  public Attach(
      Processes processes,
      Path procRoot,
      Path mountPoint,
      PodCgroups cgroups,
      Arrivals arrivals,
      Duration patience) {
    this(processes, procRoot, mountPoint, cgroups, arrivals, patience, MOST_VISITS);
  }

  /**
   * @param mostVisits in how many containers it may be at once
   */
  Attach(
      Processes processes,
      Path procRoot,
      Path mountPoint,
      PodCgroups cgroups,
      Arrivals arrivals,
      Duration patience,
      int mostVisits) {
    this.processes = processes;
    this.procRoot = procRoot;
    this.mountPoint = mountPoint;
    this.cgroups = cgroups;
    this.arrivals = arrivals;
    this.patience = patience;
    this.mostVisits = mostVisits;
    this.room = new Semaphore(mostVisits);
    this.ours = OurMounts.at(mountPoint);
  }

  /**
   * It is this daemon's turn to serve, and so to attach.
   *
   * @throws IOException the node can't be looked at
   */
  public void begin() throws IOException {
    guard = new Guard(processes, ours);
  }

  /** It is no more, or the files end: once this returns nothing is attached any more. */
  public void end() {
    guard = null;
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (!visited.isEmpty() && System.nanoTime() < end) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  /** Takes some 0.2 s of CPU, before there is any hurry. */
  void warmUp() {
    new WarmUp(processes, procRoot, mountPoint, cgroups, ours).run(() -> guard);
  }

  @Override
  public List<PodContainer> containers() {
    return cgroups.containers();
  }

  @Override
  public Outcome bring(PodContainer container, Set<String> files, boolean explicitly) {
    return new Bringing(container, files, explicitly).await();
  }

  /** As {@link #bring}, by this thread itself, which was made for it and must end. */
  Visited bringHere(PodContainer container, Set<String> files, boolean explicitly) {
    Bringing bringing = new Bringing(container, files, explicitly);
    return new Visited(bringing.here(), bringing.stage);
  }

  /**
   * What came of it.
   *
   * @param stage how far the container is
   */
  record Visited(Outcome outcome, Stage stage) {}

  private static Outcome outcome(Result result, String reason) {
    return new Outcome(result, reason, 0, 0);
  }

  private static Outcome failed(SystemCallException e) {
    return outcome(e.isOfMissing() ? Result.GONE : Result.FAILED, String.valueOf(e.getMessage()));
  }

  /** One container's turn. */
  private final class Bringing {
    private final PodContainer container;
    private final Set<String> files;
    private final boolean explicitly;
    private final long end = System.nanoTime() + patience.toNanos();
    private @Nullable MountVisit visit;

    /** Of what was looked at and need not be done, or can't. */
    private Outcome outcome = outcome(Result.NOTHING_TO_DO, "");

    private Stage stage = Stage.MADE;

    Bringing(PodContainer container, Set<String> files, boolean explicitly) {
      this.container = container;
      this.files = files;
      this.explicitly = explicitly;
    }

    /** All of it is done by this thread. */
    Outcome here() {
      return look().map(this::run).orElseGet(() -> outcome);
    }

    /** What is to be done is done by a thread of its own. */
    Outcome await() {
      return look().map(this::runElsewhere).orElseGet(() -> outcome);
    }

    private Optional<MountPlan> look() {
      if (!takeTurn()) {
        return Optional.empty();
      }
      Optional<MountPlan> plan = Optional.empty();
      try {
        Guard present = guard;
        if (present != null) {
          MountVisit begun = new MountVisit(procRoot, container.pid());
          visit = begun;
          if (isAlone(begun)) {
            plan = plan(present.look(begun, container), begun);
          }
        } else {
          outcome = outcome(Result.SKIPPED, "another daemon serves");
        }
      } catch (RefusedException e) {
        stage = e.stage();
        outcome = outcome(e.result(), String.valueOf(e.getMessage()));
      } catch (SystemCallException e) {
        outcome = failed(e);
      } catch (IOException e) { // of its files in /proc, which are there as long as it lives
        outcome = outcome(Result.GONE, String.valueOf(e.getMessage()));
      } finally {
        if (plan.isEmpty()) {
          release();
        }
      }
      return plan;
    }

    /** Another process, as by hand, that had looked as well would lay a second layer. */
    private boolean isAlone(MountVisit visit) throws SystemCallException {
      long last = Math.min(end, System.nanoTime() + OTHERS_NANOS);
      while (!visit.takeTurn()) {
        if (System.nanoTime() > last) {
          outcome = outcome(Result.TIMED_OUT, "another process has it locked");
          return false;
        }
        LockSupport.parkNanos(LOOK_NANOS);
      }
      return true;
    }

    private Optional<MountPlan> plan(Target target, MountVisit visit) throws SystemCallException {
      MountPlan plan = MountPlan.plan(visit, target, ours, mountPoint, files, explicitly);
      outcome = plan.nothing();
      return Optional.of(plan).filter(some -> !some.isEmpty());
    }

    private Outcome run(MountPlan plan) {
      Outcome done;
      try {
        done = plan.run();
      } catch (SystemCallException e) {
        done = failed(e);
      } finally {
        release();
      }
      if (done.attached() > 0) {
        arrivals.expect(container.pid(), files);
      }
      return done;
    }

    private Outcome runElsewhere(MountPlan plan) {
      FutureTask<Outcome> task = new FutureTask<>(() -> run(plan));
      Thread _ = Thread.ofPlatform().daemon().name("attach-" + container.pid()).start(task);
      try {
        return task.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        return outcome(Result.TIMED_OUT, "no answer within " + patience.toSeconds() + " s");
      } catch (ExecutionException e) {
        return outcome(Result.FAILED, String.valueOf(e.getCause()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return outcome(Result.TIMED_OUT, "interrupted");
      }
    }

    private boolean takeTurn() {
      while (!visited.add(container.containerId())) {
        if (System.nanoTime() > end) {
          outcome = outcome(Result.TIMED_OUT, "a visit before this one has not come back");
          return false;
        }
        LockSupport.parkNanos(LOOK_NANOS);
      }
      if (room.tryAcquire()) {
        return true;
      }
      boolean _ = visited.remove(container.containerId());
      outcome =
          outcome(Result.FAILED, mostVisits + " visits are under way, as many as are allowed");
      return false;
    }

    private void release() {
      if (visit != null) {
        visit.close();
      }
      room.release();
      boolean _ = visited.remove(container.containerId());
    }
  }
}
