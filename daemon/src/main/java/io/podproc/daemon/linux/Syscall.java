// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * The way to the kernel, of one thread, which alone may use it. All system calls go through one
 * handle of syscall(2): every further one would cost the start some 20 ms. Structures are read and
 * written as buffers: a VarHandle of a MemorySegment costs it as much.
 */
final class Syscall {
  /** Whose numbers of calls, and of some flags, are others than those of amd64. */
  static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final int ERRNO =
      (int) STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemorySegment SYSCALL = LINKER.defaultLookup().findOrThrow("syscall");

  /** Not bound to that: each binding is code that is made at the start. */
  private static final MethodHandle CALL = handle();

  private final MemorySegment state;
  private final ByteBuffer errno;

  /** Memory that the kernel reads or writes. */
  record Structure(long address, ByteBuffer fields) {
    static Structure of(Arena memory, int size) {
      MemorySegment segment = memory.allocate(size, 8);
      return new Structure(segment.address(), buffer(segment));
    }

    static Structure ofWords(Arena memory, long... words) {
      Structure structure = of(memory, words.length * Long.BYTES);
      structure.fields.asLongBuffer().put(words);
      return structure;
    }
  }

  /**
   * @param memory where errno is kept; lasts as long as this is used
   */
  Syscall(Arena memory) {
    state = memory.allocate(STATE);
    errno = buffer(state);
  }

  private static ByteBuffer buffer(MemorySegment segment) {
    return segment.asByteBuffer().order(ByteOrder.nativeOrder());
  }

  /** Does what would otherwise hold up the first system call. */
  static void link() {
    Objects.requireNonNull(CALL); // the class is initialized now
  }

  @SuppressWarnings("restricted") // the one place that may, by jvm.options
  private static MethodHandle handle() {
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    // A pointer or a number: an argument takes a register of 64 bits.
    return LINKER.downcallHandle(
        FunctionDescriptor.of(word, word, word, word, word, word, word),
        Linker.Option.firstVariadicArg(1),
        Linker.Option.captureCallState("errno"));
  }

  /** What it returns, or -errno. */
  long call(int call, long first, long second, long third, long fourth, long fifth) {
    try {
      long result =
          (long) CALL.invokeExact(SYSCALL, state, (long) call, first, second, third, fourth, fifth);
      return result == -1 ? -errno.getInt(ERRNO) : result;
    } catch (Throwable e) { // a call that was linked throws nothing
      throw new AssertionError(e);
    }
  }

  long call(int call, long first, long second, long third) {
    return call(call, first, second, third, 0, 0);
  }

  static long text(Arena arena, String text) {
    return arena.allocateFrom(text).address();
  }
}
