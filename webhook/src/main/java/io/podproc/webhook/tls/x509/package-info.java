// SPDX-License-Identifier: Apache-2.0

/**
 * Certificates, their keys and their CAs, as bytes and texts. Alone in knowing BouncyCastle; knows
 * nothing of Kubernetes.
 */
@NullMarked
package io.podproc.webhook.tls.x509;

import org.jspecify.annotations.NullMarked;
