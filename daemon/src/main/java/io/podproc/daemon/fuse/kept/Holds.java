// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.kernel.Connection;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What the keepers hold, the youngest's first: copies of their descriptors, closed with this. */
final class Holds implements AutoCloseable {
  private final SystemCalls calls;
  private final Keepers keepers;
  private final List<Hold> all = new ArrayList<>();

  /**
   * What a keeper holds.
   *
   * @param pid the keeper's
   * @param device our copy of its descriptor
   * @param state when it was copied, or shared since
   * @param told what it was told of the connection that it holds, {@link Keepers#text}
   */
  record Hold(int pid, int device, Connection.State state, Optional<String> told) {
    /** Where nobody tells, any may be. */
    private boolean isOf(String number) {
      return state == Connection.State.LIVE
          && told.map(text -> text.split(" ", 2)[0])
              .or(() -> Connection.of(device).map(id -> "0:" + id))
              .map(number::equals)
              .orElse(true);
    }
  }

  Holds(SystemCalls calls, Keepers keepers) {
    this.calls = calls;
    this.keepers = keepers;
  }

  /** Adds an older keeper's. */
  void add(int pid, int device, Optional<String> told) throws MountException {
    Connection.State state;
    try {
      state = Connection.state(calls, device);
    } catch (MountException e) {
      int _ = calls.close(device);
      throw e;
    }
    all.add(new Hold(pid, device, state, told));
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  /** The youngest with which nothing was mounted yet. */
  Optional<Hold> youngestUnused() {
    return youngest(hold -> hold.state == Connection.State.UNUSED);
  }

  /**
   * The youngest of a connection.
   *
   * @param number as {@code 0:57}
   */
  Optional<Hold> youngestOf(String number) {
    return youngest(hold -> hold.isOf(number));
  }

  private Optional<Hold> youngest(Predicate<Hold> wanted) {
    return all.stream().filter(wanted).findFirst();
  }

  /**
   * Has the keepers that hold nothing yet hold a connection as well, and tells each of its keepers
   * so.
   *
   * @param number of the connection, as {@code 0:57}
   */
  void share(Connection connection, String number) {
    all.replaceAll(hold ->
        hold.state == Connection.State.UNUSED
                && (hold.device == connection.descriptor() || connection.share(calls, hold.device))
            ? new Hold(hold.pid, hold.device, Connection.State.LIVE, hold.told)
            : hold);
    all.stream()
        .filter(hold -> hold.isOf(number) && !hold.told.equals(Optional.of(keepers.text(number))))
        .forEach(hold -> keepers.tell(hold.pid, number));
  }

  /** Ends connections that are not mounted any more: their keepers begin anew. */
  void endAll() {
    for (Hold hold : all) {
      if (hold.state == Connection.State.LIVE) {
        Log.warn(
            "keeper %d holds a connection that is not mounted any more, and is told to end it",
            hold.pid);
        keepers.end(calls, hold.pid);
      }
    }
  }

  /** Its copy is the caller's now, and is not closed with the others. */
  Connection take(Hold hold) {
    boolean _ = all.removeIf(other -> other.device == hold.device);
    return new Connection(hold.device);
  }

  @Override
  public void close() {
    all.forEach(hold -> calls.close(hold.device()));
  }
}
