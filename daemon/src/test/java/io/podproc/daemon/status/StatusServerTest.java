// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class StatusServerTest {
  private static final String PROBE = "127.0.0.1";

  private final CountDownLatch enough = new CountDownLatch(1);
  private final AtomicInteger slow = new AtomicInteger();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final List<Socket> clients = new ArrayList<>();
  private StatusServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        StatusServer.bind(
                "127.0.0.1", 0, address -> address[3] == 1 && address[2] == 0, failures::add)
            .with("/health", () -> new Answer(200, "text/plain", "well"))
            .with("/health", "text/html", () -> new Answer(200, "text/html", "<p>well"))
            .with("/ill", () -> new Answer(503, "text/plain", "not well"))
            .with("/large", () -> new Answer(200, "text/plain", "x".repeat(10_000_000)))
            .with(
                "/broken",
                () -> {
                  throw new StackOverflowError("secret");
                })
            .with(
                "/slow",
                () -> {
                  enough.await();
                  return new Answer(200, "text/plain", "at last " + slow.incrementAndGet());
                });
    server.start();
  }

  @AfterEach
  void stop() throws IOException {
    for (Socket client : clients) {
      client.close();
    }
    server.close();
  }

  private Socket send(String from, String text) throws IOException {
    Socket client = new Socket();
    clients.add(client);
    client.bind(new InetSocketAddress(from, 0));
    client.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    try {
      client.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    } catch (SocketException e) {
      // It had to give way already.
    }
    return client;
  }

  private static String answer(Socket client) throws IOException {
    return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Sends it as it is, and returns all that comes until the server has no more to say. */
  private String ask(String request) throws IOException {
    return answer(send(PROBE, request));
  }

  private static String request(String target) {
    return "GET " + target + " HTTP/1.1\r\nHost: x\r\nACCEPT: a/b, text/htm\r\n\r\n";
  }

  private String get(String target) throws IOException {
    return ask(request(target));
  }

  @Test
  void tellsWhatAPageSays() throws IOException {
    assertThat(get("/health"))
        .isEqualTo(
            """
            HTTP/1.1 200 OK
            Content-Type: text/plain
            Content-Length: 4
            Connection: close
            X-Content-Type-Options: nosniff
            Cache-Control: no-store
            Cross-Origin-Resource-Policy: same-origin

            well\
            """
                .replace("\n", "\r\n"));
    assertThat(get("/health?verbose=1")).startsWith("HTTP/1.1 200 ");
    assertThat(get("/ill")).startsWith("HTTP/1.1 503 ").endsWith("not well");
    assertThat(get("/large")).hasSizeGreaterThan(10_000_000);
  }

  @Test
  void tellsItInTheTypeThatIsAcceptedIfItCan() throws IOException {
    assertThat(ask("GET /health HTTP/1.1\r\naccept: */*, text/html;q=1\r\n\r\n"))
        .contains("Content-Type: text/html\r\n")
        .endsWith("<p>well");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/healthy", "/health/", "/no", "/health/../no"})
  void hasNoOtherPages(String target) throws IOException {
    assertThat(get(target)).startsWith("HTTP/1.1 404 ");
  }

  @ParameterizedTest
  @CsvSource({"POST,405", "DELETE,405", "HEAD,200"})
  void isOnlyRead(String method, int status) throws IOException {
    assertThat(ask(method + " /health HTTP/1.1\r\nHost: x\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status + " ")
        .doesNotContain("well");
  }

  @Test
  void keepsToItselfWhatGoesWrong() throws IOException {
    assertThat(get("/broken")).startsWith("HTTP/1.1 500 ").doesNotContain("secret", "at io.");
    assertThat(get("/broken")).startsWith("HTTP/1.1 500 ");
    assertThat(failures).hasSize(2).allMatch(StackOverflowError.class::isInstance);
    assertThat(get("/health")).startsWith("HTTP/1.1 200 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET \u0000 HTTP/1.1\r\n\r\n",
        "GET /health\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET  /health HTTP/1.1\r\n\r\n",
        "GET",
        "\u0016\u0003\u0001\u0002" // TLS
      })
  void isNotConfusedByWhatIsNoRequest(String request) throws IOException {
    Socket client = send(PROBE, request);
    client.shutdownOutput();
    assertThat(answer(client)).doesNotContain("HTTP/1.1 200");
    assertThat(get("/health")).startsWith("HTTP/1.1 200 ");
    assertThat(failures).isEmpty();
  }

  @Test
  void readsNoMoreThanAHeadMayBeLong() throws IOException {
    assertThat(ask("GET /health HTTP/1.1\r\nX: " + "x".repeat(8_192))).startsWith("HTTP/1.1 431 ");
    assertThat(ask("GET /health HTTP/1.1\r\nX: " + "x".repeat(7_000) + "\r\n\r\n"))
        .startsWith("HTTP/1.1 200 ");
  }

  /** Three times as many as there is room for. */
  @ParameterizedTest
  @ValueSource(strings = {"", "GET /health HT", "GET /slow HTTP/1.1\r\n\r\n"})
  void answersAnotherAddressWhileOneHoldsConnections(String text) throws IOException {
    for (int i = 0; i < 150; i++) {
      Socket _ = send("127.0.0.2", text);
    }
    for (int i = 0; i < 30; i++) {
      assertThat(answer(send("127.0.0.3", request("/health")))).endsWith("well");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GET /health HT", "GET /slow HTTP/1.1\r\n\r\n"})
  void nobodyTakesTheRoomOfThoseThatArePreferred(String text) throws IOException {
    Socket waiting = send(PROBE, request("/slow"));
    for (int i = 0; i < 250; i++) {
      Socket _ = send("127.0.1." + i, text);
      Socket _ = send("127.0.2." + i, text);
    }
    assertThat(get("/health")).endsWith("well");
    enough.countDown();
    assertThat(answer(waiting)).contains("at last");
  }

  @Test
  void whoDoesNotSayWhatItWantsIsNotWaitedFor() throws IOException {
    Socket silent = send(PROBE, "");
    Socket stalled = send(PROBE, "GET /health HTTP/1.1\r\n");
    assertThat(answer(silent)).isEmpty();
    assertThat(answer(stalled)).isEmpty();
  }

  @Test
  void aPageIsMadeOnceForAllWhoWait() throws IOException {
    List<Socket> waiting = new ArrayList<>();
    for (int i = 2; i < 32; i++) {
      waiting.add(send("127.0.0." + i, request("/slow")));
    }
    enough.countDown();
    for (Socket client : waiting) {
      assertThat(answer(client)).contains("at last");
    }
    assertThat(slow).hasValueLessThanOrEqualTo(3);
  }

  /** It would take seconds of the thread that serves all others. */
  @Test
  void whoDoesNotReadIsNotWaitedFor() throws Exception {
    for (int i = 0; i < 8; i++) {
      Socket _ = send("127.0.0.2", request("/large"));
    }
    for (int i = 0; i < 30; i++) {
      assertThat(get("/health")).endsWith("well");
    }
  }

  @Test
  void isGoneWhenItIsClosed() throws Exception {
    Socket waiting = send(PROBE, request("/slow"));
    assertThat(get("/health")).endsWith("well");
    server.close();
    try {
      assertThat(answer(waiting)).isEmpty();
    } catch (SocketException e) {
      // as well
    }
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (isThere()) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.onSpinWait();
    }
    assertThat(failures).isEmpty();
  }

  private boolean isThere() {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void saysThatItsPortIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      assertThatThrownBy(
              () -> StatusServer.bind("0.0.0.0", taken.getLocalPort(), _ -> false, failures::add))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "the HTTP port %d at 0.0.0.0 can't be had: Address already in use",
              taken.getLocalPort());
    }
  }

  @Test
  void saysThatThereIsNoSuchAddress() {
    assertThatThrownBy(() -> StatusServer.bind("no.such.invalid", 0, _ -> false, failures::add))
        .isInstanceOf(IOException.class)
        .hasMessage("there is no HTTP address no.such.invalid");
  }
}
