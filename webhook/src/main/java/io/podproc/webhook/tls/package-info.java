// SPDX-License-Identifier: Apache-2.0

/** The certificate that reviews are answered with, and the CA that the API server trusts it by. */
@NullMarked
package io.podproc.webhook.tls;

import org.jspecify.annotations.NullMarked;
