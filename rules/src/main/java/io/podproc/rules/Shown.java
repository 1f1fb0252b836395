// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import java.util.OptionalLong;

/**
 * What a container is to be shown of itself.
 *
 * @param memory no more than this, in bytes, at least {@link ViewWish#LEAST_MEMORY}; empty: its
 *     limit
 */
public record Shown(CpuWish cpus, OptionalLong memory) {
  /** As without a wish. */
  public static final Shown USUAL = new Shown(CpuWish.USUAL, OptionalLong.empty());
}
