// SPDX-License-Identifier: Apache-2.0
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** A webhook that is measured, and the stand-in for the API server that it asks for namespaces. */
final class BenchedWebhook {
  static final char[] PASSWORD = "changeit".toCharArray();

  private final Process process;
  private final HttpServer apiServer;
  private final SSLContext tls;
  private final Path log;
  private final int port;
  private final int managementPort;
  private final long started = System.nanoTime();

  private BenchedWebhook(
      Process process, HttpServer apiServer, SSLContext tls, Path log, int port, int managementPort) {
    this.process = process;
    this.apiServer = apiServer;
    this.tls = tls;
    this.log = log;
    this.port = port;
    this.managementPort = managementPort;
  }

  /**
   * Starts one, which ends with this program.
   *
   * @param directory with store.p12
   * @param command the webhook's, without settings
   */
  static BenchedWebhook start(Path directory, List<String> command) throws Exception {
    KeyStore store = KeyStore.getInstance(directory.resolve("store.p12").toFile(), PASSWORD);
    writePem(directory, store);
    int port = freePort();
    int management = freePort();
    HttpServer apiServer = apiServer();
    List<String> whole = new ArrayList<>(command);
    whole.addAll(
        List.of(
            "-Dkubernetes.master=http://localhost:" + apiServer.getAddress().getPort(),
            "-Dpodproc.certificate-source=files",
            "-Dpodproc.certificate-directory=" + directory,
            "-Dquarkus.http.host=localhost",
            "-Dquarkus.http.ssl-port=" + port,
            "-Dquarkus.management.host=localhost",
            "-Dquarkus.management.port=" + management));
    Path log = directory.resolve("webhook.log");
    Process process =
        new ProcessBuilder(whole)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    return new BenchedWebhook(process, apiServer, trusting(store), log, port, management);
  }

  /** Since it was started. */
  Duration age() {
    return Duration.ofNanos(System.nanoTime() - started);
  }

  int port() {
    return port;
  }

  /** A new connection, after its handshake. */
  SSLSocket connect() throws IOException {
    SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket("localhost", port);
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(30_000);
      socket.startHandshake();
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Asks whether it is ready until it is, for some minutes at most. */
  void awaitReady(Duration period) throws Exception {
    try (HttpClient client = client()) {
      while (process.isAlive() && age().compareTo(Duration.ofMinutes(5)) < 0) {
        if (probe(client, "ready", Duration.ofSeconds(10)) == 200) {
          return;
        }
        Thread.sleep(period);
      }
    }
    System.err.println("bench: the webhook is not ready: " + Files.readString(log));
    System.exit(1);
  }

  static HttpClient client() {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  }

  /** The HTTP status of its health, 0 where no answer comes in time. */
  int probe(HttpClient client, String kind, Duration deadline) throws InterruptedException {
    URI health = URI.create("http://localhost:" + managementPort + "/q/health/" + kind);
    try {
      return client
          .send(
              HttpRequest.newBuilder(health).timeout(deadline).build(),
              HttpResponse.BodyHandlers.ofString())
          .statusCode();
    } catch (IOException e) {
      return 0;
    }
  }

  long cpuMillis() {
    return ReviewClient.cpuMillis(process.toHandle());
  }

  String memory() throws IOException {
    return "memory: RSS %.1f MiB, PSS %.1f MiB".formatted(mebibytes("Rss:"), mebibytes("Pss:"));
  }

  /** A sum of smaps_rollup. */
  double mebibytes(String key) throws IOException {
    return Files.readAllLines(Path.of("/proc", process.pid() + "", "smaps_rollup")).stream()
            .filter(line -> line.startsWith(key))
            .mapToDouble(line -> Double.parseDouble(line.split("\\s+")[1]))
            .sum()
        / 1024;
  }

  void stop() throws InterruptedException {
    process.destroy();
    process.waitFor(30, TimeUnit.SECONDS);
    apiServer.stop(0);
  }

  /** Without its drain. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    stop();
  }

  /** Lists one namespace, and permits nothing else. */
  private static HttpServer apiServer() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          String query = String.valueOf(exchange.getRequestURI().getQuery());
          boolean namespaces = exchange.getRequestURI().getPath().equals("/api/v1/namespaces");
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(namespaces ? 200 : 403, 0);
          try (OutputStream out = exchange.getResponseBody()) {
            if (namespaces && query.contains("watch=true")) {
              out.flush();
              Thread.sleep(Long.MAX_VALUE);
            } else if (namespaces) {
              out.write(
                  """
                  {"kind": "NamespaceList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"},
                    "items": [{"metadata": {"name": "shop", "resourceVersion": "1", "uid": "1",
                      "labels": {"podproc.io/inject": "enabled"}}}]}
                  """
                      .getBytes(StandardCharsets.UTF_8));
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
    return server;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static void writePem(Path directory, KeyStore store) throws Exception {
    Files.writeString(
        directory.resolve("tls.crt"), pem("CERTIFICATE", store.getCertificate("tls").getEncoded()));
    Files.writeString(
        directory.resolve("tls.key"), pem("PRIVATE KEY", store.getKey("tls", PASSWORD).getEncoded()));
  }

  private static String pem(String type, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(type, Base64.getMimeEncoder().encodeToString(der), type);
  }

  static SSLContext trusting(KeyStore store) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("tls", store.getCertificate("tls"));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
