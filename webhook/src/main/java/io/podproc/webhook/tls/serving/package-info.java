// SPDX-License-Identifier: Apache-2.0

/**
 * What handshakes are given: keys of the moment, and whose clients are trusted. Knows the JDK's TLS
 * and certificates; nothing of where they come from.
 */
@NullMarked
package io.podproc.webhook.tls.serving;

import org.jspecify.annotations.NullMarked;
