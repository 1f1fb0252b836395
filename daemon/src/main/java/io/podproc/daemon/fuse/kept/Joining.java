// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kept;

import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.MountPoint;
import io.podproc.daemon.fuse.kept.Holds.Hold;
import io.podproc.daemon.fuse.kernel.Connection;
import io.podproc.daemon.fuse.kernel.SelinuxContext;
import io.podproc.daemon.kernel.MountInfo;
import io.podproc.daemon.linux.Lack;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How a daemon comes to a connection.
 *
 * @param context what the files of a new one are labelled with
 * @param idMapped whether the mount of a new one may be id-mapped
 * @param placeholders lays them in a directory
 */
record Joining(
    Keepers keepers,
    MountPoint mountPoint,
    SelinuxContext context,
    boolean idMapped,
    VirtualTree tree,
    Consumer<Path> placeholders) {
  /**
   * The connection that this daemon may serve.
   *
   * @param number as {@code 0:57}
   * @param found whether an earlier daemon had mounted it
   * @param keeper whose descriptor it is, so that what is read of it outlives this daemon; empty if
   *     it is this daemon's own
   * @param resends whether the kernel can send again what was read and not answered
   */
  record Joined(
      Connection connection,
      String number,
      boolean found,
      Optional<Integer> keeper,
      boolean resends) {}

  /** Finds the connection that is there, or mounts a new one, and has all keepers hold it. */
  Joined join(SystemCalls calls) throws IOException, MountException, InterruptedException {
    try (Holds holds = keepers.holds(calls)) {
      if (holds.isEmpty()) {
        Log.warn("no keeper in %s: the files end with this daemon", keepers.directory());
      }
      Optional<Hold> kept = number().flatMap(holds::youngestOf);
      Optional<Hold> keeper = kept.or(holds::youngestUnused);
      Connection connection;
      if (kept.isPresent()) {
        connection = new Connection(kept.get().device());
      } else {
        mountPoint.clear(tree);
        placeholders.accept(mountPoint.path());
        int device = keeper.isPresent() ? keeper.get().device() : Connection.open(calls);
        connection = Connection.mount(calls, device, mountPoint.path(), context, idMapped);
        holds.endAll();
      }
      String number =
          number()
              .orElseThrow(() -> new MountException(mountPoint.path() + " was unmounted at once"));
      holds.share(connection, number);
      // Where the kernel can't send again, what this daemon takes must end with it: a descriptor
      // that outlives it would let its callers wait for ever.
      boolean resends = connection.resend(calls);
      Connection through = resends || keeper.isEmpty() ? connection : connection.own(calls);
      if (resends) {
        keeper.ifPresent(holds::take);
      } else {
        Log.info("this kernel can't send requests again %s", Lack.NOTIFY_RESEND);
      }
      return new Joined(
          through, number, kept.isPresent(), keeper.filter(_ -> resends).map(Hold::pid), resends);
    }
  }

  /** An earlier daemon laid those of the files that it knew. */
  void layPlaceholdersUnderneath() {
    try {
      mountPoint.underneath(placeholders);
    } catch (MountException e) {
      Log.warn("files that are new in this version have no placeholder yet: %s", e.getMessage());
    }
  }

  /** Has keepers that hold nothing yet hold the connection that another daemon serves. */
  void keep() throws IOException, MountException {
    try (Arena arena = Arena.ofConfined();
        Holds holds = keepers.holds(new SystemCalls(arena))) {
      number()
          .ifPresent(number ->
              holds
                  .youngestOf(number)
                  .ifPresent(live -> holds.share(new Connection(live.device()), number)));
    }
  }

  /** Of the connection that is mounted, as {@code 0:57}. */
  Optional<String> number() throws MountException {
    return mountPoint
        .mounted()
        .filter(mount -> mount.type().equals(MountPoint.TYPE))
        .map(MountInfo.Mount::device);
  }
}
