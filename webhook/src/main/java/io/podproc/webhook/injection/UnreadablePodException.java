// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

/** A pod is not of the shape that the API promises. The message names the field. */
public final class UnreadablePodException extends Exception {
  private static final long serialVersionUID = 1;

  UnreadablePodException(String message) {
    super(message);
  }
}
