// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.nio.file.FileSystemException;

/**
 * This process, or the machine, is out of what a system call takes: descriptors (EMFILE, ENFILE) or
 * the kernel's memory (ENOMEM). It says nothing of the file that was asked for.
 */
public final class ExhaustedException extends FileSystemException {
  private static final long serialVersionUID = 1;

  /**
   * @param errno as {@link SystemCalls#EMFILE}
   */
  public ExhaustedException(String path, int errno) {
    super(
        path,
        null,
        errno == SystemCalls.ENOMEM ? "out of memory" : "out of descriptors, error " + errno);
  }
}
