// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

/** Whom a file belongs to, in the numbers of the node. */
record Owner(int user, int group) {
  static final Owner ROOT = new Owner(0, 0);
}
