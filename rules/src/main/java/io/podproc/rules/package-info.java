// SPDX-License-Identifier: Apache-2.0
/**
 * Which pods want which files, as far as labels and annotations say: the rules that webhook and
 * daemon have in common. Both compile this folder, as each is built alone. Knows the JDK alone.
 */
@NullMarked
package io.podproc.rules;

import org.jspecify.annotations.NullMarked;
