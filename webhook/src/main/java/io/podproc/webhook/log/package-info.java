// SPDX-License-Identifier: Apache-2.0

/** What the webhook says of what goes on being wrong. Knows JBoss Logging alone. */
@NullMarked
package io.podproc.webhook.log;

import org.jspecify.annotations.NullMarked;
