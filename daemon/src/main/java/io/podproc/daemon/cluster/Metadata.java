// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.util.Map;

/**
 * What is kept of an object of the cluster.
 *
 * @param namespace empty for what is in none
 * @param labels those that were asked for
 * @param annotations those that were asked for; longer ones than {@link #LONGEST} are cut
 */
public record Metadata(
    String uid,
    String namespace,
    String name,
    Map<String, String> labels,
    Map<String, String> annotations) {
  /** Of a value, in characters. Kubernetes lets annotations have 256 Ki in all. */
  static final int LONGEST = 4096;
}
