// SPDX-License-Identifier: Apache-2.0

/** The admission webhook: which pods get the daemon's files, and how their specs are patched. */
@NullMarked
package io.podproc.webhook;

import org.jspecify.annotations.NullMarked;
