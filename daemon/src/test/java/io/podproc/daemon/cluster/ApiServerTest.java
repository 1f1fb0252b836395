// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.cluster.FakeApiServer.Answer;
import io.podproc.daemon.cluster.FakeApiServer.Request;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApiServerTest {
  private static final String PATH = "/api/v1/nodes/n1?fieldManager=podproc-daemon";
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  @TempDir Path folder;
  private FakeApiServer fake;

  @BeforeEach
  void start() throws IOException {
    fake = new FakeApiServer(folder, "127.0.0.1");
  }

  @AfterEach
  void stop() {
    fake.close();
  }

  private void merge() throws IOException, InterruptedException {
    fake.asSeenByAPod().merge(PATH, "{\"a\":1}", DEADLINE);
  }

  @Test
  void thePatchArrivesInTheNameOfTheAccount() throws Exception {
    merge();
    Request request = fake.awaitRequest();
    assertThat(request.method()).isEqualTo("PATCH");
    assertThat(request.target()).isEqualTo(PATH);
    assertThat(request.header("Authorization")).isEqualTo("Bearer token-1");
    assertThat(request.header("Content-type")).isEqualTo("application/merge-patch+json");
    assertThat(request.body()).isEqualTo("{\"a\":1}");
  }

  @Test
  void aTokenThatWasRenewedIsTaken() throws Exception {
    merge();
    fake.writeToken("token-2");
    merge();
    assertThat(fake.awaitRequest().header("Authorization")).isEqualTo("Bearer token-1");
    assertThat(fake.awaitRequest().header("Authorization")).isEqualTo("Bearer token-2");
  }

  @Test
  void itsAddressMayBeOfVersion6(@TempDir Path other) throws Exception {
    try (FakeApiServer six = new FakeApiServer(other, "::1")) {
      ApiServer named =
          ApiServer.ofPod(
                  Map.of(
                      "KUBERNETES_SERVICE_HOST",
                      "::1",
                      "KUBERNETES_SERVICE_PORT",
                      Integer.toString(six.url().getPort())))
              .orElseThrow();
      new ApiServer(named.url(), six.account()).merge(PATH, "{}", DEADLINE);
      assertThat(six.awaitRequest().method()).isEqualTo("PATCH");
    }
  }

  @Test
  void nothingIsToldToAServerWithAnotherCertificate(@TempDir Path other) throws Exception {
    try (FakeApiServer impostor = new FakeApiServer(other, "127.0.0.1", "impostor")) {
      assertThatThrownBy(
              () -> new ApiServer(impostor.url(), fake.account()).merge(PATH, "{}", DEADLINE))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("certif");
      assertThat(impostor.requests()).isEmpty();
    }
  }

  @Test
  void nothingIsToldToAServerOfAnotherName(@TempDir Path other) throws Exception {
    // Trusted, but its certificate is good for an address that is not the one that was asked.
    try (FakeApiServer moved = new FakeApiServer(other, "127.0.0.1")) {
      URI elsewhere = URI.create("https://localhost:" + moved.url().getPort());
      assertThatThrownBy(
              () -> new ApiServer(elsewhere, moved.account()).merge(PATH, "{}", DEADLINE))
          .isInstanceOf(IOException.class);
      assertThat(moved.requests()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {201, 301, 403, 404, 409, 429, 500, 503})
  void whatIsNotDoneIsToldByItsStatus(int status) {
    fake.answer(FakeApiServer.status(status));
    assertThatThrownBy(this::merge)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("" + status);
  }

  @Test
  void anAnswerThatNeverComesOrNeverEndsIsNotAwaited() {
    Answer never = exchange -> Thread.sleep(DEADLINE);
    Answer endless =
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          OutputStream out = exchange.getResponseBody();
          while (true) {
            out.write(new byte[100]);
            out.flush();
            Thread.sleep(1);
          }
        };
    for (Answer answer : new Answer[] {never, endless}) {
      fake.answer(answer);
      long start = System.nanoTime();
      assertThatThrownBy(() -> fake.asSeenByAPod().merge(PATH, "{}", Duration.ofSeconds(1)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("no answer within 1 s");
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    }
  }

  @Test
  void garbageIsAnErrorOfOneLine() throws Exception {
    try (ServerSocket plain = new ServerSocket(0, 0, InetAddress.getLoopbackAddress())) {
      Thread server =
          Thread.ofVirtual()
              .start(() -> {
                try (Socket socket = plain.accept()) {
                  socket
                      .getOutputStream()
                      .write("no\nTLS\n".repeat(1000).getBytes(StandardCharsets.UTF_8));
                } catch (IOException e) {
                  // The client is gone.
                }
              });
      URI url = URI.create("https://127.0.0.1:" + plain.getLocalPort());
      assertThatThrownBy(() -> new ApiServer(url, fake.account()).merge(PATH, "{}", DEADLINE))
          .isInstanceOf(IOException.class)
          .message()
          .hasLineCount(1)
          .hasSizeLessThan(300);
      server.join();
    }
  }

  @Test
  void aServerThatIsAwayIsAnError() {
    fake.close();
    assertThatThrownBy(this::merge).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"token", "ca.crt"})
  void anAccountThatIsNotMountedIsAnErrorThatNamesIt(String file) throws IOException {
    Files.delete(fake.account().resolve(file));
    assertThatThrownBy(this::merge)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(fake.account().resolve(file).toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "garbage", "-----BEGIN CERTIFICATE-----\nabc"})
  void aCaThatIsNoneIsAnError(String text) throws IOException {
    Files.writeString(fake.account().resolve("ca.crt"), text);
    assertThatThrownBy(this::merge).isInstanceOf(IOException.class);
    assertThat(fake.requests()).isEmpty();
  }

  @Test
  void aTokenThatIsNoneIsAnError() throws IOException {
    fake.writeToken("secret\nthing");
    assertThatThrownBy(this::merge)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is no token")
        .hasMessageNotContaining("secret");
    assertThat(fake.requests()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "10.96.0.1, 443, https://10.96.0.1:443",
    "fd00:10:96::1, 6443, https://[fd00:10:96::1]:6443",
    "kubernetes.default, 443, https://kubernetes.default:443"
  })
  void aPodIsToldWhereItIs(String host, String port, URI url) {
    assertThat(
            ApiServer.ofPod(
                Map.of("KUBERNETES_SERVICE_HOST", host, "KUBERNETES_SERVICE_PORT", port)))
        .hasValueSatisfying(server -> assertThat(server.url()).isEqualTo(url));
  }

  @Test
  void outsideOfAPodThereIsNone() {
    assertThat(ApiServer.ofPod(Map.of())).isEmpty();
    assertThat(
            ApiServer.ofPod(
                Map.of("KUBERNETES_SERVICE_HOST", "a", "KUBERNETES_SERVICE_PORT", "tcp://a:1")))
        .isEmpty();
    assertThat(ApiServer.ofPod(Map.of("KUBERNETES_SERVICE_HOST", "a b"))).isEmpty();
  }
}
