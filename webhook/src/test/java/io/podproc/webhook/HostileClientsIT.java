// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever reaches the port of reviews takes them from nobody else. */
class HostileClientsIT {
  private static final int API_PORT = WebhookProcess.freePort();
  private static final byte[] REVIEW =
      Reviews.bytes(
          Reviews.creation(
              "shop",
              Reviews.json(
                  """
                  {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "web"}]}}
                  """)));

  private static ApiServer apiServer;
  private static WebhookProcess webhook;

  private final List<Socket> held = new ArrayList<>();

  @BeforeAll
  static void start() {
    apiServer = ApiServer.at(API_PORT).namespace("shop", Map.of("podproc.io/inject", "enabled"));
    webhook = WebhookProcess.start(API_PORT).awaitReady();
  }

  @AfterAll
  static void stop() {
    webhook.close();
    apiServer.close();
  }

  @AfterEach
  void letGo() throws IOException {
    for (Socket socket : held) {
      socket.close();
    }
  }

  private static String head(long length) {
    return "POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: "
        + length
        + "\r\n\r\n";
  }

  private SSLSocket connect(String from) throws IOException {
    Socket plain = new Socket("localhost", webhook.port(), InetAddress.getByName(from), 0);
    SSLSocket socket =
        (SSLSocket)
            webhook.tls().getSocketFactory().createSocket(plain, "localhost", webhook.port(), true);
    held.add(socket);
    socket.setSoTimeout(10_000);
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

  private static double cut(String reason) {
    String name = "podproc_connections_cut_total{reason=\"" + reason + "\"} ";
    return webhook
        .metrics()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
        .sum();
  }

  // ---- bodies ----

  /** From the API server's own address, too: it may be one with others behind a translation. */
  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.0.0.2"})
  void stalledLargeBodiesHoldUpNobody(String attacker) throws Exception {
    int length = 8_000_000;
    AtomicBoolean goesOn = new AtomicBoolean(true);
    List<Thread> attackers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      attackers.add(Thread.ofPlatform().start(() -> stall(attacker, length, goesOn)));
    }
    for (int i = 0; i < 60; i++) {
      assertReviewed("127.0.0.1");
    }
    goesOn.set(false);
    for (Thread each : attackers) {
      each.join();
    }
  }

  /** Sends all of a large body but its end, again and again. */
  private static void stall(String from, int length, AtomicBoolean goesOn) {
    byte[] most = " ".repeat(length - 10).getBytes(StandardCharsets.US_ASCII);
    while (goesOn.get()) {
      try (Socket plain = new Socket("localhost", webhook.port(), InetAddress.getByName(from), 0);
          SSLSocket socket =
              (SSLSocket)
                  webhook
                      .tls()
                      .getSocketFactory()
                      .createSocket(plain, "localhost", webhook.port(), true)) {
        socket.setSoTimeout(11_000);
        socket.getOutputStream().write(head(length).getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(most);
        int _ = socket.getInputStream().read();
      } catch (IOException e) {
        // refused: once more
      }
    }
  }

  // ---- connections ----

  @Test
  void connectionsThatDoNothingAreReplacedByThoseThatCome() throws IOException {
    for (int i = 0; i < 1050; i++) {
      SSLSocket socket = connect("127.0.0.1");
      socket.startHandshake();
      if (i % 50 == 0) {
        assertReviewed("127.0.0.1");
      }
    }
    for (int i = 0; i < 60; i++) {
      assertReviewed("127.0.0.1");
    }
  }

  @Test
  void connectionsWithoutAHandshakeAreReplacedByThoseThatCome() throws IOException {
    for (int i = 0; i < 1500; i++) {
      held.add(new Socket("localhost", webhook.port(), InetAddress.getByName("127.0.0.2"), 0));
    }
    for (int i = 0; i < 60; i++) {
      assertReviewed("127.0.0.1");
    }
    assertThat(cut("crowded")).isPositive();
  }

  /** Else clients that come and go would take it near the limit of its memory. */
  @Test
  void connectionsThatComeAndGoDoNotFillTheHeap() throws IOException {
    for (int i = 0; i < 6000; i++) {
      connect("127.0.0.2").startHandshake();
      if (held.size() > 800) {
        held.removeFirst().close();
      }
    }
    WebhookProcess.await("a small heap", Duration.ofSeconds(15), () -> heapKibibytes() < 70 << 10);
    assertReviewed("127.0.0.1");
  }

  /** Of the young and of the old generation. */
  private static long heapKibibytes() {
    try {
      return Pattern.compile("(?:DefNew|Tenured) +total (\\d+)K")
          .matcher(webhook.diagnose("GC.heap_info"))
          .results()
          .mapToLong(generation -> Long.parseLong(generation.group(1)))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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

  // ---- namespaces ----

  @Test
  void theAnswerDoesNotTellWhetherANamespaceExists() {
    ApiServer _ = apiServer.namespace("plain", Map.of());
    for (String labels : List.of("{}", "{\"podproc.io/inject\": \"enabled\"}")) {
      JsonNode pod =
          Reviews.json(
              """
              {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": %s},
                "spec": {"containers": [{"name": "web"}]}}
              """
                  .formatted(labels));
      assertThat(webhook.review(Reviews.creation("nowhere", pod)))
          .isEqualTo(webhook.review(Reviews.creation("plain", pod)));
    }
  }

  // ---- client certificates ----

  @Test
  void whoHasNoClientCertificateIsRefusedWhereOneIsAskedFor() throws Exception {
    ClientCertificates mine = ClientCertificates.make();
    ClientCertificates others = ClientCertificates.make();
    try (ClientCertificates.File authorities = mine.authorityFile();
        WebhookProcess guarded =
            WebhookProcess.start(API_PORT, "-Dpodproc.client-authorities=" + authorities.path())) {
      WebhookProcess.await("ready", Duration.ofSeconds(60), () -> guarded.health("ready") == 200);
      byte[] request = head(REVIEW.length).getBytes(StandardCharsets.US_ASCII);
      try (SSLSocket socket = mine.connect(guarded.port())) {
        socket.getOutputStream().write(request);
        socket.getOutputStream().write(REVIEW);
        assertThat(answer(socket)).startsWith("HTTP/1.1 200");
      }
      try (SSLSocket stranger =
              (SSLSocket)
                  guarded.tls().getSocketFactory().createSocket("localhost", guarded.port());
          SSLSocket other = others.connect(guarded.port())) {
        for (SSLSocket socket : List.of(stranger, other)) {
          assertThatThrownBy(
                  () -> {
                    socket.getOutputStream().write(request);
                    socket.getOutputStream().write(REVIEW);
                    String _ = answer(socket);
                  })
              .isInstanceOf(IOException.class);
        }
      }
      // Another CA in the file is taken without a restart.
      others.write(authorities);
      WebhookProcess.await(
          "the other CA",
          Duration.ofSeconds(30),
          () -> {
            try (SSLSocket socket = others.connect(guarded.port())) {
              socket.getOutputStream().write(request);
              socket.getOutputStream().write(REVIEW);
              return answer(socket).startsWith("HTTP/1.1 200");
            } catch (IOException e) {
              return false;
            }
          });
      assertThat(guarded.output()).doesNotContain("Exception", "\tat ", "warm");
    } catch (UncheckedIOException e) {
      throw new AssertionError(e);
    }
  }
}
