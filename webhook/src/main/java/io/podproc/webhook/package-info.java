// SPDX-License-Identifier: Apache-2.0

/**
 * The admission webhook: which pods get the daemon's files, and how their specs are patched. What
 * composes it, with settings, metrics and health; alone in knowing Quarkus.
 */
@NullMarked
package io.podproc.webhook;

import org.jspecify.annotations.NullMarked;
