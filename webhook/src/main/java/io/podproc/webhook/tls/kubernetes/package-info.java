// SPDX-License-Identifier: Apache-2.0

/**
 * What the API server has of it: whom it is told to trust, what time it is there, and which replica
 * leads. Knows fabric8's client and certificates; decides nothing.
 */
@NullMarked
package io.podproc.webhook.tls.kubernetes;

import org.jspecify.annotations.NullMarked;
