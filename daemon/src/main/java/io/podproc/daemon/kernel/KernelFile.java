// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.kernel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.linux.ExhaustedException;
import io.podproc.daemon.linux.ReadableFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A text file of procfs, sysfs or cgroupfs whose descriptor is kept open between reads: a tenth of
 * the cost of opening it each time.
 *
 * <p>A descriptor below a removed cgroup fails with ENODEV and never recovers, even if a cgroup of
 * the same name comes back: the failure is passed on, and the next read opens the file again.
 */
public final class KernelFile implements Closeable {
  /** Larger than all but a few files on a few machines. Of the thread, as files are many. */
  private static final ThreadLocal<byte[]> BUFFER = ThreadLocal.withInitial(() -> new byte[8192]);

  /** No kernel text that podproc reads comes near; what does is no kernel text. */
  private static final int MAX_SIZE = 16 << 20;

  /** Makes something of a text. */
  public interface Parser<T> {
    /**
     * Is given a text.
     *
     * @param bytes holds it from 0 on, and another one as soon as this thread reads again
     */
    T parse(byte[] bytes, int length) throws IOException;
  }

  /** Of the directory, as it is there anyway: a path for each file would be half a megabyte. */
  private final Path directory;

  private final String name;
  private final boolean inOnePiece;
  private final boolean isHeld;

  @GuardedBy("this")
  private @Nullable ReadableFile open;

  @GuardedBy("this")
  private boolean closed;

  private KernelFile(Path directory, String name, boolean inOnePiece, boolean isHeld) {
    this.directory = directory;
    this.name = name;
    this.inOnePiece = inOnePiece;
    this.isHeld = isHeld;
  }

  /** A file that the kernel may hand out piece by piece: a list of tasks, devices or CPUs. */
  public KernelFile(Path directory, String name) {
    this(directory, name, false, false);
  }

  /**
   * A file that the kernel writes at once (single_open, and in kernfs all that have no seq_next):
   * where it leaves room in the buffer there is no more, and no read is needed that only says so.
   */
  public static KernelFile inOnePiece(Path directory, String name) {
    return new KernelFile(directory, name, true, false);
  }

  /**
   * The same, whose descriptor is kept even where few are left: it stands for what was there when
   * it was opened, and another one might not.
   */
  public static KernelFile held(Path directory, String name) {
    return new KernelFile(directory, name, true, true);
  }

  /**
   * The whole text as it is now, each byte a character (ISO 8859-1), so that what is not ASCII
   * passes through unharmed.
   *
   * @throws IOException the file or its cgroup is gone, or the kernel refused
   */
  public String read() throws IOException {
    return read(KernelFile::text);
  }

  private static String text(byte[] bytes, int length) {
    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
  }

  /** What the parser makes of the whole text as it is now; throws as {@link #read()} does. */
  // Synchronized as a whole: between two reads of one descriptor another thread's read would move
  // seq_file's position (fs/seq_file.c:seq_read_iter) and join the halves of two texts.
  public synchronized <T> T read(Parser<T> parser) throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    ReadableFile file = open;
    int length = file == null ? readNew(ReadableFile.open(toString())) : readKept(file);
    return parser.parse(BUFFER.get(), length);
  }

  /** As {@link #read()}, but empty where the kernel has no such file. */
  public synchronized Optional<String> readIfPresent() throws IOException {
    if (open != null || closed) {
      return Optional.of(read());
    }
    Optional<ReadableFile> file = ReadableFile.openIfPresent(toString());
    if (file.isEmpty()) {
      return Optional.empty();
    }
    int length = readNew(file.get());
    return Optional.of(text(BUFFER.get(), length));
  }

  @GuardedBy("this")
  private int readNew(ReadableFile file) throws IOException {
    open = file;
    int length = readKept(file);
    if (!isHeld && ReadableFile.areScarce()) {
      reopen();
    }
    return length;
  }

  @GuardedBy("this")
  private int readKept(ReadableFile file) throws IOException {
    try {
      return readFrom(file);
    } catch (ExhaustedException e) {
      throw e; // nothing is wrong with the descriptor
    } catch (IOException e) {
      reopen();
      throw e;
    }
  }

  private int readFrom(ReadableFile file) throws IOException {
    byte[] bytes = BUFFER.get();
    int length = 0;
    while (true) {
      int n = file.read(bytes, length, length, this);
      length += n;
      if (n == 0 || (inOnePiece && length < bytes.length)) {
        return length;
      }
      if (length == bytes.length) {
        if (length >= MAX_SIZE) {
          throw new IOException(this + ": more than " + MAX_SIZE + " bytes");
        }
        bytes = Arrays.copyOf(bytes, length * 2);
        BUFFER.set(bytes);
      }
    }
  }

  /** The next read opens the file again. */
  public synchronized void reopen() {
    ReadableFile file = open;
    open = null;
    if (file != null) {
      file.close();
    }
  }

  /** There is no read after this. */
  @Override
  public synchronized void close() {
    closed = true;
    reopen();
  }

  @Override
  public String toString() {
    return directory + "/" + name;
  }
}
