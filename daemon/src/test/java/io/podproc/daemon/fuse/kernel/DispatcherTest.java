// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.Requests;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DispatcherTest {
  private static final long UNIQUE = 0x8000_0000_0000_1234L; // bit 63: sent a second time
  private static final int CALLER = 300;
  private static final long ROOT = 1;
  private static final long STAT = 10;
  private static final long UPTIME = 11;
  private static final String STAT_TEXT = "cpu  1 2 3\n".repeat(400);

  @TempDir Path root;
  private final List<Integer> callers = new ArrayList<>();
  private final List<Throwable> failures = new ArrayList<>();

  /** What becomes of whoever opens a file. */
  private Optional<Error> error = Optional.empty();

  private boolean initialized;
  private int backing = MappingRefusal.NONE;
  private final Counted requests = new Counted();
  private Dispatcher dispatcher;
  private FakeKernel kernel;
  private VirtualTree tree;
  private final ByteBuffer reply =
      ByteBuffer.allocate(Dispatcher.REPLY_SIZE).order(ByteOrder.nativeOrder());

  private record Served(String path) implements VirtualFile {
    @Override
    public String read(View view) {
      throw new UnsupportedOperationException(); // the callers here are the host's own
    }
  }

  private final class HostViews implements Views {
    @Override
    public Optional<View> of(int callerTid) {
      callers.add(callerTid);
      if (error.isPresent()) {
        throw error.get();
      }
      return Optional.empty();
    }

    @Override
    public Object owner(int callerTid) {
      if (callerTid != CALLER) {
        throw new IllegalStateException("a defect");
      }
      return callerTid;
    }

    @Override
    public View renew(View view) {
      return view;
    }
  }

  private final class Counted implements Requests {
    private int answered;
    private int refused;

    @Override
    public void answered() {
      answered++;
    }

    @Override
    public void refused() {
      refused++;
    }

    @Override
    public void rendered(VirtualTree.File file, Outcome outcome, long nanos) {}

    @Override
    public void fellBack(VirtualTree.File file, Reason reason, Exception cause) {}

    @Override
    public void failed(Throwable defect) {
      failures.add(defect);
    }
  }

  @BeforeEach
  void serve() {
    kernel = FakeKernel.v2(root);
    kernel.write("proc/stat", STAT_TEXT).write("proc/uptime", "1.00 2.00\n");
    tree =
        new VirtualTree(
            List.of(
                VirtualTree.File.of(STAT, new Served("/proc/stat")),
                VirtualTree.File.of(UPTIME, new Served("/proc/uptime")),
                VirtualTree.File.rootOnly(12, new Served("/proc/slabinfo"), "none\n")));
    dispatcher = dispatcher(false);
  }

  private Dispatcher dispatcher(boolean idMapped) {
    return new Dispatcher(
        tree,
        new Opener(new HostViews(), kernel.host(), requests),
        idMapped,
        () -> initialized = true);
  }

  private static ByteBuffer request(int opcode, long node, Consumer<ByteBuffer> body) {
    ByteBuffer request =
        ByteBuffer.allocate(Dispatcher.REQUEST_SIZE).order(ByteOrder.nativeOrder());
    request.putInt(0).putInt(opcode).putLong(UNIQUE).putLong(node);
    request.putInt(0).putInt(0).putInt(CALLER).putInt(0);
    body.accept(request);
    request.flip();
    return request.putInt(0, request.limit());
  }

  private int error(int opcode, long node, Consumer<ByteBuffer> body) {
    return error(request(opcode, node, body));
  }

  private int errorFor(int uid, int opcode, long node, int body) {
    return error(
        request(opcode, node, in -> in.putInt(body).putInt(0)).putInt(FuseMessages.IN_UID, uid));
  }

  private int error(ByteBuffer request) {
    dispatcher.answer(request, reply, () -> backing);
    assertThat(reply.getInt(0)).isEqualTo(reply.limit());
    assertThat(reply.getLong(8)).isEqualTo(UNIQUE);
    return -reply.getInt(4);
  }

  private int error(int opcode, long node) {
    return error(opcode, node, body -> {});
  }

  /** The body of an answer that must be one. */
  private ByteBuffer ask(int opcode, long node, Consumer<ByteBuffer> body) {
    assertThat(error(opcode, node, body)).isZero();
    return reply.slice(16, reply.limit() - 16).order(ByteOrder.nativeOrder());
  }

  private long lookup(long parent, String name) {
    return ask(FuseMessages.LOOKUP, parent, named(name)).getLong();
  }

  private static Consumer<ByteBuffer> named(String name) {
    return body -> body.put(name.getBytes(StandardCharsets.ISO_8859_1)).put((byte) 0);
  }

  private String read(long node, long handle, long offset, int size) {
    ByteBuffer body =
        ask(
            FuseMessages.READ,
            node,
            in ->
                in.putLong(handle)
                    .putLong(offset)
                    .putInt(size)
                    .putInt(FuseMessages.READ_LOCKOWNER)
                    .putLong(1)
                    .putLong(0));
    byte[] bytes = new byte[body.remaining()];
    body.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  @Test
  void whoWaitsForItsTurnIsKnownByThreadAndThenByHandle() {
    ByteBuffer open = request(FuseMessages.OPEN, STAT, in -> in.putInt(0).putInt(0));
    assertThat(dispatcher.holder(open)).isEmpty();
    assertThat(dispatcher.owner(Dispatcher.tid(open))).isEqualTo(CALLER);
    long handle = ask(FuseMessages.OPEN, STAT, in -> in.putInt(0).putInt(0)).getLong(0);
    ByteBuffer read = request(FuseMessages.READ, STAT, in -> in.putLong(handle).putLong(0));
    Object reader = dispatcher.holder(read).orElseThrow();
    assertThat(
            dispatcher.holder(
                request(FuseMessages.RELEASE, STAT, in -> in.putLong(handle).putLong(0))))
        .contains(reader);
    assertThat(dispatcher.holder(request(FuseMessages.READ, STAT, in -> in.putLong(77))))
        .as("a handle that is not known")
        .isEmpty();
    assertThat(dispatcher.holder(request(FuseMessages.READ, STAT, in -> {})))
        .as("cut short")
        .isEmpty();
  }

  @Test
  void whoCannotBeToldWaitsWithAllOfThose() {
    Object nobody = dispatcher.owner(CALLER + 1);
    assertThat(dispatcher.owner(CALLER + 2)).isEqualTo(nobody).isNotEqualTo(CALLER);
  }

  /** Whatever a container can ask for a thousand times. */
  @Test
  void allThatIsAnsweredTakesATurn() {
    for (int opcode :
        new int[] {
          FuseMessages.OPEN,
          FuseMessages.READ,
          FuseMessages.RELEASE,
          FuseMessages.LOOKUP,
          FuseMessages.GETATTR,
          FuseMessages.STATFS,
          FuseMessages.IOCTL
        }) {
      assertThat(Dispatcher.takesTurn(request(opcode, STAT, in -> {}))).isTrue();
    }
    for (int opcode : new int[] {FuseMessages.INIT, FuseMessages.FORGET, FuseMessages.INTERRUPT}) {
      assertThat(Dispatcher.takesTurn(request(opcode, STAT, in -> in.putLong(1)))).isFalse();
    }
    assertThat(Dispatcher.takesTurn(ByteBuffer.allocate(0))).isFalse();
  }

  /** An ioctl(2) may bring 16 KiB, of 30,000 threads at once. */
  @Test
  void ofARequestThatWaitsNoMoreIsKeptThanItsAnswerTakes() {
    ByteBuffer large = request(FuseMessages.IOCTL, STAT, in -> in.put(new byte[120]));
    byte[] kept = Dispatcher.toKeep(large);
    assertThat(kept).hasSize(80);
    dispatcher.answer(ByteBuffer.wrap(kept).order(ByteOrder.nativeOrder()), reply, () -> backing);
    assertThat(-reply.getInt(4)).isEqualTo(Errno.ENOTTY);

    String name = "n".repeat(60);
    ByteBuffer lookup = request(FuseMessages.LOOKUP, ROOT, named(name));
    assertThat(Dispatcher.toKeep(lookup)).hasSize(40 + 61);
  }

  @Test
  void whoIsRefusedIsToldToTryAgainButClosesItsFilesAllTheSame() {
    long handle = ask(FuseMessages.OPEN, STAT, in -> in.putInt(0).putInt(0)).getLong(0);
    int answered = requests.answered;
    dispatcher.refuse(request(FuseMessages.READ, STAT, in -> in.putLong(handle).putLong(0)), reply);
    assertThat(-reply.getInt(4)).isEqualTo(Errno.EAGAIN);
    assertThat(reply.limit()).isEqualTo(16);
    assertThat(requests.refused).isEqualTo(1);

    ByteBuffer release = request(FuseMessages.RELEASE, STAT, in -> in.putLong(handle).putLong(0));
    dispatcher.refuse(release, reply);
    assertThat(reply.getInt(4)).isZero();
    assertThat(dispatcher.holder(release)).isEmpty();
    assertThat(requests.refused).isEqualTo(1);
    assertThat(requests.answered).isEqualTo(answered + 2);
  }

  @Test
  void anErrorIsAnsweredAndCounted() {
    for (Error thrown :
        List.of(new StackOverflowError(), new OutOfMemoryError("a test"), new LinkageError())) {
      error = Optional.of(thrown);
      assertThat(error(FuseMessages.OPEN, STAT, body -> body.putLong(0))).isEqualTo(5);
      assertThat(failures.removeLast()).isSameAs(thrown);
    }
    error = Optional.empty();
    assertThat(error(FuseMessages.OPEN, STAT, body -> body.putLong(0))).isZero();
    assertThat(failures).isEmpty();
  }

  @Test
  void thePageCacheWhichAllWouldSeeGetsNothing() {
    assertThat(
            error(
                FuseMessages.READ,
                STAT,
                in -> in.putLong(1).putLong(0).putInt(4096).putInt(0).putLong(0).putLong(0)))
        .isEqualTo(Errno.EINVAL);
  }

  private static void init(ByteBuffer in, int major, int minor, int flags, int flags2) {
    in.putInt(major).putInt(minor).putInt(0x20000).putInt(flags).putInt(flags2);
    in.put(new byte[44]);
  }

  @Test
  void initAgreesOnWhatBothKnow() {
    ByteBuffer body = ask(FuseMessages.INIT, 0, in -> init(in, 7, 46, -1, -1));
    assertThat(initialized).isTrue();
    assertThat(body.remaining()).isEqualTo(64);
    assertThat(body.getInt(0)).isEqualTo(7);
    assertThat(body.getInt(4)).isEqualTo(45);
    assertThat(body.getInt(8)).isEqualTo(0x20000);
    assertThat(body.getInt(12)).isEqualTo(1 << 30 | 1 << 18);
    assertThat(body.getInt(32)).as("no request timeout, no id-mapping").isEqualTo(1 << 7 | 1 << 5);
    assertThat(body.getInt(36)).as("depth of what backs files").isEqualTo(1);
  }

  @Test
  void idMappedMountsAreAskedForWhereTheKernelChecksPermissions() {
    dispatcher = dispatcher(true);
    assertThat(ask(FuseMessages.INIT, 0, in -> init(in, 7, 46, -1, -1)).getInt(32))
        .isEqualTo(1 << 8 | 1 << 7 | 1 << 5);
  }

  @Test
  void filesAreBackedByWhatRefusesToBeMapped() {
    ByteBuffer opened = ask(FuseMessages.OPEN, STAT, in -> in.putLong(0));
    assertThat(opened.getInt(8)).as("no passthrough").isEqualTo(1 | 1 << 5);
    assertThat(opened.getInt(12)).isZero();
    backing = 1;
    opened = ask(FuseMessages.OPEN, STAT, in -> in.putLong(0));
    assertThat(opened.getInt(8)).as("direct I/O all the same").isEqualTo(1 | 1 << 5 | 1 << 7);
    assertThat(opened.getInt(12)).isEqualTo(1);
  }

  @Test
  void anOlderKernelIsOfferedNothingThatItDoesNotKnow() {
    ByteBuffer body =
        ask(
            FuseMessages.INIT,
            0,
            in -> in.putInt(7).putInt(31).putInt(4096).putInt(1 << 18)); // 16 bytes, as it sends
    assertThat(body.getInt(4)).isEqualTo(31);
    assertThat(body.getInt(12)).isEqualTo(1 << 18);
    assertThat(body.getInt(32)).isZero();
  }

  @Test
  void aProtocolThatIsTooOldOrTooNewIsRefused() {
    assertThat(error(FuseMessages.INIT, 0, in -> init(in, 7, 22, 0, 0))).isEqualTo(Errno.EINVAL);
    assertThat(error(FuseMessages.INIT, 0, in -> init(in, 8, 0, 0, 0))).isEqualTo(Errno.EINVAL);
    assertThat(initialized).isFalse();
  }

  @Test
  void nodesAreKnownByTheirInodes() {
    assertThat(lookup(lookup(ROOT, "proc"), "stat")).isEqualTo(STAT);
    assertThat(error(FuseMessages.LOOKUP, ROOT, named("sys"))).isEqualTo(Errno.ENOENT);
    assertThat(error(FuseMessages.LOOKUP, ROOT, named("proc/stat")))
        .as("the kernel sends no slash")
        .isIn(0, Errno.ENOENT);
    assertThat(error(FuseMessages.LOOKUP, STAT, named("x"))).isEqualTo(Errno.ENOTDIR);
    assertThat(error(FuseMessages.LOOKUP, 999, named("x"))).isEqualTo(Errno.ENOENT);
    assertThat(error(FuseMessages.LOOKUP, ROOT)).isEqualTo(Errno.EINVAL);
  }

  private ByteBuffer attributes(long node) {
    return ask(FuseMessages.GETATTR, node, in -> in.putLong(0).putLong(0));
  }

  @Test
  void attributesAreThoseOfAFileOfItsText() {
    ByteBuffer body = attributes(STAT);
    assertThat(body.remaining()).isEqualTo(104);
    assertThat(body.getLong(0)).as("seconds that they hold").isZero();
    assertThat(body.getLong(16)).isEqualTo(STAT);
    assertThat(body.getLong(24)).as("size").isEqualTo(STAT_TEXT.length());
    assertThat(body.getLong(32)).as("blocks of 512 bytes").isEqualTo(9);
    assertThat(body.getLong(48)).as("mtime").isPositive();
    assertThat(body.getInt(76)).isEqualTo(0100444);
    assertThat(body.getInt(80)).as("links").isEqualTo(1);
    assertThat(attributes(12).getInt(76)).isEqualTo(0100400);
    assertThat(attributes(UPTIME).getLong(24)).isEqualTo(10);
    assertThat(attributes(UPTIME).getLong(32)).isEqualTo(1);
  }

  @Test
  void directoriesAndNamesAreRemembered() {
    assertThat(attributes(ROOT).getInt(76)).isEqualTo(0040555);
    assertThat(attributes(ROOT).getLong(0)).isEqualTo(3600);
    ByteBuffer file = ask(FuseMessages.LOOKUP, lookup(ROOT, "proc"), named("stat"));
    assertThat(file.remaining()).isEqualTo(128);
    assertThat(file.getLong(16)).as("seconds that the name holds").isEqualTo(3600);
    assertThat(file.getLong(24)).as("seconds that the size holds").isZero();
    ByteBuffer directory = ask(FuseMessages.LOOKUP, ROOT, named("proc"));
    assertThat(directory.getLong(24)).isEqualTo(3600);
  }

  /** The kernel keeps one size for all containers, and with 0 sends nothing to any. */
  @Test
  void noSizeIsZero() {
    kernel.write("proc/uptime", "");
    assertThat(attributes(UPTIME).getLong(24)).isEqualTo(1);
    kernel.remove("proc/uptime");
    assertThat(attributes(UPTIME).getLong(24)).as("no text to be had").isEqualTo(1);
    assertThat(ask(FuseMessages.LOOKUP, lookup(ROOT, "proc"), named("stat")).getLong(48))
        .isPositive();
  }

  @Test
  void whoAskedForTheSizeReadsTheTextThatWasMeasured() {
    long handle = ask(FuseMessages.OPEN, UPTIME, in -> in.putLong(0)).getLong(0);
    assertThat(attributes(UPTIME).getLong(24)).isEqualTo(10);
    kernel.write("proc/uptime", "100.00 200.00\n");
    assertThat(read(UPTIME, handle, 0, 4096)).isEqualTo("1.00 2.00\n");
    assertThat(read(UPTIME, handle, 10, 4096)).isEmpty();
    assertThat(read(UPTIME, handle, 0, 4096)).as("once").isEqualTo("100.00 200.00\n");
  }

  @Test
  void whatWasMeasuredBeforeAFileWasOpenedIsOutOfDate() {
    assertThat(attributes(UPTIME).getLong(24)).isEqualTo(10);
    kernel.write("proc/uptime", "100.00 200.00\n");
    long handle = ask(FuseMessages.OPEN, UPTIME, in -> in.putLong(0)).getLong(0);
    assertThat(read(UPTIME, handle, 0, 4096)).isEqualTo("100.00 200.00\n");
  }

  @Test
  void theEndIsNoPlaceToSeekFrom() {
    assertThat(
            error(
                FuseMessages.GETATTR,
                STAT,
                in -> in.putInt(FuseMessages.GETATTR_FH).putInt(0).putLong(7)))
        .isEqualTo(Errno.EINVAL);
  }

  @Test
  void whatIsRootsAloneIsOpenedByRootAlone() {
    int nobody = 65534;
    assertThat(errorFor(0, FuseMessages.OPEN, 12, 0)).isZero();
    assertThat(errorFor(nobody, FuseMessages.OPEN, 12, 0)).isEqualTo(Errno.EACCES);
    assertThat(errorFor(nobody, FuseMessages.OPEN, STAT, 0)).isZero();
    assertThat(errorFor(-1, FuseMessages.OPEN, 12, 0)).as("the kernel has checked").isZero();
  }

  @Test
  void accessIsToldAsTheModeHasIt() {
    int nobody = 65534;
    int read = 4;
    int write = 2;
    int execute = 1;
    assertThat(errorFor(nobody, FuseMessages.ACCESS, STAT, read)).isZero();
    assertThat(errorFor(nobody, FuseMessages.ACCESS, 12, read)).isEqualTo(Errno.EACCES);
    assertThat(errorFor(nobody, FuseMessages.ACCESS, 12, 0)).as("whether it is there").isZero();
    assertThat(errorFor(0, FuseMessages.ACCESS, 12, read)).isZero();
    assertThat(errorFor(0, FuseMessages.ACCESS, STAT, execute)).isEqualTo(Errno.EACCES);
    assertThat(errorFor(0, FuseMessages.ACCESS, STAT, write)).isEqualTo(Errno.EACCES);
    assertThat(errorFor(nobody, FuseMessages.ACCESS, ROOT, execute)).isZero();
  }

  @Test
  void aFileIsOpenedReadInPiecesAndClosed() {
    ByteBuffer opened = ask(FuseMessages.OPEN, STAT, in -> in.putLong(0));
    assertThat(opened.remaining()).isEqualTo(16);
    long handle = opened.getLong(0);
    assertThat(opened.getInt(8)).as("direct I/O, no flush").isEqualTo(1 | 1 << 5);
    assertThat(callers).containsExactly(CALLER);
    assertThat(read(STAT, handle, 0, 4096)).isEqualTo(STAT_TEXT.substring(0, 4096));
    assertThat(read(STAT, handle, 4096, 4096)).isEqualTo(STAT_TEXT.substring(4096));
    assertThat(read(STAT, handle, 1L << 40, 4096)).isEmpty();
    assertThat(ask(FuseMessages.RELEASE, STAT, in -> in.putLong(handle)).remaining()).isZero();
    assertThat(callers).hasSize(1);
  }

  @Test
  void aHandleThatIsNotKnownIsOpenedAgain() {
    assertThat(read(UPTIME, 4711, 0, 4096)).isEqualTo("1.00 2.00\n");
    assertThat(callers).containsExactly(CALLER);
  }

  @Test
  void aReaderGoesOnInTheMiddleOfWhatAnotherDaemonSaid() {
    assertThat(read(STAT, 4711, 4096, 4096)).isEqualTo(STAT_TEXT.substring(4096));
  }

  @Test
  void whoHasReadAllThatAnotherDaemonSaidGetsNoMore() {
    assertThat(read(STAT, 4711, STAT_TEXT.length() - 1, 4096)).isEmpty();
    assertThat(read(STAT, 4711, STAT_TEXT.length() + 1, 4096)).isEmpty();
  }

  @Test
  void aReadLargerThanTheBufferIsAnsweredInPart() {
    assertThat(read(STAT, 0, 0, -1)).isEqualTo(STAT_TEXT);
  }

  @Test
  void aDirectoryIsListedInAnyNumberOfPieces() {
    long proc = lookup(ROOT, "proc");
    List<String> names = new ArrayList<>();
    long offset = 0;
    for (int rounds = 0; rounds < 10; rounds++) {
      long from = offset;
      ByteBuffer body =
          ask(FuseMessages.READDIR, proc, in -> in.putLong(0).putLong(from).putInt(64));
      if (!body.hasRemaining()) {
        break;
      }
      while (body.hasRemaining()) {
        long _ = body.getLong();
        offset = body.getLong();
        byte[] name = new byte[body.getInt()];
        int _ = body.getInt();
        body.get(name).position(body.position() + (-name.length & 7));
        names.add(new String(name, StandardCharsets.ISO_8859_1));
      }
    }
    assertThat(names).containsExactlyInAnyOrder(".", "..", "stat", "uptime", "slabinfo");
    assertThat(error(FuseMessages.READDIR, STAT, in -> in.putLong(0).putLong(0).putInt(64)))
        .isEqualTo(Errno.ENOTDIR);
    assertThat(
            ask(FuseMessages.READDIRPLUS, proc, in -> in.putLong(0).putLong(0).putInt(4096))
                .remaining())
        .isEqualTo(5 * (128 + 24 + 8));
  }

  @ParameterizedTest
  @ValueSource(ints = {FuseMessages.FORGET, FuseMessages.BATCH_FORGET, FuseMessages.INTERRUPT})
  void someRequestsGetNoAnswer(int opcode) {
    dispatcher.answer(request(opcode, STAT, in -> in.putLong(1)), reply, () -> backing);
    assertThat(reply.remaining()).isZero();
  }

  @Test
  void whatIsNotSpokenIsSaidToBeMissing() {
    int flush = 25;
    int poll = 40;
    int getxattr = 22;
    for (int opcode : new int[] {flush, poll, getxattr, 9999, -1}) {
      assertThat(error(opcode, STAT)).as("opcode %d", opcode).isEqualTo(Errno.ENOSYS);
    }
    assertThat(error(FuseMessages.IOCTL, STAT)).isEqualTo(Errno.ENOTTY);
    assertThat(error(FuseMessages.OPEN, ROOT, in -> in.putLong(0))).isEqualTo(Errno.ENOENT);
    ByteBuffer statfs = ask(FuseMessages.STATFS, ROOT, in -> {});
    assertThat(statfs.remaining()).isEqualTo(80);
    assertThat(statfs.getLong(24)).as("files, of which none would be free").isZero();
  }

  @Test
  void aMessageOfAWrongLengthIsPassedOver() {
    ByteBuffer request = request(FuseMessages.GETATTR, STAT, in -> in.putLong(0));
    dispatcher.answer(request.putInt(0, 9), reply, () -> backing);
    assertThat(reply.remaining()).isZero();
    dispatcher.answer(request.limit(39), reply, () -> backing);
    assertThat(reply.remaining()).isZero();
  }

  /**
   * Requests cut short, of random bytes, in any order: always a reply of the right form, or none.
   */
  @Test
  void noRequestWhateverUpsetsIt() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    long[] nodes = {ROOT, STAT, UPTIME, 12, lookup(ROOT, "proc"), 0, -1, 77};
    for (int i = 0; i < 100_000; i++) {
      byte[] body = new byte[random.nextInt(120)];
      if (random.nextBoolean()) {
        random.nextBytes(body);
      }
      int opcode = random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(56);
      ByteBuffer request = request(opcode, nodes[random.nextInt(nodes.length)], in -> in.put(body));
      if (random.nextInt(4) == 0) {
        request.limit(random.nextInt(request.limit() + 1));
        if (request.limit() >= 4 && random.nextBoolean()) {
          request.putInt(0, request.limit());
        }
      }
      dispatcher.answer(request, reply, () -> backing);
      String what = "seed " + seed + ", request " + i + ", opcode " + opcode;
      if (reply.remaining() > 0) {
        assertThat(reply.position()).as(what).isZero();
        assertThat(reply.getInt(0)).as(what).isEqualTo(reply.limit());
        assertThat(reply.getInt(4)).as(what).isBetween(-511, 0); // the kernel's bounds
        assertThat(reply.getLong(8)).as(what).isEqualTo(UNIQUE);
        if (reply.getInt(4) != 0) {
          assertThat(reply.limit()).as(what).isEqualTo(16);
        }
      }
    }
  }
}
