// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.handler.ssl.SslContextBuilder;
import io.podproc.webhook.http.Answer;
import io.podproc.webhook.http.Cut;
import io.podproc.webhook.http.Refusal;
import io.podproc.webhook.http.ReviewServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The port of reviews, with all that clients may do to it. */
class ReviewServerTest {
  private static final SelfSigned CERTIFICATE = SelfSigned.make("localhost");
  private static final SSLContext TLS = CERTIFICATE.trusting();
  private static final byte[] REVIEW = "{\"a\": \"review\"}".getBytes(StandardCharsets.US_ASCII);

  private final NioEventLoopGroup loops = new NioEventLoopGroup(2);
  private final Queue<Object> told = new ConcurrentLinkedQueue<>();
  private final List<Socket> held = new ArrayList<>();
  private ReviewServer server;

  private final class Listening implements ReviewServer.Events {
    @Override
    public void refused(Refusal refusal) {
      boolean _ = told.add(refusal);
    }

    @Override
    public void answered(Duration taken) {}

    @Override
    public void cut(Cut why) {
      boolean _ = told.add(why);
    }
  }

  @BeforeEach
  void start() throws IOException {
    server =
        new ReviewServer(
            new InetSocketAddress("localhost", 0),
            "/mutate",
            loops,
            SslContextBuilder.forServer(CERTIFICATE.key(), CERTIFICATE.certificate()).build(),
            body -> new Answer(200, "application/json", body),
            new Listening());
  }

  @AfterEach
  void stop() throws Exception {
    for (Socket socket : held) {
      socket.close();
    }
    server.close();
    var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).await();
  }

  private static String head(long length) {
    return "POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: "
        + length
        + "\r\n\r\n";
  }

  private SSLSocket connect(String from) throws IOException {
    Socket plain = new Socket("localhost", server.port(), InetAddress.getByName(from), 0);
    SSLSocket socket =
        (SSLSocket) TLS.getSocketFactory().createSocket(plain, "localhost", server.port(), true);
    held.add(socket);
    socket.setSoTimeout(10_000);
    return socket;
  }

  private SSLSocket sending(String from, String... parts) throws IOException {
    SSLSocket socket = connect(from);
    for (String part : parts) {
      socket.getOutputStream().write(part.getBytes(StandardCharsets.US_ASCII));
    }
    return socket;
  }

  /** As the API server does with a connection of its own each time. */
  private void assertReviewed(String from) throws IOException {
    long start = System.nanoTime();
    try (SSLSocket socket = connect(from)) {
      socket.getOutputStream().write(head(REVIEW.length).getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(REVIEW);
      byte[] answer = new byte[12];
      assertThat(socket.getInputStream().readNBytes(answer, 0, 12)).isEqualTo(12);
      assertThat(new String(answer, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 200");
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void stalledLargeBodiesHoldUpNobody() throws IOException {
    for (int i = 0; i < 4; i++) {
      SSLSocket _ = sending("127.0.0.1", head(8_000_000));
    }
    for (int i = 0; i < 60; i++) {
      assertReviewed("127.0.0.1");
    }
    assertThat(told).contains(Refusal.BUSY);
  }

  /** Whoever is closed at once connects anew at once, and each handshake costs. */
  @Test
  void whoIsRefusedIsHeldForASecond() throws IOException {
    String answer = "";
    long start = 0;
    // On a busy machine the second may be read first: then it is the first that is refused.
    for (int i = 1; i < 5 && !answer.startsWith("HTTP/1.1 503 "); i++) {
      String client = "127.0.0." + i;
      SSLSocket _ = sending(client, head(8_000_000));
      start = System.nanoTime();
      SSLSocket second = sending(client, head(8_000_000));
      answer = new String(second.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
    assertThat(answer).startsWith("HTTP/1.1 503 ").containsIgnoringCase("connection: close");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(990));
  }

  @Test
  void connectionsThatDoNothingAreReplacedByThoseThatCome() throws IOException {
    for (int i = 0; i < 1200; i++) {
      held.add(new Socket("localhost", server.port(), InetAddress.getByName("127.0.0.2"), 0));
    }
    for (int i = 0; i < 20; i++) {
      assertReviewed("127.0.0.1");
    }
    assertThat(told).contains(Cut.CROWDED);
  }

  @Test
  void neighboursOfSeveralAddressesHoldUpNobody() throws IOException {
    for (int i = 2; i < 12; i++) {
      String attacker = "127.0.0." + i;
      SSLSocket _ = sending(attacker, head(8_000_000));
      SSLSocket _ = sending(attacker, head(3_000_000));
      SSLSocket _ = sending(attacker, head(200_000), " ".repeat(1000));
      assertReviewed("127.0.0.1");
    }
  }

  @Test
  void aLargeBodyThatDoesNotComeIsGivenUpWithinAboutASecond() throws IOException {
    SSLSocket stalled = sending("127.0.0.1", head(8_000_000), " ".repeat(1 << 20));
    long start = System.nanoTime();
    String answer = new String(stalled.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(answer).startsWith("HTTP/1.1 408 ");
    // Of a machine with much else to do.
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void aSmallBodyThatDoesNotComeIsGivenUpAfterTwoSeconds() throws IOException {
    SSLSocket stalled = sending("127.0.0.1", head(1000), "{");
    long start = System.nanoTime();
    String answer = new String(stalled.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(answer).startsWith("HTTP/1.1 408 ");
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(1500), Duration.ofSeconds(6));
  }

  @Test
  void whoNeverSendsAReviewIsClosedSoon() throws IOException {
    Socket plain = new Socket("localhost", server.port());
    held.add(plain);
    plain.setSoTimeout(20_000);
    SSLSocket silent = connect("127.0.0.1");
    silent.startHandshake();
    SSLSocket slowHead = sending("127.0.0.1", "POST /mutate HT");
    assertThat(plain.getInputStream().read()).isEqualTo(-1);
    for (SSLSocket socket : List.of(silent, slowHead)) {
      socket.setSoTimeout(20_000);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aConnectionThatBroughtAReviewIsKept() throws Exception {
    try (SSLSocket socket = connect("127.0.0.1")) {
      for (int i = 0; i < 2; i++) {
        socket.getOutputStream().write(head(REVIEW.length).getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(REVIEW);
        assertThat(answer(socket)).startsWith("HTTP/1.1 200");
        if (i == 0) {
          // Others that say nothing come and go.
          Socket silent = new Socket("localhost", server.port());
          held.add(silent);
          silent.setSoTimeout(20_000);
          assertThat(silent.getInputStream().read()).isEqualTo(-1);
          SSLSocket handshaken = connect("127.0.0.1");
          handshaken.startHandshake();
          assertThat(handshaken.getInputStream().read()).isEqualTo(-1);
        }
      }
    }
  }

  /** Requests on one connection are answered one after another, also those that come at once. */
  @Test
  void requestsThatDoNotWaitForAnswersAreAnsweredInTurn() throws IOException {
    try (SSLSocket socket = connect("127.0.0.1")) {
      byte[] head = head(REVIEW.length).getBytes(StandardCharsets.US_ASCII);
      byte[] both = new byte[2 * (head.length + REVIEW.length)];
      for (int i = 0; i < 2; i++) {
        int at = i * both.length / 2;
        System.arraycopy(head, 0, both, at, head.length);
        System.arraycopy(REVIEW, 0, both, at + head.length, REVIEW.length);
      }
      socket.getOutputStream().write(both);
      for (int i = 0; i < 2; i++) {
        assertThat(answer(socket)).startsWith("HTTP/1.1 200");
      }
    }
  }

  @Test
  void whatIsNoHttpIsToldSoAndClosed() throws IOException {
    SSLSocket socket = sending("127.0.0.1", "\u0000\u0001 nonsense\r\n\r\n");
    String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(answer).startsWith("HTTP/1.1 400 ");
    SSLSocket long_ =
        sending("127.0.0.1", "GET / HTTP/1.1\r\nX: " + "x".repeat(20_000) + "\r\n\r\n");
    assertThat(new String(long_.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .startsWith("HTTP/1.1 400 ");
  }

  /** One answer, head and body. */
  private static String answer(SSLSocket socket) throws IOException {
    StringBuilder answer = new StringBuilder();
    while (answer.indexOf("\r\n\r\n") < 0) {
      int c = socket.getInputStream().read();
      if (c < 0) {
        throw new IOException("closed after: " + answer);
      }
      answer.append((char) c);
    }
    String head = answer.toString();
    int length =
        head.lines()
            .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:"))
            .mapToInt(line -> Integer.parseInt(line.substring(15).strip()))
            .sum();
    return head + new String(socket.getInputStream().readNBytes(length), StandardCharsets.UTF_8);
  }

  @Test
  void anAnswerWhileItDrainsIsTheLastOfItsConnection() throws IOException {
    try (SSLSocket socket = connect("127.0.0.1")) {
      server.drain();
      socket.getOutputStream().write(head(REVIEW.length).getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(REVIEW);
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 200").containsIgnoringCase("connection: close");
    }
  }
}
