// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The time since the host's boot, suspension included, which the JDK has no clock for. */
public final class BootClock {
  private static final int CLOCK_BOOTTIME = 7;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** What a thread asks with. */
  private record Reader(SystemCalls calls, MemorySegment time) {
    static final ThreadLocal<Reader> OF_THREAD = ThreadLocal.withInitial(() -> of(Arena.ofAuto()));

    private static Reader of(Arena memory) {
      return new Reader(new SystemCalls(memory), memory.allocate(16, 8)); // struct timespec
    }
  }

  private BootClock() {}

  /** In nanoseconds. */
  public static long nanos() {
    Reader reader = Reader.OF_THREAD.get();
    int error = reader.calls.clockGettime(CLOCK_BOOTTIME, reader.time);
    if (error != 0) { // Linux 2.6.39 has it
      throw new IllegalStateException("error " + -error + " of clock_gettime(2)");
    }
    return reader.time.get(ValueLayout.JAVA_LONG, 0) * NANOS_PER_SECOND
        + reader.time.get(ValueLayout.JAVA_LONG, 8);
  }
}
