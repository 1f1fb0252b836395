// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What the keepers hold, the youngest's first: copies of their descriptors, closed with this. */
final class Holds implements AutoCloseable {
  private final SystemCalls calls;
  private final List<Hold> all = new ArrayList<>();

  /**
   * What a keeper holds.
   *
   * @param pid the keeper's
   * @param device our copy of its descriptor
   * @param state when it was copied
   */
  record Hold(int pid, int device, Connection.State state) {}

  Holds(SystemCalls calls) {
    this.calls = calls;
  }

  /** Adds an older keeper's. */
  void add(int pid, int device) throws MountException {
    Connection.State state;
    try {
      state = Connection.state(calls, device);
    } catch (MountException e) {
      int _ = calls.close(device);
      throw e;
    }
    all.add(new Hold(pid, device, state));
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  Optional<Hold> youngest(Connection.State state) {
    return youngest(hold -> hold.state() == state);
  }

  /** The youngest of a mount's connection; where the kernel does not tell, any one may be. */
  Optional<Hold> youngestOf(MountInfo.Mount mount) {
    return youngest(hold ->
        hold.state() == Connection.State.LIVE
            && Connection.of(hold.device())
                .filter(id -> !mount.device().equals("0:" + id))
                .isEmpty());
  }

  /** The youngest of a connection, also if it was shared with its keeper since. */
  Optional<Hold> youngestOf(Connection connection) {
    Optional<String> id = Connection.of(connection.descriptor());
    return youngest(
        hold -> hold.state() != Connection.State.ENDED && Connection.of(hold.device()).equals(id));
  }

  private Optional<Hold> youngest(Predicate<Hold> wanted) {
    return all.stream().filter(wanted).findFirst();
  }

  /** Has the keepers that hold nothing yet hold a connection as well. */
  void share(Connection connection) {
    for (Hold hold : all) {
      if (hold.state() == Connection.State.UNUSED && hold.device() != connection.descriptor()) {
        boolean _ = connection.share(calls, hold.device());
      }
    }
  }

  /** Descriptors that can't be used again: whoever started their keepers starts them anew. */
  void replace(Connection.State state) {
    for (Hold hold : all) {
      if (hold.state() == state) {
        Log.warn(
            "keeper %d holds a connection that %s, and is told to end too",
            hold.pid(), state == Connection.State.ENDED ? "has ended" : "is not mounted any more");
        ProcessHandle.of(hold.pid()).ifPresent(ProcessHandle::destroy);
      }
    }
  }

  /** Its copy is the caller's now, and is not closed with the others. */
  Connection take(Hold hold) {
    boolean _ = all.remove(hold);
    return new Connection(hold.device());
  }

  @Override
  public void close() {
    all.forEach(hold -> calls.close(hold.device()));
  }
}
