// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.linux;

import java.io.Closeable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Directories in which others are made, by inotify(7). Used by one thread: the one that waits is
 * the one that is woken.
 */
public final class Watches implements Closeable {
  // linux/inotify.h
  private static final int IN_CREATE = 0x100;
  private static final int IN_Q_OVERFLOW = 0x4000;
  private static final int IN_IGNORED = 0x8000;
  private static final int IN_ONLYDIR = 0x1000000;
  private static final int IN_ISDIR = 0x40000000;

  // struct inotify_event: wd, mask, cookie, len, name
  private static final int MASK = 4;
  private static final int LENGTH = 12;
  private static final int NAME = 16;

  /** Room for some hundred names. */
  private static final int BUFFER_SIZE = 64 * 1024;

  private final SystemCalls calls = SystemCalls.ofThread();
  private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_SIZE, 8);
  private final int inotify;

  /** What has happened. */
  public sealed interface Event {
    /** A directory was made in one that is watched. */
    record Made(int watch, String name) implements Event {}

    /** One that was watched is gone. */
    record Gone(int watch) implements Event {}

    /** More than the kernel keeps: some are lost. */
    record Lost() implements Event {}
  }

  /**
   * @throws SystemCallException EMFILE: this user has no more of them
   */
  public Watches() throws SystemCallException {
    inotify = calls.inotify();
    if (inotify < 0) {
      throw new SystemCallException("inotify_init1", -inotify);
    }
  }

  /**
   * Watches a directory from now on; what was made before is to be looked for afterwards.
   *
   * @return what its events are called by
   * @throws SystemCallException ENOSPC: this user has no more of them; ENOENT: it is gone
   */
  public int add(String directory) throws SystemCallException {
    int watch = calls.watch(inotify, directory, IN_CREATE | IN_ONLYDIR);
    if (watch < 0) {
      throw new SystemCallException("inotify_add_watch", -watch);
    }
    return watch;
  }

  /** What has happened since the last time; waits for it, for a time. */
  public List<Event> await(Duration most) {
    if (!calls.awaitReadable(new int[] {inotify}, most.toNanos())[0]) {
      return List.of();
    }
    int length = (int) Math.max(0, calls.read(inotify, buffer));
    ByteBuffer events = buffer.asByteBuffer().order(ByteOrder.nativeOrder());
    List<Event> found = new ArrayList<>();
    for (int at = 0; at < length; at += NAME + events.getInt(at + LENGTH)) {
      int watch = events.getInt(at);
      int mask = events.getInt(at + MASK);
      if ((mask & IN_Q_OVERFLOW) != 0) {
        found.add(new Event.Lost());
      } else if ((mask & IN_IGNORED) != 0) {
        found.add(new Event.Gone(watch));
      } else if ((mask & IN_ISDIR) != 0) {
        found.add(new Event.Made(watch, name(events, at + NAME, events.getInt(at + LENGTH))));
      }
    }
    return found;
  }

  /** It is padded with zeros. */
  private static String name(ByteBuffer events, int from, int length) {
    byte[] bytes = new byte[length];
    events.get(from, bytes);
    int end = 0;
    while (end < length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() {
    int _ = calls.close(inotify);
  }
}
