// SPDX-License-Identifier: Apache-2.0

/**
 * Whether a pod gets the daemon's files, and how its JSON is patched. Pure: what comes out is made
 * of what goes in. Knows Jackson and the rules, nothing else.
 *
 * <p>The user's JSON is never read into a model and written again, so fields that are unknown here
 * survive. Twice is once: {@code reinvocationPolicy: IfNeeded} may ask again. Containers that may
 * mount keep the node's view where only their namespace opted in.
 */
@NullMarked
package io.podproc.webhook.injection;

import org.jspecify.annotations.NullMarked;
