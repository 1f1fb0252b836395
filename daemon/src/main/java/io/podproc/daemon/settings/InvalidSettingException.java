// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.settings;

/** A setting can't be used. The message is one line that says which, and why. */
public final class InvalidSettingException extends Exception {
  private static final long serialVersionUID = 1;

  InvalidSettingException(String message) {
    super(message);
  }
}
