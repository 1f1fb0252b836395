// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The packaged webhook, as a process of its own. */
final class WebhookProcess implements AutoCloseable {
  private final String name;
  private final int port = freePort();
  private final int managementPort = freePort();
  private final Path log;
  private final Process process;
  private final HttpClient http = HttpClient.newHttpClient();

  /**
   * @param name of its pod
   * @param options as {@code -Dpodproc.namespace=x}
   */
  WebhookProcess(String name, ApiServer api, List<String> options) {
    this.name = name;
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-Dquarkus.http.host=127.0.0.1",
                "-Dquarkus.http.ssl-port=" + port,
                "-Dquarkus.management.host=127.0.0.1",
                "-Dquarkus.management.port=" + managementPort,
                "-Dkubernetes.master=" + api.url(),
                "-Dkubernetes.auth.token=webhook"));
    command.addAll(options);
    command.add("-jar");
    command.add(Path.of("target", "podproc-webhook.jar").toAbsolutePath().toString());
    try {
      log = Files.createTempFile("podproc-webhook-" + name, ".log");
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
      builder.environment().put("HOSTNAME", name);
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String name() {
    return name;
  }

  int port() {
    return port;
  }

  void awaitReady() {
    Waiting.until(() -> {
      assertThat(process.isAlive()).as("alive:%n%s", output()).isTrue();
      assertThat(get("/q/health/ready").statusCode()).isEqualTo(200);
    });
  }

  /** Asks its management port. */
  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Standard output and error until now. */
  String output() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** SIGKILL. */
  void kill() {
    process.destroyForcibly();
    close();
  }

  /** Its exit status. */
  int awaitExit() {
    try {
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("%s ended", name).isTrue();
      return process.exitValue();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    process.destroy();
    try {
      int _ = awaitExit();
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      process.destroyForcibly();
      http.close();
    }
  }
}
