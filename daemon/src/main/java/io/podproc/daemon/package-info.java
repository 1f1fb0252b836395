// SPDX-License-Identifier: Apache-2.0
/**
 * The composition root: settings, wiring, health and metrics. The only package that knows Quarkus.
 */
@NullMarked
package io.podproc.daemon;

import org.jspecify.annotations.NullMarked;
