// SPDX-License-Identifier: Apache-2.0

/** What the chart promises, asked of what Helm renders. */
@NullMarked
package io.podproc.helm;

import org.jspecify.annotations.NullMarked;
