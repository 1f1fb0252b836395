// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.admission;

/** What came is no review of a pod. The message is one line, and has nothing of the body in it. */
public final class MalformedReviewException extends Exception {
  private static final long serialVersionUID = 1;

  MalformedReviewException(String message) {
    super(message);
  }
}
