// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

/**
 * Is told of each request and each rendering, so that they can be counted. Called by many threads,
 * and must not block.
 */
public interface Requests {
  /** What an answer is made of. */
  enum Outcome {
    /** The caller's container. */
    CONTAINER,
    /** The host, because the caller is one of its own processes. */
    HOST,
    /** The host, because the container's text could not be had. */
    FALLBACK,
    /** The caller's container as it was when the open file was read before. */
    STALE,
    /** Nothing: the reader got an errno. */
    ERROR
  }

  /** Why an answer is not the container's as of now. */
  enum Reason {
    /** The caller ended, or can't be placed. */
    CALLER,
    /** A file of the kernel is missing or was refused: the cgroup is gone or lacks a controller. */
    KERNEL,
    /** Podproc itself is short of descriptors or memory. The host's text is no answer to that. */
    SHORTAGE,
    /** A text of the kernel that podproc can't make sense of, or a defect of podproc. */
    RENDER
  }

  /** The kernel got an answer to a request of any kind, if only an error. */
  void answered();

  /** One was refused, as too many of the same owner waited. */
  void refused();

  void rendered(VirtualTree.File file, Outcome outcome, long nanos);

  void fellBack(VirtualTree.File file, Reason reason, Exception cause);

  /** A request got EIO, because of what nobody foresaw. */
  void failed(Throwable defect);
}
