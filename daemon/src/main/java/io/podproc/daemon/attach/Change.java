// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

/**
 * What came of a mount.
 *
 * @param why where it is not simply done; else empty
 */
public record Change(Finding finding, Result result, String why) {}
