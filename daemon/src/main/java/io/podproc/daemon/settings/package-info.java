// SPDX-License-Identifier: Apache-2.0
/**
 * What the user has set, checked, and how wrong settings are told. Knows the types that settings
 * have; reads no file.
 */
@NullMarked
package io.podproc.daemon.settings;

import org.jspecify.annotations.NullMarked;
