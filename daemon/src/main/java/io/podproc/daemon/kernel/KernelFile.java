// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A text file of procfs, sysfs or cgroupfs whose descriptor is kept open between reads: a third of
 * the cost of opening it each time.
 *
 * <p>A descriptor below a removed cgroup fails with ENODEV and never recovers, even if a cgroup of
 * the same name comes back: the failure is passed on, and whoever owns this file starts anew.
 */
public final class KernelFile implements Closeable {
  /** Larger than all but a few files on a few machines. Of the thread, as files are many. */
  private static final ThreadLocal<byte[]> BUFFER = ThreadLocal.withInitial(() -> new byte[8192]);

  /** No kernel text that podproc reads comes near; what does is no kernel text. */
  private static final int MAX_SIZE = 16 << 20;

  private final Path path;
  private final boolean inOnePiece;

  @GuardedBy("this")
  private @Nullable FileChannel channel;

  private KernelFile(Path path, boolean inOnePiece) {
    this.path = path;
    this.inOnePiece = inOnePiece;
  }

  /** A file that the kernel may hand out piece by piece: a list of tasks, devices or CPUs. */
  public KernelFile(Path path) {
    this(path, false);
  }

  /**
   * A file that the kernel writes at once (single_open, and in kernfs all that have no seq_next):
   * where it leaves room in the buffer there is no more, and no read is needed that only says so.
   */
  public static KernelFile inOnePiece(Path path) {
    return new KernelFile(path, true);
  }

  /**
   * The whole text as it is now, each byte a character (ISO 8859-1), so that what is not ASCII
   * passes through unharmed.
   *
   * @throws IOException the file or its cgroup is gone, or the kernel refused
   */
  // Synchronized as a whole: between two reads of one descriptor another thread's read would move
  // seq_file's position (fs/seq_file.c:seq_read_iter) and join the halves of two texts.
  public synchronized String read() throws IOException {
    try {
      FileChannel open = channel;
      if (open == null) {
        open = FileChannel.open(path, StandardOpenOption.READ);
        channel = open;
      }
      return readFrom(open);
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** As {@link #read()}, but empty where the kernel has no such file. */
  public synchronized Optional<String> readIfPresent() throws IOException {
    if (channel == null && !Files.exists(path)) { // much cheaper than an exception
      return Optional.empty();
    }
    try {
      return Optional.of(read());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private String readFrom(FileChannel open) throws IOException {
    byte[] bytes = BUFFER.get();
    int length = 0;
    while (true) {
      int n = open.read(ByteBuffer.wrap(bytes, length, bytes.length - length), length);
      length += Math.max(n, 0);
      if (n <= 0 || (inOnePiece && length < bytes.length)) {
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
      }
      if (length == bytes.length) {
        if (length >= MAX_SIZE) {
          throw new IOException(path + ": more than " + MAX_SIZE + " bytes");
        }
        bytes = Arrays.copyOf(bytes, length * 2);
        BUFFER.set(bytes);
      }
    }
  }

  @Override
  public synchronized void close() {
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        // Nothing was written: there is nothing to lose.
      }
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
