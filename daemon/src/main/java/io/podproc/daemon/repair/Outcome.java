// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.repair;

/**
 * What came of a mount.
 *
 * @param why where it is not simply done; else empty
 */
public record Outcome(Finding finding, Result result, String why) {}
