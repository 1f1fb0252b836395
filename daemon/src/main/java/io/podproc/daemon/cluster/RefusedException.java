// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.io.IOException;

/** The API server does not know this pod's account, or the account has no right to ask. */
public final class RefusedException extends IOException {
  private static final long serialVersionUID = 1;

  RefusedException(String message) {
    super(message);
  }
}
