// SPDX-License-Identifier: Apache-2.0

/**
 * The port of reviews: who may be connected, with how much, and for how long. Knows Netty, and no
 * review.
 */
@NullMarked
package io.podproc.webhook.http;

import org.jspecify.annotations.NullMarked;
