// SPDX-License-Identifier: Apache-2.0

/**
 * The certificate that reviews are answered with, and when it is made, exchanged and trusted. Knows
 * the rooms below, and the Secret that all replicas have in common.
 */
@NullMarked
package io.podproc.webhook.tls;

import org.jspecify.annotations.NullMarked;
