// SPDX-License-Identifier: Apache-2.0

/**
 * Whether a pod gets the daemon's files, and how its JSON is patched. Pure: what comes out is made
 * of what goes in. Knows Jackson and the rules, nothing else.
 */
@NullMarked
package io.podproc.webhook.injection;

import org.jspecify.annotations.NullMarked;
