// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The connection that is read through. Another may take its place at any time, and the former may
 * be closed once nobody uses it.
 */
final class CurrentConnection {
  private final List<User> users = new CopyOnWriteArrayList<>();
  private volatile Connection current;

  CurrentConnection(Connection first) {
    current = first;
  }

  /** A thread that reads and answers through it. */
  final class User {
    private volatile @Nullable Connection through;

    /** What it says it uses it still may: whoever looks whether it can be closed looks then. */
    Connection current() {
      Connection found;
      do {
        found = current;
        through = found;
      } while (found.descriptor() != current.descriptor());
      return found;
    }

    /** Answers what was read there, which {@link #isUsed} was true of until now. */
    void use(Connection connection) {
      through = connection;
    }

    /** Uses none any more. */
    void leave() {
      through = null;
    }
  }

  User user() {
    User user = new User();
    users.add(user);
    return user;
  }

  Connection get() {
    return current;
  }

  /** From the request on that it reads after the next, each user reads through this. */
  void move(Connection other) {
    current = other;
  }

  /** Whether a user still reads through it, or answers what it has read. */
  boolean isUsed(Connection connection) {
    return users.stream().anyMatch(user -> connection.equals(user.through));
  }
}
