// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class CommandSocketTest {
  @TempDir Path run;
  private final CountDownLatch turn = new CountDownLatch(1);
  private final List<Throwable> failed = new CopyOnWriteArrayList<>();
  private final List<CommandSocket> sockets = new ArrayList<>();

  @AfterEach
  void stop() {
    sockets.forEach(CommandSocket::close);
  }

  private void begin(CommandSocket.Asked asked) {
    CommandSocket socket = new CommandSocket(run, asked, turn, failed::add);
    sockets.add(socket);
    socket.begin();
  }

  private void serve(CommandSocket.Asked asked) {
    begin(asked);
    turn.countDown();
    until(this::answers);
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void until(Condition condition) {
    long end = System.nanoTime() + Duration.ofSeconds(40).toNanos();
    while (System.nanoTime() < end) {
      try {
        if (condition.holds()) {
          return;
        }
      } catch (IOException e) {
        // not yet
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
    throw new AssertionError("it does not come true");
  }

  private boolean answers() throws IOException {
    try (SocketChannel _ = connect()) {
      return true;
    }
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    boolean _ = channel.connect(UnixDomainSocketAddress.of(run.resolve(CommandSocket.NAME)));
    return channel;
  }

  private static void send(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    while (bytes.hasRemaining()) {
      int _ = channel.write(bytes);
    }
  }

  private String ask(String request) throws IOException {
    try (SocketChannel channel = connect()) {
      send(channel, request);
      SocketChannel _ = channel.shutdownOutput();
      return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static Reply echo(List<String> words) {
    return Reply.fine(String.join(",", words) + "\n");
  }

  @Test
  void answersWordsWithAStatusAndAText() throws IOException {
    serve(words ->
        switch (words.getFirst()) {
          case "broken" -> new Reply(Reply.Ending.BROKEN, "so\n");
          case "no" -> throw new IOException("there is none");
          default -> echo(words);
        });
    assertThat(ask("ps\0")).isEqualTo("0ps\n");
    assertThat(ask("explain\0web\0-o\0json\0")).isEqualTo("0explain,web,-o,json\n");
    assertThat(ask("broken\0")).isEqualTo("1so\n");
    assertThat(ask("no\0")).isEqualTo("2there is none\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "ps", "GET / HTTP/1.1\r\n\r\n", "ps\0x"})
  void whatIsNoRequestIsToldSo(String request) throws IOException {
    serve(CommandSocketTest::echo);
    assertThat(ask(request)).isEqualTo("2that is no command\n");
  }

  @Test
  void aHugeRequestIsReadNoFurtherThanItMayBe() throws IOException {
    serve(CommandSocketTest::echo);
    assertThat(ask("x".repeat(4095) + "\0")).hasSize(4097);
    try (SocketChannel channel = connect()) {
      send(channel, "x".repeat(4097));
      byte[] answer = Channels.newInputStream(channel).readAllBytes();
      assertThat(new String(answer, StandardCharsets.UTF_8)).isEqualTo("2that is too long\n");
    }
    assertThat(ask("ps\0")).isEqualTo("0ps\n");
  }

  @Test
  void whateverAnAnswerThrowsTheNextIsMade() throws IOException {
    serve(words -> {
      if (words.getFirst().equals("deep")) {
        throw new StackOverflowError();
      }
      return echo(words);
    });
    assertThat(ask("deep\0")).isEqualTo("2that failed, and the daemon's log says how\n");
    assertThat(failed).singleElement().isInstanceOf(StackOverflowError.class);
    assertThat(ask("ps\0")).isEqualTo("0ps\n");
  }

  /** More than the kernel keeps of an answer that nobody reads. */
  @Test
  void clientsThatNeverReadOrNeverAskDelayOthersForTheirDeadlineAtMost() throws IOException {
    serve(words -> words.getFirst().equals("long") ? Reply.fine("x".repeat(8 << 20)) : echo(words));
    List<SocketChannel> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) { // more than are served at a time
        SocketChannel channel = connect();
        idle.add(channel);
        send(channel, "long\0");
        SocketChannel _ = channel.shutdownOutput();
        idle.add(connect()); // which never asks
      }
      long begun = System.nanoTime();
      assertThat(ask("ps\0")).isEqualTo("0ps\n");
      // Of 41 two rounds and a half have their deadlines one after the other.
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(40));
      assertThat(failed).isEmpty();
    } finally {
      for (SocketChannel channel : idle) {
        channel.close();
      }
    }
  }

  @Test
  void aHundredAtOnceAreAllAnswered() throws Exception {
    serve(words -> {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
      return Reply.fine("x".repeat(1 << 20) + words.getFirst());
    });
    try (ExecutorService many = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> answers = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        String word = "word" + i;
        answers.add(many.submit(() -> ask(word + "\0")));
      }
      for (int i = 0; i < 100; i++) {
        assertThat(answers.get(i).get()).hasSizeGreaterThan(1 << 20).endsWith("xword" + i);
      }
    }
    assertThat(failed).isEmpty();
  }

  @Test
  void onlyItsOwnerMayAsk() throws IOException {
    serve(CommandSocketTest::echo);
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(run.resolve(CommandSocket.NAME))))
        .isEqualTo("rw-------");
    try (var files = Files.list(run)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void theNextDaemonTakesItsPlaceAndOneThatWaitsForItsTurnIsNotAsked() throws IOException {
    serve(_ -> Reply.fine("first"));
    CommandSocket standingBy =
        new CommandSocket(run, _ -> Reply.fine("second"), new CountDownLatch(1), failed::add);
    sockets.add(standingBy);
    standingBy.begin();
    assertThat(ask("ps\0")).isEqualTo("0first");
    sockets.getFirst().close();
    begin(_ -> Reply.fine("second"));
    until(() -> ask("ps\0").equals("0second"));
  }

  /** As where the disk is full: nothing else of the daemon is to notice. */
  @Test
  void aDirectoryThatIsNotThereIsToldAndTriedAgain() throws IOException {
    Path missing = run.resolve("missing");
    CommandSocket socket = new CommandSocket(missing, CommandSocketTest::echo, turn, failed::add);
    sockets.add(socket);
    socket.begin();
    turn.countDown();
    until(() -> !failed.isEmpty());
    run = Files.createDirectory(missing);
    until(() -> ask("ps\0").equals("0ps\n"));
  }
}
