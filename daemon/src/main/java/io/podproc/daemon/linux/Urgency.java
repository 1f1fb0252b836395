// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** How soon a thread gets a CPU when it wants one. */
public enum Urgency {
  /** Before all that are not of this class (sched(7), SCHED_RR). */
  REAL_TIME,
  /** Sooner than others of its cgroup, for it asks for little at once (Linux 6.12). */
  SOON,
  /** As any other thread. */
  ORDINARY;

  /** The least: so whatever is real-time itself comes first. */
  private static final int PRIORITY = 1;

  private static final int NICEST = -20;

  /** The shortest slice that the kernel takes (kernel/sched/syscalls.c:__setparam_fair). */
  private static final long SLICE_NANOS = 100_000;

  /** The JVM's thread that collects what is not used any more, while all others wait. */
  private static final String COLLECTOR = "VM Thread";

  /**
   * Asks for the most that this thread can get, for itself, for those that it starts, and for the
   * JVM's own on which it may have to wait. Where real-time groups are compiled in
   * (CONFIG_RT_GROUP_SCHED), no pod gets any real time.
   */
  public static Urgency ask() {
    ProcessCalls calls = SystemCalls.ofThread().processes();
    if (calls.scheduleInTurn(0, PRIORITY) == 0) {
      collector().ifPresent(tid -> calls.scheduleInTurn(tid, PRIORITY));
      return REAL_TIME;
    }
    return calls.scheduleSoon(NICEST, SLICE_NANOS) == 0 ? SOON : ORDINARY;
  }

  private static Optional<Integer> collector() {
    try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
      return threads
          .filter(thread -> name(thread).equals(COLLECTOR))
          .findFirst()
          .map(thread -> Integer.valueOf(thread.getFileName().toString()));
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  private static String name(Path thread) {
    try {
      return Files.readString(thread.resolve("comm")).strip();
    } catch (IOException e) { // it has ended
      return "";
    }
  }
}
