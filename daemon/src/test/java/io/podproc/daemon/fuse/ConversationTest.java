// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.linux.SystemCalls;
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

class ConversationTest {
  private static final long UNIQUE = 0x8000_0000_0000_1234L; // bit 63: sent a second time
  private static final int CALLER = 300;
  private static final long ROOT = 1;
  private static final long STAT = 10;
  private static final long UPTIME = 11;
  private static final String STAT_TEXT = "cpu  1 2 3\n".repeat(400);

  @TempDir Path root;
  private final List<Integer> callers = new ArrayList<>();
  private boolean greeted;
  private Conversation conversation;
  private final ByteBuffer reply =
      ByteBuffer.allocate(Conversation.REPLY_SIZE).order(ByteOrder.nativeOrder());

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
      return Optional.empty();
    }

    @Override
    public Object asker(int callerTid) {
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

  private static final class Uncounted implements Requests {
    @Override
    public void rendered(VirtualTree.File file, Outcome outcome, long nanos) {}

    @Override
    public void fellBack(VirtualTree.File file, Reason reason, Exception cause) {}
  }

  @BeforeEach
  void serve() {
    FakeKernel kernel = FakeKernel.v2(root);
    kernel.write("proc/stat", STAT_TEXT).write("proc/uptime", "1.00 2.00\n");
    VirtualTree tree =
        new VirtualTree(
            List.of(
                VirtualTree.File.of(STAT, new Served("/proc/stat")),
                VirtualTree.File.of(UPTIME, new Served("/proc/uptime")),
                VirtualTree.File.rootOnly(12, new Served("/proc/slabinfo"), "none\n")));
    conversation =
        new Conversation(
            tree,
            new Opener(new HostViews(), kernel.host(), new Uncounted()),
            () -> greeted = true);
  }

  private static ByteBuffer request(int opcode, long node, Consumer<ByteBuffer> body) {
    ByteBuffer request =
        ByteBuffer.allocate(Conversation.REQUEST_SIZE).order(ByteOrder.nativeOrder());
    request.putInt(0).putInt(opcode).putLong(UNIQUE).putLong(node);
    request.putInt(0).putInt(0).putInt(CALLER).putInt(0);
    body.accept(request);
    request.flip();
    return request.putInt(0, request.limit());
  }

  private int error(int opcode, long node, Consumer<ByteBuffer> body) {
    conversation.answer(request(opcode, node, body), reply);
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
    assertThat(conversation.asker(open)).contains(CALLER);
    long handle = ask(FuseMessages.OPEN, STAT, in -> in.putInt(0).putInt(0)).getLong(0);
    ByteBuffer read = request(FuseMessages.READ, STAT, in -> in.putLong(handle).putLong(0));
    Object reader = conversation.asker(read).orElseThrow();
    assertThat(
            conversation.asker(
                request(FuseMessages.RELEASE, STAT, in -> in.putLong(handle).putLong(0))))
        .contains(reader);
  }

  @Test
  void whatNobodyWaitsLongForNeedsNoTurn() {
    assertThat(conversation.asker(request(FuseMessages.LOOKUP, ROOT, named("proc")))).isEmpty();
    assertThat(conversation.asker(request(FuseMessages.INTERRUPT, 0, in -> in.putLong(1))))
        .isEmpty();
    assertThat(conversation.asker(request(FuseMessages.READ, STAT, in -> in.putLong(77))))
        .as("a handle that is not known")
        .isEmpty();
    assertThat(conversation.asker(request(FuseMessages.OPEN, STAT, in -> {})))
        .as("cut short")
        .isEmpty();
    assertThat(conversation.asker(ByteBuffer.allocate(0))).isEmpty();
  }

  @Test
  void whoCannotBeToldIsAnsweredAsSoonAsItIsLookedAt() {
    ByteBuffer open = request(FuseMessages.OPEN, STAT, in -> in.putInt(0).putInt(0));
    open.putInt(FuseMessages.IN_TID, CALLER + 1);
    assertThat(conversation.asker(open)).isEmpty();
  }

  @Test
  void thePageCacheWhichAllWouldSeeGetsNothing() {
    assertThat(
            error(
                FuseMessages.READ,
                STAT,
                in -> in.putLong(1).putLong(0).putInt(4096).putInt(0).putLong(0).putLong(0)))
        .isEqualTo(SystemCalls.EINVAL);
  }

  private static void init(ByteBuffer in, int major, int minor, int flags, int flags2) {
    in.putInt(major).putInt(minor).putInt(0x20000).putInt(flags).putInt(flags2);
    in.put(new byte[44]);
  }

  @Test
  void theKernelIsGreetedWithWhatBothKnow() {
    ByteBuffer body = ask(FuseMessages.INIT, 0, in -> init(in, 7, 46, -1, -1));
    assertThat(greeted).isTrue();
    assertThat(body.remaining()).isEqualTo(64);
    assertThat(body.getInt(0)).isEqualTo(7);
    assertThat(body.getInt(4)).isEqualTo(45);
    assertThat(body.getInt(8)).isEqualTo(0x20000);
    assertThat(body.getInt(12)).isEqualTo(1 << 30 | 1 << 18);
    assertThat(body.getInt(32)).as("no request timeout").isEqualTo(1 << 8 | 1 << 7);
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
    assertThat(error(FuseMessages.INIT, 0, in -> init(in, 7, 22, 0, 0)))
        .isEqualTo(SystemCalls.EINVAL);
    assertThat(error(FuseMessages.INIT, 0, in -> init(in, 8, 0, 0, 0)))
        .isEqualTo(SystemCalls.EINVAL);
    assertThat(greeted).isFalse();
  }

  @Test
  void nodesAreKnownByTheirInodes() {
    assertThat(lookup(lookup(ROOT, "proc"), "stat")).isEqualTo(STAT);
    assertThat(error(FuseMessages.LOOKUP, ROOT, named("sys"))).isEqualTo(SystemCalls.ENOENT);
    assertThat(error(FuseMessages.LOOKUP, ROOT, named("proc/stat")))
        .as("the kernel sends no slash")
        .isIn(0, SystemCalls.ENOENT);
    assertThat(error(FuseMessages.LOOKUP, STAT, named("x"))).isEqualTo(SystemCalls.ENOTDIR);
    assertThat(error(FuseMessages.LOOKUP, 999, named("x"))).isEqualTo(SystemCalls.ENOENT);
    assertThat(error(FuseMessages.LOOKUP, ROOT)).isEqualTo(SystemCalls.EINVAL);
  }

  @Test
  void attributesAreThoseOfAPseudoFile() {
    ByteBuffer body = ask(FuseMessages.GETATTR, STAT, in -> in.putLong(0).putLong(0));
    assertThat(body.remaining()).isEqualTo(104);
    assertThat(body.getLong(0)).as("seconds that they hold").isEqualTo(3600);
    assertThat(body.getLong(16)).isEqualTo(STAT);
    assertThat(body.getLong(24)).as("size").isEqualTo(4096);
    assertThat(body.getLong(48)).as("mtime").isPositive();
    assertThat(body.getInt(76)).isEqualTo(0100444);
    assertThat(body.getInt(80)).as("links").isEqualTo(1);
    assertThat(ask(FuseMessages.GETATTR, 12, in -> {}).getInt(76)).isEqualTo(0100400);
    assertThat(ask(FuseMessages.GETATTR, ROOT, in -> {}).getInt(76)).isEqualTo(0040555);
    assertThat(ask(FuseMessages.LOOKUP, lookup(ROOT, "proc"), named("stat")).remaining())
        .isEqualTo(128);
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
        .isEqualTo(SystemCalls.ENOTDIR);
    assertThat(
            ask(FuseMessages.READDIRPLUS, proc, in -> in.putLong(0).putLong(0).putInt(4096))
                .remaining())
        .isEqualTo(5 * (128 + 24 + 8));
  }

  @ParameterizedTest
  @ValueSource(ints = {FuseMessages.FORGET, FuseMessages.BATCH_FORGET, FuseMessages.INTERRUPT})
  void someRequestsGetNoAnswer(int opcode) {
    conversation.answer(request(opcode, STAT, in -> in.putLong(1)), reply);
    assertThat(reply.remaining()).isZero();
  }

  @Test
  void whatIsNotSpokenIsSaidToBeMissing() {
    int flush = 25;
    int poll = 40;
    int getxattr = 22;
    for (int opcode : new int[] {flush, poll, getxattr, 9999, -1}) {
      assertThat(error(opcode, STAT)).as("opcode %d", opcode).isEqualTo(SystemCalls.ENOSYS);
    }
    assertThat(error(FuseMessages.IOCTL, STAT)).isEqualTo(SystemCalls.ENOTTY);
    assertThat(error(FuseMessages.OPEN, ROOT, in -> in.putLong(0))).isEqualTo(SystemCalls.ENOENT);
    assertThat(ask(FuseMessages.STATFS, ROOT, in -> {}).remaining()).isEqualTo(80);
  }

  @Test
  void aMessageOfAWrongLengthIsPassedOver() {
    ByteBuffer request = request(FuseMessages.GETATTR, STAT, in -> in.putLong(0));
    conversation.answer(request.putInt(0, 9), reply);
    assertThat(reply.remaining()).isZero();
    conversation.answer(request.limit(39), reply);
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
      conversation.answer(request, reply);
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
