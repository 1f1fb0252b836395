// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

/** Why a request is answered before it is looked into. */
public enum Refusal {
  MALFORMED(400),
  TOO_SLOW(408),
  TOO_LARGE(413),
  BUSY(503);

  private final int status;

  Refusal(int status) {
    this.status = status;
  }

  int status() {
    return status;
  }
}
