// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.io.IOException;

/** Nobody listens at the API server's address. */
final class UnreachableException extends IOException {
  private static final long serialVersionUID = 1;

  UnreachableException(IOException cause) {
    super(String.valueOf(cause.getMessage()), cause);
  }
}
