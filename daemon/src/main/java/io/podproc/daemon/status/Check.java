// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

/**
 * What the doctor says of one thing.
 *
 * @param what was looked at
 * @param found there
 * @param advice of what is degraded what is done instead, of what is broken what to do; else empty
 */
record Check(String what, State state, String found, String advice) {
  enum State {
    OK,
    /** Podproc does something else instead. */
    DEGRADED,
    /** Something is to be done by hand. */
    BROKEN
  }

  static Check ok(String what, String found) {
    return new Check(what, State.OK, found, "");
  }

  static Check degraded(String what, String found, String instead) {
    return new Check(what, State.DEGRADED, found, instead);
  }

  static Check broken(String what, String found, String todo) {
    return new Check(what, State.BROKEN, found, todo);
  }
}
