// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.Requests;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Requests of any bytes, some after the other: each gets an answer that the kernel takes, or none
 * where it wants none.
 *
 * <p>An input is a sequence of requests: an opcode, a byte of which the upper bits say what is put
 * in, and how long the body is, then the body.
 */
public final class DispatcherFuzz {
  private static final int LENGTH = 0x1f;
  private static final int KNOWN_HANDLE = 0x20;
  private static final int WRONG_LENGTH = 0x40;
  private static final int RAW_OPCODE = 0x80;
  private static final long UNIQUE = 0x8000_0000_0000_1234L;
  private static final long[] NODES = {1, 2, 3, 10, 11, 12, 0, -1, 77};
  private static final int[] OPCODES = {
    FuseMessages.LOOKUP,
    FuseMessages.GETATTR,
    FuseMessages.OPEN,
    FuseMessages.READ,
    FuseMessages.STATFS,
    FuseMessages.RELEASE,
    FuseMessages.INIT,
    FuseMessages.OPENDIR,
    FuseMessages.READDIR,
    FuseMessages.IOCTL,
    FuseMessages.BATCH_FORGET,
    FuseMessages.READDIRPLUS
  };

  /** What the kernel takes for an error (fs/fuse/dev.c:fuse_dev_do_write). */
  private static final int WORST_ERROR = -511;

  private static final Path PROC = hostFiles();

  private final ByteBuffer reply =
      ByteBuffer.allocate(Dispatcher.REPLY_SIZE).order(ByteOrder.nativeOrder());
  private final Dispatcher dispatcher = dispatcher();
  private long handle;

  private DispatcherFuzz() {}

  /** An input of the fuzzer's. */
  public static void fuzzerTestOneInput(byte[] input) {
    DispatcherFuzz fuzz = new DispatcherFuzz();
    ByteBuffer in = ByteBuffer.wrap(input).order(ByteOrder.nativeOrder());
    while (in.remaining() >= 3) {
      fuzz.ask(fuzz.request(in));
    }
  }

  private ByteBuffer request(ByteBuffer in) {
    int opcode = Byte.toUnsignedInt(in.get());
    int how = in.get();
    long node = NODES[Byte.toUnsignedInt(in.get()) % NODES.length];
    byte[] body = new byte[Math.min(in.remaining(), 4 * (how & LENGTH))];
    in.get(body);
    ByteBuffer request = ByteBuffer.allocate(256).order(ByteOrder.nativeOrder());
    request.putInt(0).putInt((how & RAW_OPCODE) != 0 ? opcode : OPCODES[opcode % OPCODES.length]);
    request.putLong(UNIQUE).putLong(node).putInt(0).putInt(0).putInt(300).putInt(0).put(body);
    if ((how & KNOWN_HANDLE) != 0 && body.length >= Long.BYTES) {
      request.putLong(FuseMessages.HANDLE, handle);
    }
    request.flip();
    int off = (how & WRONG_LENGTH) != 0 ? 1 : 0;
    return request.putInt(FuseMessages.IN_LENGTH, request.limit() - off);
  }

  private void ask(ByteBuffer request) {
    if (Dispatcher.takesTurn(request)) {
      Object _ = dispatcher.holder(request).orElseGet(() -> dispatcher.owner(0));
      assertThat(Dispatcher.toKeep(request).length).isLessThanOrEqualTo(request.limit());
    }
    dispatcher.answer(request, reply, () -> MappingRefusal.NONE);
    if (reply.remaining() == 0) {
      return;
    }
    int error = reply.getInt(FuseMessages.OUT_ERROR);
    assertThat(reply.getInt(FuseMessages.OUT_LENGTH)).isEqualTo(reply.limit());
    assertThat(error).isBetween(WORST_ERROR, 0);
    assertThat(reply.getLong(FuseMessages.OUT_UNIQUE)).isEqualTo(UNIQUE);
    if (error != 0) {
      assertThat(reply.limit()).isEqualTo(FuseMessages.OUT_HEADER);
      // Nothing that was asked for is a defect of ours: what is one is EIO.
      assertThat(error).isNotEqualTo(-5);
    } else if (request.getInt(FuseMessages.IN_OPCODE) == FuseMessages.OPEN) {
      handle = reply.getLong(FuseMessages.OUT_HEADER);
    } else if (request.getInt(FuseMessages.IN_OPCODE) == FuseMessages.READ) {
      long size = Integer.toUnsignedLong(request.getInt(FuseMessages.READ_SIZE));
      assertThat((long) reply.limit() - FuseMessages.OUT_HEADER).isLessThanOrEqualTo(size);
    }
  }

  private static Path hostFiles() {
    try {
      Path proc = Files.createTempDirectory("podproc-fuzz");
      proc.toFile().deleteOnExit();
      for (String name : List.of("stat", "uptime")) {
        Path file = Files.writeString(proc.resolve(name), name + " 1 2 3\n".repeat(400));
        file.toFile().deleteOnExit();
      }
      return proc;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Dispatcher dispatcher() {
    VirtualTree tree =
        new VirtualTree(
            List.of(
                VirtualTree.File.of(10, new Served("/proc/stat")),
                VirtualTree.File.of(11, new Served("/proc/uptime")),
                VirtualTree.File.rootOnly(12, new Served("/proc/slabinfo"), "none\n")));
    HostFacts host = new HostFacts(PROC, PROC, Duration.ZERO, System::nanoTime, System::nanoTime);
    return new Dispatcher(tree, new Opener(new OfHost(), host, new Uncounted()), false, () -> {});
  }

  private record Served(String path) implements VirtualFile {
    @Override
    public String read(View view) {
      throw new UnsupportedOperationException(); // the callers here are the host's own
    }
  }

  private record OfHost() implements Views {
    @Override
    public Optional<View> of(int callerTid) {
      return Optional.empty();
    }

    @Override
    public Object owner(int callerTid) {
      return callerTid;
    }

    @Override
    public View renew(View view) {
      return view;
    }
  }

  private record Uncounted() implements Requests {
    @Override
    public void answered() {}

    @Override
    public void refused() {}

    @Override
    public void rendered(VirtualTree.File file, Outcome outcome, long nanos) {}

    @Override
    public void fellBack(VirtualTree.File file, Reason reason, Exception cause) {}

    @Override
    public void failed(Throwable defect) {
      throw new AssertionError(defect);
    }
  }
}
