// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

/** What a command is answered: the text, and how the program that asked is to end. */
public record Reply(Ending ending, String text) {
  /** How it is to end. */
  public enum Ending {
    FINE(0),
    /** It was answered, and something is broken. */
    BROKEN(1),
    /** It could not be answered: the text is one line that says why. */
    REFUSED(2);

    private final int status;

    Ending(int status) {
      this.status = status;
    }

    /** The exit status, a digit, which the answer begins with. */
    public int status() {
      return status;
    }
  }

  static Reply fine(String text) {
    return new Reply(Ending.FINE, text);
  }

  static Reply refused(String why) {
    return new Reply(Ending.REFUSED, why + "\n");
  }
}
