// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import io.podproc.daemon.fuse.kernel.KernelServer;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A daemon's turn, from the first request to the last.
 *
 * @param number of the connection, as {@code 0:57}
 * @param keeper through whose descriptor it serves; empty if that is this daemon's own
 * @param resends whether the kernel can send again what was read and not answered
 */
record Serving(
    KernelServer server,
    List<Thread> threads,
    String number,
    Optional<Integer> keeper,
    boolean resends) {
  private static final Duration DEADLINE = Duration.ofSeconds(2);

  /** The same, through another keeper's descriptor. */
  Serving by(int keeper) {
    return new Serving(server, threads, number, Optional.of(keeper), resends);
  }

  boolean isAlive() {
    return threads.stream().anyMatch(Thread::isAlive);
  }

  /** Has each thread answer a request, soon, that nobody waits for. */
  void wake(Waking waking) {
    Thread _ =
        Thread.ofPlatform()
            .daemon()
            .name("waking")
            .start(() -> waking.wake(threads).forEach(Waking::close));
  }

  /**
   * Each thread waits for a request and ends with the next one that it answers. So each gets one
   * that nobody waits for, as it may be left to the next daemon: of a file that is closed the
   * kernel tells in the background.
   */
  void leave(Waking waking) throws InterruptedException {
    long deadline = System.nanoTime() + DEADLINE.toNanos();
    Queue<InputStream> opened = new ConcurrentLinkedQueue<>();
    // On a thread of its own: there may be nobody to answer it.
    boolean _ =
        Thread.ofPlatform()
            .daemon()
            .name("leaving")
            .start(() -> opened.addAll(waking.wake(threads)))
            .join(DEADLINE);
    server.leave();
    opened.forEach(Waking::close);
    for (Thread thread : threads) {
      boolean _ = thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
    }
  }
}
