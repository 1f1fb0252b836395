// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** A TLS server that takes note of what it is asked, and the account of a pod that may ask it. */
final class FakeApiServer implements AutoCloseable {
  record Request(String method, String target, Map<String, List<String>> headers, String body) {
    String header(String name) {
      return String.join(", ", headers.getOrDefault(name, List.of()));
    }
  }

  interface Answer {
    void to(HttpExchange exchange) throws IOException, InterruptedException;
  }

  private static final String PASSWORD = "changeit";
  private static final String ALIAS = "key";
  private static final Map<String, KeyStore> KEYS = new ConcurrentHashMap<>();

  private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
  private final Path account;
  private final HttpsConfigurator tls;
  private HttpsServer server;
  private volatile Answer answer = status(200);

  /** On a free port. */
  FakeApiServer(Path folder, String address) throws IOException {
    this(folder, address, "api");
  }

  /**
   * On a free port.
   *
   * @param key the name of its key: another is another's
   */
  FakeApiServer(Path folder, String address, String key) throws IOException {
    KeyStore keys = KEYS.computeIfAbsent(key, FakeApiServer::newKey);
    account = Files.createDirectories(folder.resolve("account"));
    writeToken("token-1\n");
    try {
      Files.writeString(account.resolve("ca.crt"), pem(keys.getCertificate(ALIAS)));
      tls = new HttpsConfigurator(serving(keys));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    server = start(new InetSocketAddress(InetAddress.getByName(address), 0));
  }

  private HttpsServer start(InetSocketAddress address) throws IOException {
    HttpsServer started = HttpsServer.create(address, 0);
    started.setHttpsConfigurator(tls);
    started.setExecutor(task -> Thread.ofVirtual().start(task));
    started.createContext("/", this::handle);
    started.start();
    return started;
  }

  /** Nobody listens any more, and whoever was being answered hears no more. */
  void goAway() {
    server.stop(0);
  }

  /** At the same port. */
  void comeBack() throws IOException {
    server = start(server.getAddress());
  }

  static Answer status(int status) {
    return exchange -> {
      byte[] body = "{\"kind\":\"Node\"}\n".getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    };
  }

  void answer(Answer next) {
    answer = next;
  }

  void writeToken(String token) throws IOException {
    // Whole or not at all, as a kubelet does.
    Files.move(
        Files.writeString(account.resolve("new"), token),
        account.resolve("token"),
        StandardCopyOption.ATOMIC_MOVE);
  }

  Path account() {
    return account;
  }

  URI url() {
    String host = server.getAddress().getAddress().getHostAddress();
    return URI.create(
        "https://"
            + (host.contains(":") ? "[" + host + "]" : host)
            + ":"
            + server.getAddress().getPort());
  }

  ApiServer asSeenByAPod() {
    return new ApiServer(url(), account);
  }

  /** The next request that comes. */
  Request awaitRequest() throws InterruptedException {
    @Nullable Request next = requests.poll(20, TimeUnit.SECONDS);
    assertThat(next).as("a request").isNotNull();
    return Objects.requireNonNull(next);
  }

  BlockingQueue<Request> requests() {
    return requests;
  }

  private void handle(HttpExchange exchange) throws IOException {
    Answer chosen = answer; // before a test learns of the request and chooses another
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      requests.add(
          new Request(
              exchange.getRequestMethod(),
              exchange.getRequestURI().toString(),
              Map.copyOf(exchange.getRequestHeaders()),
              body));
      chosen.to(exchange);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static SSLContext serving(KeyStore keys) throws GeneralSecurityException {
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }

  private static String pem(Certificate certificate) throws GeneralSecurityException {
    return "-----BEGIN CERTIFICATE-----\n"
        + Base64.getMimeEncoder().encodeToString(certificate.getEncoded())
        + "\n-----END CERTIFICATE-----\n";
  }

  /** The JDK makes certificates by this tool alone. */
  private static KeyStore newKey(String name) {
    try {
      Path folder = Files.createTempDirectory("podproc-keys");
      Path file = folder.resolve("keys.p12");
      try {
        Process keytool =
            new ProcessBuilder(
                    Path.of(System.getProperty("java.home", ""), "bin", "keytool").toString(),
                    "-genkeypair",
                    "-keystore",
                    file.toString(),
                    "-storepass",
                    PASSWORD,
                    "-alias",
                    ALIAS,
                    "-keyalg",
                    "EC",
                    "-dname",
                    "CN=" + name,
                    "-ext",
                    "san=ip:127.0.0.1,ip:::1")
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.onExit().join().exitValue()).as(said).isZero();
        return KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
      } finally {
        Files.deleteIfExists(file);
        Files.delete(folder);
      }
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
