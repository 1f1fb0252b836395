// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import io.podproc.daemon.vfs.OpenFile;
import io.podproc.daemon.vfs.OpenFiles;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.vfs.VirtualTree.Directory;
import io.podproc.daemon.vfs.VirtualTree.File;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CountDownLatch;
import jnr.ffi.Pointer;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;
import org.jboss.logging.Logger;
import ru.serce.jnrfuse.ErrorCodes;
import ru.serce.jnrfuse.FuseFillDir;
import ru.serce.jnrfuse.FuseStubFS;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.FuseFileInfo;

/** libfuse's callbacks. Nothing that is thrown leaves them: it becomes an errno here. */
final class FuseAdapter extends FuseStubFS {
  private static final Logger LOG = Logger.getLogger(FuseAdapter.class);
  private static final String NAME = "podproc";

  private final VirtualTree tree;
  private final Opener opener;
  private final OpenFiles openFiles = new OpenFiles();
  private final CountDownLatch serving = new CountDownLatch(1);
  private final long mountedSeconds = System.currentTimeMillis() / 1000;

  private interface Callback {
    int run() throws IOException;
  }

  /**
   * Loads libfuse.
   *
   * @throws UnsatisfiedLinkError libfuse.so.2 is not installed
   */
  FuseAdapter(VirtualTree tree, Opener opener) {
    this.tree = tree;
    this.opener = opener;
  }

  /** Opens once the kernel has greeted this daemon. */
  CountDownLatch serving() {
    return serving;
  }

  @Override
  public Pointer init(Pointer connection) {
    serving.countDown();
    return connection;
  }

  @Override
  public int getattr(String path, FileStat stat) {
    return answer(() -> {
      VirtualTree.Node node = node(path);
      stat.st_ino.set(node.inode());
      stat.st_mtim.tv_sec.set(mountedSeconds);
      stat.st_ctim.tv_sec.set(mountedSeconds);
      stat.st_atim.tv_sec.set(mountedSeconds);
      switch (node) {
        case Directory directory -> {
          stat.st_mode.set(FileStat.S_IFDIR | 0555);
          stat.st_nlink.set(2);
        }
        case File file -> {
          // The size stays 0, as in procfs: only reading tells it.
          stat.st_mode.set(FileStat.S_IFREG | file.mode());
          stat.st_nlink.set(1);
        }
      }
      return 0;
    });
  }

  @Override
  public int readdir(
      String path, Pointer buffer, FuseFillDir fill, @off_t long offset, FuseFileInfo info) {
    return answer(() -> {
      if (!(node(path) instanceof Directory directory)) {
        return -ErrorCodes.ENOTDIR();
      }
      fill.apply(buffer, ".", null, 0);
      fill.apply(buffer, "..", null, 0);
      for (String name : directory.names()) {
        fill.apply(buffer, name, null, 0);
      }
      return 0;
    });
  }

  @Override
  public int open(String path, FuseFileInfo info) {
    return answer(() -> {
      info.fh.set(openFiles.add(opener.open(file(path), getContext().pid.intValue())));
      return 0;
    });
  }

  @Override
  public int read(
      String path, Pointer buffer, @size_t long size, @off_t long offset, FuseFileInfo info) {
    return answer(() -> {
      byte[] text = openFile(path, info).snapshot(offset);
      if (offset >= text.length) {
        return 0;
      }
      int length = (int) Math.min(size, text.length - offset);
      buffer.put(0, text, (int) offset, length);
      return length;
    });
  }

  @Override
  public int release(String path, FuseFileInfo info) {
    openFiles.remove(info.fh.longValue());
    return 0;
  }

  /** A handle that is not known came from another daemon: its file is opened again, now. */
  private OpenFile openFile(String path, FuseFileInfo info) throws IOException {
    OpenFile known = openFiles.get(info.fh.longValue()).orElse(null);
    return known != null ? known : opener.open(file(path), getContext().pid.intValue());
  }

  private VirtualTree.Node node(String path) throws NoSuchFileException {
    return tree.find(path).orElseThrow(() -> new NoSuchFileException(path));
  }

  private File file(String path) throws NoSuchFileException {
    if (node(path) instanceof File file) {
      return file;
    }
    throw new NoSuchFileException(path);
  }

  private static int answer(Callback callback) {
    try {
      return callback.run();
    } catch (NoSuchFileException e) {
      return -ErrorCodes.ENOENT();
    } catch (AccessDeniedException e) {
      return -ErrorCodes.EACCES();
    } catch (IOException e) {
      return -ErrorCodes.EIO();
    } catch (Throwable e) { // into C nothing may be thrown
      LOG.error("a callback failed", e);
      return -ErrorCodes.EIO();
    }
  }

  @Override
  protected String getFSName() {
    return NAME;
  }

  @Override
  public void umount() {
    // jnr-fuse would start fusermount as the JVM goes down. FuseMount does it without.
  }
}
