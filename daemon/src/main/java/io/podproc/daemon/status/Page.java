// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

/** What there is at a path. */
public interface Page {
  /** Makes it anew. One at a time. */
  Answer answer() throws InterruptedException;
}
