// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The API server as a pod sees it.
 *
 * <p>Each call reads token and CA anew, as both are renewed, and has a client of its own: there is
 * one in minutes, and in between nothing is to cost memory, threads or a connection.
 *
 * @param url as {@code https://10.96.0.1:443}
 * @param account the directory of the ServiceAccount's {@code token} and {@code ca.crt}
 */
public record ApiServer(URI url, Path account) {
  private static final Path ACCOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  /** Longer than any object that it keeps, in bytes. */
  private static final long MOST = 2 << 20;

  /** The one that Kubernetes names in the environment of each container; empty outside of a pod. */
  public static Optional<ApiServer> ofPod(Map<String, String> environment) {
    String host = environment.get("KUBERNETES_SERVICE_HOST");
    String port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "443");
    if (host == null) {
      return Optional.empty();
    }
    try {
      // Puts an IPv6 address in brackets.
      URI url = new URI("https", null, host, Integer.parseInt(port), null, null, null);
      return Optional.of(new ApiServer(url, ACCOUNT));
    } catch (URISyntaxException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * Changes an object by a JSON merge patch (RFC 7386).
   *
   * @param path as {@code /api/v1/nodes/NAME}
   * @param deadline for all of it, from connecting to the answer
   * @throws IOException it is not done, or there was no telling; the message says why in one line
   */
  void merge(String path, String patch, Duration deadline)
      throws IOException, InterruptedException {
    HttpRequest request =
        request(path)
            .header("Content-Type", "application/merge-patch+json")
            .header("Accept", "application/json")
            .method("PATCH", HttpRequest.BodyPublishers.ofString(patch))
            .build();
    int status = send(request, HttpResponse.BodyHandlers.discarding(), deadline).statusCode();
    if (status != 200) {
      throw new IOException("it answered with status " + status);
    }
  }

  /** What it said. */
  record Answer(int status, String body) {}

  /**
   * Reads an object.
   *
   * @param path as {@code /api/v1/nodes/NAME}
   * @param form the media type of the answer
   * @param deadline for all of it, from connecting to the answer
   * @throws IOException there is no answer, or it is too long; the message says why in one line
   */
  Answer get(String path, String form, Duration deadline) throws IOException, InterruptedException {
    HttpResponse<String> response =
        send(
            request(path).header("Accept", form).build(),
            HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofString(), MOST),
            deadline);
    return new Answer(response.statusCode(), response.body());
  }

  private HttpRequest.Builder request(String path) throws IOException {
    return HttpRequest.newBuilder(url.resolve(path)).header("Authorization", "Bearer " + token());
  }

  private String token() throws IOException {
    Path file = account.resolve("token");
    String token = Files.readString(file).strip();
    if (!token.chars().allMatch(c -> c > ' ' && c < 127)) {
      throw new IOException(file + " is no token"); // and nothing of it belongs into a log
    }
    return token;
  }

  private <T> HttpResponse<T> send(
      HttpRequest request, HttpResponse.BodyHandler<T> body, Duration deadline)
      throws IOException, InterruptedException {
    try (HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(HttpClient.Builder.NO_PROXY)
            .sslContext(trusting(account.resolve("ca.crt")))
            .build()) {
      try {
        // A time-out of the client's own would end with the headers, and a body may never end.
        return client.sendAsync(request, body).get(deadline.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        throw new IOException("no answer within " + deadline.toSeconds() + " s", e);
      } catch (ExecutionException e) {
        throw new IOException(String.valueOf(e.getCause()), e);
      } finally {
        client.shutdownNow();
      }
    }
  }

  private static SSLContext trusting(Path authorities) throws IOException {
    try (InputStream in = Files.newInputStream(authorities)) {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      for (Certificate authority :
          CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        trusted.setCertificateEntry(Integer.toString(trusted.size()), authority);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(authorities + " can't be used: " + e.getMessage(), e);
    }
  }
}
