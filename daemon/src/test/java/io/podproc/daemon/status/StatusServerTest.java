// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.status.StatusServer.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class StatusServerTest {
  private final CountDownLatch never = new CountDownLatch(1);
  private StatusServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        StatusServer.bind("127.0.0.1", 0)
            .with("/health", accepted -> new Answer(200, "text/plain", "well, " + accepted))
            .with("/ill", _ -> new Answer(503, "text/plain", "not well"))
            .with(
                "/broken",
                _ -> {
                  throw new IllegalStateException("secret");
                })
            .with(
                "/slow",
                _ -> {
                  never.await();
                  return new Answer(200, "text/plain", "at last");
                });
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Socket send(String text) throws IOException {
    Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port());
    client.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    return client;
  }

  /** Sends it as it is, and returns all that comes until the server has no more to say. */
  private String ask(String request) throws IOException {
    try (Socket client = send(request)) {
      return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private String get(String target) throws IOException {
    return ask(
        "GET " + target + " HTTP/1.1\r\nHost: x\r\nAccept: all\r\nConnection: close\r\n\r\n");
  }

  @Test
  void tellsWhatAPageSays() throws IOException {
    assertThat(get("/health"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("Content-type: text/plain\r\n")
        .endsWith("\r\n\r\nwell, all");
    assertThat(get("/health?verbose=1")).startsWith("HTTP/1.1 200 ");
    assertThat(get("/ill")).startsWith("HTTP/1.1 503 ").endsWith("not well");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/healthy", "/health/", "/no", "/health/../no"})
  void hasNoOtherPages(String target) throws IOException {
    assertThat(get(target)).startsWith("HTTP/1.1 404 ");
  }

  @ParameterizedTest
  @CsvSource({"POST,405", "DELETE,405", "HEAD,200"})
  void isOnlyRead(String method, int status) throws IOException {
    assertThat(ask(method + " /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status + " ")
        .doesNotContain("well,");
  }

  @Test
  void keepsToItselfWhatGoesWrong() throws IOException {
    assertThat(get("/broken")).startsWith("HTTP/1.1 500 ").doesNotContain("secret", "at io.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\r\n\r\n", "nonsense\r\n\r\n", "GET \u0000 HTTP/1.1\r\n\r\n", "GET"})
  void isNotConfusedByWhatIsNoRequest(String request) throws IOException {
    try (Socket client = send(request)) {
      client.shutdownOutput();
      assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .doesNotContain("HTTP/1.1 200");
    }
    assertThat(get("/health")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void answersWhileOthersWaitOrSayNothing() throws IOException {
    List<Socket> others = new ArrayList<>();
    try {
      for (int i = 0; i < 10; i++) {
        others.add(send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
        others.add(send("GET /health HT"));
        others.add(send(""));
      }
      assertThat(get("/health")).startsWith("HTTP/1.1 200 ");
    } finally {
      for (Socket other : others) {
        other.close();
      }
    }
  }

  @Test
  void saysThatItsPortIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      assertThatThrownBy(() -> StatusServer.bind("0.0.0.0", taken.getLocalPort()))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "the HTTP port %d at 0.0.0.0 can't be had: Address already in use",
              taken.getLocalPort());
    }
  }

  @Test
  void saysThatThereIsNoSuchAddress() {
    assertThatThrownBy(() -> StatusServer.bind("no.such.invalid", 0))
        .isInstanceOf(IOException.class)
        .hasMessage("there is no HTTP address no.such.invalid");
  }
}
