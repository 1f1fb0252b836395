// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

/** The kernel refused. The message names the system call and the error. */
public final class SystemCallException extends Exception {
  private static final long serialVersionUID = 1;

  private final String call;
  private final int errno;

  SystemCallException(String call, int errno) {
    this.call = call;
    this.errno = errno;
  }

  @Override
  public String getMessage() {
    return "error " + errno + " of " + call + "(2)";
  }

  public int errno() {
    return errno;
  }
}
