// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.libfuse;

import io.podproc.daemon.fuse.Attributes;
import io.podproc.daemon.fuse.Permission;
import io.podproc.daemon.fuse.kernel.Dispatcher;
import io.podproc.daemon.vfs.OpenFile;
import io.podproc.daemon.vfs.OpenFiles;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.vfs.VirtualTree.Directory;
import io.podproc.daemon.vfs.VirtualTree.File;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.StructLayout;
import jnr.ffi.provider.jffi.ClosureHelper;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;
import ru.serce.jnrfuse.ErrorCodes;
import ru.serce.jnrfuse.FuseFillDir;
import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.FuseOperations;

/** libfuse's callbacks. Nothing that is thrown leaves them: it becomes an errno here. */
final class FuseAdapter {
  private static final FileInfo FILE_INFO = new FileInfo();
  private static final Context CONTEXT = new Context();

  private final LibFuse libFuse;
  private final VirtualTree tree;
  private final Opener opener;
  private final OpenFiles openFiles = new OpenFiles();
  private final Runnable initialized;
  private final long mountedSeconds = System.currentTimeMillis() / 1000;

  /** Holds on to the callbacks. Once it is garbage, libfuse's calls of them do nothing. */
  private final FuseOperations operations = new FuseOperations(Runtime.getSystemRuntime());

  private interface Callback {
    int run() throws IOException;
  }

  /** struct fuse_file_info as far as podproc needs it. jnr-fuse's makes ten objects a request. */
  @SuppressWarnings("UnusedVariable") // they take the room that the next one comes after
  private static final class FileInfo extends StructLayout {
    final Signed32 flags = new Signed32();
    final UnsignedLong oldHandle = new UnsignedLong();
    final Signed32 writepage = new Signed32();
    final Unsigned32 bits = new Unsigned32();
    final Signed64 handle = new Signed64();
    final Signed64 lockOwner = new Signed64();

    FileInfo() {
      super(Runtime.getSystemRuntime());
    }
  }

  /** struct fuse_context as far as podproc needs it. */
  @SuppressWarnings("UnusedVariable") // they take the room that the next one comes after
  private static final class Context extends StructLayout {
    final uintptr_t fuse = new uintptr_t();
    final uid_t uid = new uid_t();
    final gid_t gid = new gid_t();
    final pid_t tid = new pid_t();

    Context() {
      super(Runtime.getSystemRuntime());
    }
  }

  FuseAdapter(LibFuse libFuse, VirtualTree tree, Opener opener, Runnable initialized) {
    this.libFuse = libFuse;
    this.tree = tree;
    this.opener = opener;
    this.initialized = initialized;
    operations.init.set(this::init);
    operations.getattr.set(this::getattr);
    operations.fgetattr.set(this::fgetattr);
    operations.access.set(this::access);
    operations.readdir.set(this::readdir);
    operations.open.set(this::open);
    operations.read.set(this::read);
    operations.release.set(this::release);
  }

  FuseOperations operations() {
    return operations;
  }

  /** Serves in this thread until the tree is unmounted. */
  void serve(Pointer fuse) {
    try {
      libFuse.fuse_loop(fuse);
    } finally {
      Reference.reachabilityFence(operations);
    }
  }

  private Pointer init(Pointer connection) {
    initialized.run();
    return connection;
  }

  private int getattr(String path, Pointer attributes) {
    return answer(() -> {
      FileStat stat = FileStat.of(attributes);
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
          long size = Math.max(Attributes.LEAST_SIZE, opener.size(file, callerTid()).bytes());
          stat.st_size.set(size);
          stat.st_blocks.set(Attributes.blocks(size));
          stat.st_mode.set(FileStat.S_IFREG | file.mode());
          stat.st_nlink.set(1);
        }
      }
      return 0;
    });
  }

  /** Only lseek(2) from the end asks by a handle, see {@link Dispatcher}. */
  private int fgetattr(String path, Pointer attributes, Pointer info) {
    return -ErrorCodes.EINVAL();
  }

  private int access(String path, int mask) {
    return answer(() -> {
      if (node(path) instanceof File file) {
        boolean changes = (mask & (Permission.MAY_WRITE | Permission.MAY_EXECUTE)) != 0;
        if (changes || ((mask & Permission.MAY_READ) != 0 && !mayRead(file))) {
          return -ErrorCodes.EACCES();
        }
      }
      return 0;
    });
  }

  private int readdir(
      String path, Pointer buffer, Pointer filler, @off_t long offset, Pointer info) {
    return answer(() -> {
      if (!(node(path) instanceof Directory directory)) {
        return -ErrorCodes.ENOTDIR();
      }
      ClosureHelper closures = ClosureHelper.getInstance();
      FuseFillDir fill =
          closures
              .getNativeConveter(FuseFillDir.class)
              .fromNative(filler, closures.getFromNativeContext());
      fill.apply(buffer, ".", null, 0);
      fill.apply(buffer, "..", null, 0);
      for (String name : directory.names()) {
        fill.apply(buffer, name, null, 0);
      }
      return 0;
    });
  }

  private int open(String path, Pointer info) {
    return answer(() -> {
      File file = file(path);
      if (!mayRead(file)) {
        return -ErrorCodes.EACCES();
      }
      FILE_INFO.handle.set(info, openFiles.add(opener.open(file, callerTid())));
      return 0;
    });
  }

  private int read(
      String path, Pointer buffer, @size_t long size, @off_t long offset, Pointer info) {
    return answer(() -> {
      if (FILE_INFO.lockOwner.get(info) == 0) {
        return -ErrorCodes.EINVAL(); // for the page cache, see Dispatcher
      }
      byte[] text = openFile(path, info).snapshot(offset);
      if (offset >= text.length) {
        return 0;
      }
      int length = (int) Math.min(size, text.length - offset);
      buffer.put(0, text, (int) offset, length);
      return length;
    });
  }

  private int release(String path, Pointer info) {
    openFiles.remove(FILE_INFO.handle.get(info));
    return 0;
  }

  /** A handle that is not known came from another daemon: its file is opened again, now. */
  private OpenFile openFile(String path, Pointer info) throws IOException {
    OpenFile known = openFiles.get(FILE_INFO.handle.get(info)).orElse(null);
    return known != null ? known : opener.open(file(path), callerTid());
  }

  private int callerTid() {
    return (int) CONTEXT.tid.get(libFuse.fuse_get_context());
  }

  private boolean mayRead(File file) {
    Pointer context = libFuse.fuse_get_context();
    return Permission.toRead(file, (int) CONTEXT.uid.get(context), (int) CONTEXT.tid.get(context));
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

  private int answer(Callback callback) {
    try {
      return callback.run();
    } catch (NoSuchFileException e) {
      return -ErrorCodes.ENOENT();
    } catch (AccessDeniedException e) {
      return -ErrorCodes.EACCES();
    } catch (IOException e) {
      return -ErrorCodes.EIO();
    } catch (Throwable e) { // into C nothing may be thrown
      opener.requests().failed(e);
      return -ErrorCodes.EIO();
    } finally {
      opener.requests().answered();
    }
  }
}
