// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What the daemon of a test class is started with, as {@code -Dpodproc.swap=false}. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@interface DaemonOptions {
  String[] value();
}
