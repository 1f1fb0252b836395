// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.host.NodeAddresses;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class NodePageTest {
  private final Queue<List<String>> commands = new ConcurrentLinkedQueue<>();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final CountDownLatch enough = new CountDownLatch(1);
  private volatile boolean serves = true;
  private StatusServer server;

  @TempDir Path proc;

  @BeforeEach
  void start() throws IOException {
    routes("1", "192.168.0.9");
    routes("self", "10.244.1.5");
    server = open(0);
  }

  private void routes(String process, String address) throws IOException {
    Path net = Files.createDirectories(proc.resolve(process).resolve("net"));
    Path _ =
        Files.writeString(net.resolve("fib_trie"), "  |-- " + address + "\n    /32 host LOCAL\n");
  }

  private StatusServer open(int port) throws IOException {
    NodeAddresses node = new NodeAddresses(proc, System::nanoTime);
    return NodePage.open(port, node, this::answer, () -> serves, failures::add);
  }

  @AfterEach
  void stop() {
    enough.countDown();
    server.close();
  }

  private Reply answer(List<String> words) throws Exception {
    commands.add(words);
    return switch (String.join(" ", words)) {
      case "explain --pid 7 -o json" -> throw new IOException("it has ended");
      case "explain --pid 8 -o json" -> throw new IllegalStateException("secret");
      case "explain --pid 9 -o json" -> Reply.refused("there is no process 9");
      case "explain --pid 10 -o json" -> {
        enough.await();
        yield Reply.fine("at last");
      }
      default -> Reply.fine("{\"said\":\"" + String.join(" ", words) + "\"}");
    };
  }

  private Socket send(String head) throws IOException {
    Socket client = new Socket();
    client.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    client.getOutputStream().write((head + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
    return client;
  }

  private static String answer(Socket client) throws IOException {
    try (client) {
      return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private String get(String path) throws IOException {
    return answer(send("GET " + path + " HTTP/1.1\r\nHost: localhost:" + server.port()));
  }

  @Test
  void tellsWhatTheCommandsAreAnswered() throws IOException {
    assertThat(get("/ps"))
        .startsWith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        .endsWith("\r\n\r\n{\"said\":\"ps -o json\"}");
    assertThat(get("/explain/42")).endsWith("\r\n\r\n{\"said\":\"explain --pid 42 -o json\"}");
  }

  /** One word it stays, whatever is in it: the commands refuse what is no number. */
  @Test
  void whatFollowsAPathIsOneWord() throws IOException {
    String _ = get("/explain/a%20-n/../b");
    assertThat(commands).containsExactly(List.of("explain", "--pid", "a%20-n/../b", "-o", "json"));
  }

  @Test
  void errorsAreOneLineAndNoMore() throws IOException {
    assertThat(get("/explain/7")).startsWith("HTTP/1.1 404 ").endsWith("\r\n\r\nit has ended\n");
    assertThat(get("/explain/9")).startsWith("HTTP/1.1 404 ").endsWith("there is no process 9\n");
    assertThat(failures).isEmpty();
    assertThat(get("/explain/8")).doesNotContain("secret").endsWith("the daemon's log says how\n");
    assertThat(failures).hasSize(1);
  }

  @Test
  void aDaemonThatStandsBySaysSo() throws IOException {
    serves = false;
    assertThat(get("/ps"))
        .startsWith("HTTP/1.1 503 ")
        .endsWith("Another daemon serves this node for now.\n");
    assertThat(commands).isEmpty();
    assertThat(get("/")).startsWith("HTTP/1.1 200 ");
  }

  @ParameterizedTest
  @CsvSource({
    "/, text/html; charset=utf-8",
    "/page.css, text/css; charset=utf-8",
    "/page.js, text/javascript; charset=utf-8",
    "/icon.svg, image/svg+xml"
  })
  void itsFilesLoadNothingFromElsewhere(String path, String type) throws IOException {
    String text = get(path);
    assertThat(text)
        .startsWith("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n")
        .contains("\r\nX-Content-Type-Options: nosniff\r\n", "\r\nCache-Control: no-store\r\n");
    assertThat(text.replace("http://www.w3.org/2000/svg", "")).doesNotContain("//www", "http://");
    assertThat(text).doesNotContain("https:", "innerHTML", "outerHTML", "insertAdjacentHTML");
  }

  @Test
  void itsPolicyLetsNothingRunThatStandsInThePage() throws IOException {
    String text = get("/");
    assertThat(text)
        .contains(
            "\r\nContent-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none';"
                + " frame-ancestors 'none'\r\n");
    assertThat(Pattern.compile("\\son[a-z]+=|\\sstyle=|<style|<script>").matcher(text).find())
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:9462", "[::1]:9462", "[::1]"})
  void isAskedForByTheNamesOfALoopback(String host) throws IOException {
    assertThat(answer(send("GET /ps HTTP/1.1\r\nHost: " + host))).startsWith("HTTP/1.1 200 ");
  }

  /** A name of a site's own that comes to mean this address is what rebinding is. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "evil.example",
        "evil.example:9462",
        "localhost.evil.example",
        "localhost:9462.evil.example",
        "evil.example/localhost",
        "localhost@evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "10.0.0.1:9462",
        "localhost:",
        "localhost:x",
        "",
        "localhost\r\nHost: evil.example"
      })
  void isAskedForByNoOtherName(String host) throws IOException {
    for (String path : List.of("/", "/ps", "/explain/1", "/page.js", "/other")) {
      assertThat(answer(send("GET " + path + " HTTP/1.1\r\nHost: " + host)))
          .containsPattern("^HTTP/1.1 40[03] ")
          .doesNotContain("said", "<html");
    }
    assertThat(answer(send("GET /ps HTTP/1.0"))).startsWith("HTTP/1.1 403 ");
    assertThat(commands).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS"})
  void isOnlyRead(String method) throws IOException {
    for (String path : List.of("/", "/ps", "/explain/1")) {
      assertThat(answer(send(method + " " + path + " HTTP/1.1\r\nHost: localhost")))
          .startsWith("HTTP/1.1 405 ")
          .doesNotContain("Access-Control");
    }
    assertThat(commands).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/ps/", "/explain", "/doctor", "/page.html", "/../page.js", "/q/metrics"})
  void hasNoOtherPaths(String path) throws IOException {
    assertThat(get(path)).startsWith("HTTP/1.1 404 ");
    assertThat(commands).isEmpty();
  }

  @Test
  void fewAreExplainedAtATime() throws IOException {
    List<Socket> waiting = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      waiting.add(send("GET /explain/10 HTTP/1.1\r\nHost: localhost"));
    }
    while (commands.size() < 4) {
      Thread.onSpinWait();
    }
    assertThat(get("/explain/1")).startsWith("HTTP/1.1 503 ");
    assertThat(get("/ps")).startsWith("HTTP/1.1 200 ");
    enough.countDown();
    for (Socket client : waiting) {
      assertThat(answer(client)).endsWith("at last");
    }
    while (!get("/explain/1").startsWith("HTTP/1.1 200 ")) {
      Thread.onSpinWait();
    }
  }

  @Test
  void thereIsNoneInTheNodesOwnNetwork() throws IOException {
    routes("self", "192.168.0.9");
    assertThatThrownBy(() -> open(0).close())
        .isInstanceOf(IOException.class)
        .hasMessage("this daemon is in the node's own network, where any process could read it");
  }

  @Test
  void isAtTheLoopbackAlone() {
    assertThatThrownBy(() -> new Socket("127.0.0.2", server.port()).close())
        .isInstanceOf(IOException.class);
  }
}
