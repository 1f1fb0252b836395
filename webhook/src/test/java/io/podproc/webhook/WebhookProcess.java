// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** The packaged webhook as a process of its own, with a certificate for localhost. */
final class WebhookProcess implements AutoCloseable {
  static final SelfSigned CERTIFICATE = SelfSigned.make("localhost", "podproc-webhook.podproc.svc");

  private static final Path JAR = Path.of("target/podproc-webhook.jar");

  private final Path directory;
  private final SSLContext tls;
  private final Process process;
  private final int port = freePort();
  private final int managementPort = freePort();

  private WebhookProcess(String apiServer, String... settings) throws Exception {
    directory = Files.createTempDirectory("podproc-webhook-it");
    Files.writeString(directory.resolve("tls.crt"), CERTIFICATE.pem());
    Files.writeString(directory.resolve("tls.key"), CERTIFICATE.keyPem());
    tls = CERTIFICATE.trusting();
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "@src/main/jvm/jvm.options",
                "-XX:CompilerDirectivesFile=src/main/jvm/compilers.json",
                "-Dkubernetes.master=" + apiServer,
                "-Dquarkus.http.host=localhost",
                "-Dquarkus.http.ssl-port=" + port,
                "-Dpodproc.certificate-source=files",
                "-Dpodproc.certificate-directory=" + directory,
                "-Dquarkus.management.host=localhost",
                "-Dquarkus.management.port=" + managementPort));
    command.addAll(List.of(settings));
    command.addAll(List.of("-jar", JAR.toString()));
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
  }

  /**
   * Starts one.
   *
   * @param apiServer the port of the loopback interface where it is or will be
   * @param settings system properties, as -Dpodproc.drain=1s
   */
  static WebhookProcess start(int apiServer, String... settings) {
    try {
      return new WebhookProcess("http://localhost:" + apiServer, settings);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void await(String what, Duration atMost, BooleanSupplier condition) {
    long deadline = System.nanoTime() + atMost.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("not within " + atMost + ": " + what);
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  WebhookProcess awaitReady() {
    return awaitHealth("ready");
  }

  /** Until it takes connections; it may not be ready. */
  WebhookProcess awaitListening() {
    return awaitHealth("live");
  }

  private WebhookProcess awaitHealth(String kind) {
    try {
      await(kind, Duration.ofSeconds(60), () -> (serves() && health(kind) == 200) || !isAlive());
      assertThat(isAlive()).as(output()).isTrue();
      return this;
    } catch (AssertionError e) {
      String output = output();
      close();
      throw new AssertionError(output, e);
    }
  }

  /** Whether it takes connections for reviews; health it tells before. */
  private boolean serves() {
    try (SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket("localhost", port)) {
      socket.startHandshake();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** An HTTP status, 0 where there is no answer. */
  int health(String kind) {
    return managed("/q/health/" + kind).map(HttpResponse::statusCode).orElse(0);
  }

  String metrics() {
    return managed("/q/metrics").map(HttpResponse::body).orElse("");
  }

  private Optional<HttpResponse<String>> managed(String path) {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return Optional.of(
          client.send(
              HttpRequest.newBuilder(URI.create("http://localhost:" + managementPort + path))
                  .timeout(Duration.ofSeconds(10))
                  .build(),
              HttpResponse.BodyHandlers.ofString()));
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A client that trusts its certificate. */
  HttpClient client(HttpClient.Version version) {
    return HttpClient.newBuilder().sslContext(tls).version(version).build();
  }

  SSLContext tls() {
    return tls;
  }

  int port() {
    return port;
  }

  HttpRequest post(byte[] body) {
    return HttpRequest.newBuilder(URI.create("https://localhost:" + port + "/mutate?timeout=5s"))
        .header("Content-Type", "application/json")
        .header("Accept", "application/json, */*")
        .timeout(Duration.ofSeconds(10))
        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
        .build();
  }

  HttpResponse<String> send(HttpRequest request) {
    try (HttpClient client = client(HttpClient.Version.HTTP_2)) {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(output(), e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  JsonNode review(JsonNode review) {
    HttpResponse<String> response = send(post(Reviews.bytes(review)));
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + " " + response.body());
    }
    return Reviews.json(response.body());
  }

  /** Standard output and error until now, but for what the JVM says of its compilers. */
  String output() {
    try {
      return Files.readString(directory.resolve("log"))
          .replaceFirst("\\d+ compiler directives added\n", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** What jcmd answers. */
  String diagnose(String command) throws IOException {
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/jcmd").toString(),
                Long.toString(process.pid()),
                command)
            .redirectErrorStream(true)
            .start();
    return new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  int awaitExit() {
    try {
      if (!process.waitFor(40, TimeUnit.SECONDS)) {
        throw new AssertionError("it does not end: " + output());
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    int _ = awaitExit();
    try {
      for (String file : List.of("log", "tls.crt", "tls.key", "")) {
        Files.deleteIfExists(directory.resolve(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
