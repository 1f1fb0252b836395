// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import io.podproc.daemon.delivery.Outcome.Result;

/** Nothing may be attached to a container. The message says why, in a few words. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1;

  /** How far a container is that looks so. */
  enum Stage {
    /** It is still the node's: no container is made yet. */
    BEGUN,
    /** It is made, or will be soon: what is missing may come. */
    NEARLY_MADE,
    MADE
  }

  private final Result result;
  private final Stage stage;

  private RefusedException(Result result, String reason, Stage stage) {
    super(reason, null, false, false); // a container that is being made is asked again and again
    this.result = result;
    this.stage = stage;
  }

  static RefusedException forGood(String reason) {
    return new RefusedException(Result.REFUSED, reason, Stage.MADE);
  }

  static RefusedException onNode(String reason) {
    return new RefusedException(Result.REFUSED, reason, Stage.BEGUN);
  }

  static RefusedException nearlyMade(String reason) {
    return new RefusedException(Result.REFUSED, reason, Stage.NEARLY_MADE);
  }

  /** A sandbox, or one that is being made. */
  static RefusedException sandbox() {
    return new RefusedException(
        Result.SKIPPED, "nothing of its pod is mounted in it, as in a sandbox", Stage.NEARLY_MADE);
  }

  Result result() {
    return result;
  }

  Stage stage() {
    return stage;
  }
}
