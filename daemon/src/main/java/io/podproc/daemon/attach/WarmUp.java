// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.MountVisit;
import io.podproc.daemon.linux.SystemCallException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Goes the way to a container many times, to this process itself, up to where something would be
 * mounted: what the JVM has to load and to compile for it is there before there is any hurry.
 */
record WarmUp(
    Processes processes, Path procRoot, Path mountPoint, PodCgroups cgroups, OurMounts ours) {
  /** A visit takes 19 ms of CPU the first time, 1.5 the 40th, 1.0 the 100th, 0.7 the 400th. */
  private static final int EXERCISES = 100;

  /**
   * @param present who says what may be attached, each time anew; null: another daemon serves
   */
  void run(Supplier<@Nullable Guard> present) {
    try {
      for (int time = 0; time < EXERCISES; time++) {
        Thread thread =
            Thread.ofPlatform().daemon().name("attach-self").start(() -> visitSelf(present.get()));
        boolean _ = thread.join(Attach.DEADLINE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void visitSelf(@Nullable Guard guard) {
    int pid = (int) ProcessHandle.current().pid();
    try (MountVisit self = new MountVisit(procRoot, pid)) {
      int _ = self.copy(mountPoint, false, true);
      Optional<PodContainer> _ = cgroups.of(pid);
      boolean _ = processes.stat(processes.stat(pid).parent()).forked();
      String _ = processes.waitsIn(pid);
      if (guard != null) {
        // Of no file: a daemon that is killed while it asks itself for one is not gone at once.
        MountPlan _ = MountPlan.plan(self, guard.warmUp(self), ours, mountPoint, Set.of(), true);
      }
      self.enter();
    } catch (SystemCallException | IOException | RefusedException e) {
      // Then the first container has to wait for it.
    }
  }
}
