// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cgroup;

/** What a cgroup read from, wrote to and discarded on one block device: requests and bytes. */
public record IoCounters(
    long reads,
    long readBytes,
    long writes,
    long writtenBytes,
    long discards,
    long discardedBytes) {
  public boolean isZero() {
    return (reads | readBytes | writes | writtenBytes | discards | discardedBytes) == 0;
  }
}
