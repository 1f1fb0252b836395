// SPDX-License-Identifier: Apache-2.0
/**
 * What is counted, and the page that tells it. Each of these is told by the package it counts, by
 * an interface of that package; with tasks alone in knowing Micrometer.
 */
@NullMarked
package io.podproc.daemon.status.metrics;

import org.jspecify.annotations.NullMarked;
