// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

/** Why a connection is closed from here. */
public enum Cut {
  /** It never brought a review, and was not about to. */
  UNPROVEN,
  /** It brought reviews, the last long ago. */
  IDLE,
  /** Others needed the room. */
  CROWDED
}
