// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.log.OneLine;
import io.podproc.daemon.task.PeriodicTask;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Whether this daemon is ready, and whether it is to be started again: both by a file that is read
 * through its mount, as any process would, with a deadline. In the format of MicroProfile Health.
 */
public final class Health {
  /** So long does a daemon that stands by wait for the one that has the turn. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Mount mount;
  private final MountProbe probe;
  private final List<PeriodicTask> vital;
  private final LongSupplier nanoTime;

  /** Since when nobody has served, as far as this daemon knows, which stands by. */
  private Optional<Long> unservedNanos = Optional.empty();

  private boolean isTold;

  /**
   * @param vital what must be done again and again, or the daemon is not alive
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  public Health(Mount mount, MountProbe probe, List<PeriodicTask> vital, LongSupplier nanoTime) {
    this.mount = mount;
    this.probe = probe;
    this.vital = vital;
    this.nanoTime = nanoTime;
  }

  /** Ready is a daemon whose mount answers, even if another one still serves it. */
  public Answer ready() throws InterruptedException {
    MountProbe.Result result = probe.probe();
    return answer("mount", result == MountProbe.Result.ANSWERS, result.toString());
  }

  /**
   * Alive is a daemon that serves somebody, or will. One whose mount was taken away has to be
   * started again, but not while a container holds files of it, which it would lose; and so has one
   * whose turn it is and who does not answer, or who has long not done what is to be done each
   * second; and one that waits for a turn that nobody makes use of.
   */
  public Answer live() throws InterruptedException {
    if (!mount.serves()) {
      return answer("server", false, "nobody is served");
    }
    Optional<PeriodicTask> late = vital.stream().filter(PeriodicTask::isLate).findFirst();
    if (late.isPresent()) {
      return answer("server", false, "no " + late.get().name());
    }
    return mount.hasTurn() ? serving(probe.probe()) : standingBy(probe.probe());
  }

  private Answer serving(MountProbe.Result result) {
    boolean stuck = result == MountProbe.Result.HANGS;
    return answer("server", !stuck, stuck ? "stuck" : "serving");
  }

  /** Of two ports, each asks when it likes. */
  private synchronized Answer standingBy(MountProbe.Result result) {
    boolean isServed = result != MountProbe.Result.DEAD && result != MountProbe.Result.HANGS;
    if (isServed || mount.hasTurn()) {
      unservedNanos = Optional.empty();
      return answer("server", true, "standing by");
    }
    long now = nanoTime.getAsLong();
    if (unservedNanos.isEmpty()) {
      unservedNanos = Optional.of(now);
      isTold = false;
    }
    if (now - unservedNanos.get() < PATIENCE.toNanos()) {
      return answer("server", true, "standing by");
    }
    String state =
        "standing by, but nobody serves: the turn has "
            + mount.turnHolder().map(holder -> "process " + holder).orElse("nobody who is known");
    if (!isTold) {
      isTold = true;
      Log.warn("%s", state);
    }
    return answer("server", false, state);
  }

  private static Answer answer(String check, boolean up, String state) {
    String status = up ? "UP" : "DOWN";
    String text = OneLine.of(state).replace("\\", "\\\\").replace("\"", "\\\"");
    // As Quarkus writes it.
    String body =
        "{\"status\":\""
            + status
            + "\",\"checks\":[{\"name\":\""
            + check
            + "\",\"status\":\""
            + status
            + "\",\"data\":{\"state\":\""
            + text
            + "\"}}]}\n";
    return new Answer(up ? 200 : 503, "application/json", body);
  }
}
