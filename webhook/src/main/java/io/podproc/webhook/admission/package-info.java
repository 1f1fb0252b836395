// SPDX-License-Identifier: Apache-2.0

/**
 * Admission reviews, from the bytes of a request to those of its answer. Pure: knows decisions and
 * Jackson, no clock, no file and no client.
 */
@NullMarked
package io.podproc.webhook.admission;

import org.jspecify.annotations.NullMarked;
