// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** Those that tell this process to end: SIGHUP, SIGINT, SIGTERM. */
final class Signals {
  private static final List<Integer> NUMBERS = List.of(1, 2, 15);

  /** The C library's {@code struct sigaction}, on 64 bits. */
  private static final long ACTION = 152;

  private static final MethodHandle SIGACTION = sigaction();

  private Signals() {}

  @SuppressWarnings("restricted") // the signature is that of sigaction(2)
  private static MethodHandle sigaction() {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("sigaction"),
        FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
  }

  /** Calls a library that takes signals for itself, and takes them back. */
  static void keep(Runnable call) {
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> actions =
          NUMBERS.stream().map(number -> arena.allocate(ACTION, Long.BYTES)).toList();
      for (int i = 0; i < NUMBERS.size(); i++) {
        sigaction(NUMBERS.get(i), MemorySegment.NULL, actions.get(i));
      }
      try {
        call.run();
      } finally {
        for (int i = 0; i < NUMBERS.size(); i++) {
          sigaction(NUMBERS.get(i), actions.get(i), MemorySegment.NULL);
        }
      }
    }
  }

  private static void sigaction(int signal, MemorySegment action, MemorySegment old) {
    try {
      int result = (int) SIGACTION.invokeExact(signal, action, old);
      if (result != 0) {
        throw new IllegalStateException("sigaction of " + signal);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
