// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.nio.file.FileSystemException;

/**
 * This process, or the machine, is out of what a system call takes: descriptors (EMFILE, ENFILE),
 * the kernel's memory (ENOMEM), or it does not work (EIO). It says nothing of the file that was
 * asked for.
 */
public final class ExhaustedException extends FileSystemException {
  private static final long serialVersionUID = 1;

  /**
   * @param errno as {@link Errno#EMFILE}
   */
  public ExhaustedException(String path, int errno) {
    super(
        path,
        null,
        switch (errno) {
          case Errno.ENOMEM -> "out of memory";
          case Errno.EIO -> "it can't be read, error " + errno;
          default -> "out of descriptors, error " + errno;
        });
  }
}
