// SPDX-License-Identifier: Apache-2.0

/** Admission reviews, from the bytes of a request to those of its answer. Pure. */
@NullMarked
package io.podproc.webhook.admission;

import org.jspecify.annotations.NullMarked;
