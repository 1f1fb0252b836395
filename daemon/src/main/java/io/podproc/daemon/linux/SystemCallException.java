// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

/** The kernel refused. The message names the system call and the error. */
public final class SystemCallException extends Exception {
  private static final long serialVersionUID = 1;

  private final String call;
  private final int errno;

  public SystemCallException(String call, int errno) {
    this.call = call;
    this.errno = errno;
  }

  /** What the call returned, unless that is -errno. */
  static int check(String call, int result) throws SystemCallException {
    if (result < 0) {
      throw new SystemCallException(call, -result);
    }
    return result;
  }

  @Override
  public String getMessage() {
    return "error " + errno + " of " + call + "(2)";
  }

  public int errno() {
    return errno;
  }

  /**
   * Whether the kernel did not tell because it would have had to ask a file system, or can't tell
   * without that (before Linux 5.12).
   */
  public boolean isUnasked() {
    return call.equals("openat2")
        && (errno == Errno.EAGAIN || errno == Errno.ENOSYS || errno == Errno.EINVAL);
  }

  /** Whether what was named is not there, or no more. */
  public boolean isOfMissing() {
    return errno == Errno.ENOENT || errno == Errno.ESRCH;
  }
}
