// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.util.ArrayList;
import java.util.List;

/** Descriptors that are closed together. */
final class HeldDescriptors implements AutoCloseable {
  private final List<Integer> open = new ArrayList<>();

  /** openat(2): a descriptor that is closed with the others. */
  int open(int directory, String path, int flags) throws SystemCallException {
    SystemCalls calls = SystemCalls.ofThread();
    return keep("openat", calls.openAt(directory, path, flags | SystemCalls.O_CLOEXEC));
  }

  /**
   * Has the descriptor that a call has returned closed with the others.
   *
   * @param result of the call, -errno where it failed
   */
  int keep(String call, int result) throws SystemCallException {
    int descriptor = SystemCallException.check(call, result);
    open.add(descriptor);
    return descriptor;
  }

  @Override
  public void close() {
    open.forEach(SystemCalls.ofThread()::close);
  }
}
