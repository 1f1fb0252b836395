// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.kernel.KernelFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The threads that have asked of late, with what was found for each. Who asks again is placed by
 * one read of a descriptor that was kept: the text of a thread's cgroups says in which container it
 * is, and is read each time, as threads can be moved.
 *
 * @param <T> what is found for a text
 */
final class Callers<T> {
  /**
   * A thread takes the place of another one whose id differs by a multiple of this. With fewer,
   * those who ask at the same time on a full node would take each other's place all the time.
   */
  static final int PLACES = 1024;

  /** What is longer is a cgroup far down in a container, and is looked at anew each time. */
  static final int MAX_TEXT = 4096;

  private final Processes processes;
  private final Finder<T> finder;
  private final AtomicReferenceArray<@Nullable Caller> places = new AtomicReferenceArray<>(PLACES);

  /** Finds what is to be known of a text of {@code /proc/[pid]/cgroup}. */
  interface Finder<T> {
    T find(String cgroups, int tid) throws IOException;
  }

  private final class Caller implements Closeable {
    final int tid;
    private final KernelFile cgroups;
    private volatile boolean idle;

    @GuardedBy("this")
    private byte @Nullable [] text;

    @GuardedBy("this")
    private @Nullable T found;

    Caller(int tid) {
      this.tid = tid;
      this.cgroups = processes.cgroupFile(tid);
    }

    synchronized T find() throws IOException {
      idle = false;
      return cgroups.read(this::recognize);
    }

    synchronized @Nullable T found() {
      return found;
    }

    private synchronized T recognize(byte[] bytes, int length) throws IOException {
      T known = found;
      if (known == null || text == null || !Arrays.equals(text, 0, text.length, bytes, 0, length)) {
        byte[] copy = Arrays.copyOf(bytes, length);
        known = finder.find(new String(copy, StandardCharsets.ISO_8859_1), tid);
        text = length <= MAX_TEXT ? copy : null;
        found = known;
      }
      return known;
    }

    @Override
    public void close() {
      cgroups.close();
    }
  }

  Callers(Processes processes, Finder<T> finder) {
    this.processes = processes;
    this.finder = finder;
  }

  /**
   * What there is to know of a thread.
   *
   * @throws IOException it is gone, or nothing was found
   */
  T find(int tid) throws IOException {
    Caller known = places.get(place(tid));
    if (known != null && known.tid == tid) {
      try {
        return known.find();
      } catch (IOException e) {
        // Another thread has the id now, or this one lost its place.
      }
    }
    Caller caller = new Caller(tid);
    T found;
    try {
      found = caller.find();
    } catch (IOException | RuntimeException e) {
      caller.close();
      throw e;
    }
    Caller former = places.getAndSet(place(tid), caller);
    if (former != null) {
      former.close();
    }
    return found;
  }

  /**
   * As {@link #find}, but what was found for the thread before, without a look whether it holds.
   */
  T recent(int tid) throws IOException {
    Caller known = places.get(place(tid));
    T found = known == null || known.tid != tid ? null : known.found();
    return found == null ? find(tid) : found;
  }

  private static int place(int tid) {
    return tid & (PLACES - 1);
  }

  /** Gives back the descriptors of those who have not asked since the last time. */
  void forgetIdle() {
    for (int place = 0; place < PLACES; place++) {
      Caller caller = places.get(place);
      if (caller == null) {
        continue;
      }
      if (!caller.idle) {
        caller.idle = true;
      } else if (places.compareAndSet(place, caller, null)) {
        caller.close();
      }
    }
  }
}
