// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.status.StatusServer.Answer;
import java.util.List;
import java.util.Optional;

/**
 * Whether this daemon is ready, and whether it is to be started again: both by a file that is read
 * through its mount, as any process would, with a deadline. In the format of MicroProfile Health.
 */
final class Health {
  private final Mount mount;
  private final MountProbe probe;
  private final List<PeriodicTask> vital;

  /**
   * @param vital what must be done again and again, or the daemon is not alive
   */
  Health(Mount mount, MountProbe probe, List<PeriodicTask> vital) {
    this.mount = mount;
    this.probe = probe;
    this.vital = vital;
  }

  /** Ready is a daemon whose mount answers, even if another one still serves it. */
  Answer ready() throws InterruptedException {
    MountProbe.Result result = probe.probe();
    return answer("mount", result == MountProbe.Result.ANSWERS, result.toString());
  }

  /**
   * Alive is a daemon that serves somebody, or will. One whose mount was taken away has to be
   * started again, but not while a container holds files of it, which it would lose; and so has one
   * whose turn it is and who does not answer, or who has long not done what is to be done each
   * second.
   */
  Answer live() throws InterruptedException {
    if (!mount.serves()) {
      return answer("server", false, "nobody is served");
    }
    Optional<PeriodicTask> late = vital.stream().filter(PeriodicTask::isLate).findFirst();
    if (late.isPresent()) {
      return answer("server", false, "no " + late.get().name());
    }
    boolean stuck = mount.hasTurn() && probe.probe() == MountProbe.Result.HANGS;
    return answer("server", !stuck, stuck ? "stuck" : mount.hasTurn() ? "serving" : "standing by");
  }

  private static Answer answer(String check, boolean up, String state) {
    String status = up ? "UP" : "DOWN";
    // As Quarkus writes it. No word of it needs escaping.
    String body =
        """
        {"status":"%1$s","checks":[{"name":"%2$s","status":"%1$s","data":{"state":"%3$s"}}]}
        """
            .formatted(status, check, state);
    return new Answer(up ? 200 : 503, "application/json", body);
  }
}
