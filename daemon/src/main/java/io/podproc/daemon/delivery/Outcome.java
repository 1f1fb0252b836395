// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

/**
 * What became of a container to which files were to be brought.
 *
 * @param reason why, in a few words; of what needs none, empty
 * @param attached how many files were laid over the container's own
 * @param detached how many were taken away
 */
public record Outcome(Result result, String reason, int attached, int detached) {
  /** How it ended. */
  public enum Result {
    /** What is wanted is there now. */
    DONE,
    /** What is wanted was there before. */
    NOTHING_TO_DO,
    /** A container that gets no files, by the rules. */
    SKIPPED,
    /** One into which nothing may be attached: that would be dangerous. */
    REFUSED,
    /** It has ended. */
    GONE,
    /** It did not answer within the deadline. */
    TIMED_OUT,
    FAILED
  }
}
