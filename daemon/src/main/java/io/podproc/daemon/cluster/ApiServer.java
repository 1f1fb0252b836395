// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import jakarta.json.stream.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.NoRouteToHostException;
import java.net.Proxy;
import java.net.SocketTimeoutException;
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
import javax.net.ssl.HttpsURLConnection;
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
  /** What there is to be known of an object, without what it is made of. */
  static final String METADATA =
      "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

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
  record Answer(int status, String body) {
    /**
     * An object of it; where there is none, an empty one.
     *
     * @throws IOException it is no object itself
     */
    JsonObject member(String name) throws IOException {
      try (JsonParser parser = Json.createParser(new StringReader(body))) {
        parser.next();
        JsonObject all = parser.getObject();
        if (parser.hasNext()) { // else it throws if anything follows
          throw new IOException("it answered with more than an object of JSON");
        }
        return all.get(name) instanceof JsonObject object ? object : JsonValue.EMPTY_JSON_OBJECT;
      } catch (RuntimeException e) { // all that the parser throws, where it nests too deeply no
        // other
        throw new IOException("it answered with what is no object of JSON", e);
      }
    }
  }

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

  /**
   * An answer that goes on for as long as there is something to say. By the JDK's older client: it
   * needs no thread of its own, and gives up by itself where nothing comes.
   */
  static final class Stream implements AutoCloseable {
    private final HttpURLConnection connection;
    private final int status;

    private Stream(HttpURLConnection connection) throws IOException {
      this.connection = connection;
      status = connection.getResponseCode();
    }

    int status() {
      return status;
    }

    /** What is told to those who ask too much, where it is a number of seconds. */
    Optional<Duration> retryAfter() {
      long seconds = connection.getHeaderFieldLong("Retry-After", -1);
      return seconds < 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(seconds));
    }

    /** Throws {@link SocketTimeoutException} where nothing comes for too long. */
    InputStream body() throws IOException {
      return connection.getInputStream();
    }

    /** By the thread that reads. */
    @Override
    public void close() {
      connection.disconnect();
    }
  }

  /**
   * Begins to read what may have no end.
   *
   * @param path as {@code /api/v1/pods?watch=true}
   * @param form the media type of the answer
   * @param connecting how long it may take to connect
   * @param silence for how long nothing may come
   * @throws UnreachableException nobody listens there
   * @throws IOException there is no answer; the message says why in one line
   */
  Stream open(String path, String form, Duration connecting, Duration silence) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) url.resolve(path).toURL().openConnection(Proxy.NO_PROXY);
    if (connection instanceof HttpsURLConnection tls) {
      tls.setSSLSocketFactory(trusting(account.resolve("ca.crt")).getSocketFactory());
    }
    connection.setRequestProperty("Authorization", "Bearer " + token());
    connection.setRequestProperty("Accept", form);
    connection.setRequestProperty("Connection", "close");
    connection.setRequestProperty("User-Agent", "podproc-daemon");
    connection.setInstanceFollowRedirects(false);
    connection.setUseCaches(false);
    connection.setConnectTimeout((int) connecting.toMillis());
    connection.setReadTimeout((int) silence.toMillis());
    try {
      connection.connect();
    } catch (ConnectException | NoRouteToHostException | SocketTimeoutException e) {
      throw new UnreachableException(e);
    }
    try {
      return new Stream(connection);
    } catch (IOException | RuntimeException e) {
      connection.disconnect();
      throw e;
    }
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
