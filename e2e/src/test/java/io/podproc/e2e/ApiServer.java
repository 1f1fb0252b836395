// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The little of a cluster that a webhook meets: it keeps objects, those that an installation of
 * podproc brings and a namespace that opted in, and it sends reviews to the webhook that is
 * registered.
 */
final class ApiServer implements AutoCloseable {
  static final String NAMESPACE = "podproc";
  static final String OPTED_IN = "shop";

  private static final String CONFIGURATION = "podproc";
  private static final String SERVICE = "podproc-webhook";

  /** Tells of each request. Kept, for a logger that is not forgets its level. */
  private static final Logger REQUESTS = Logger.getLogger(MockWebServer.class.getName());

  static {
    REQUESTS.setLevel(Level.WARNING);
  }

  private final KubernetesMockServer server =
      new KubernetesMockServer(
          new Context(),
          new MockWebServer(),
          new HashMap<>(),
          new KubernetesCrudDispatcher(),
          false);
  private final KubernetesClient client;
  private final Vertx vertx = Vertx.vertx();

  ApiServer() {
    server.start();
    client = server.createClient();
    create(NAMESPACE, Map.of());
    create(OPTED_IN, Map.of("podproc.io/inject", "enabled"));
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withNamespace(NAMESPACE)
                .withName("podproc-webhook-tls")
                .endMetadata()
                .withType("Opaque")
                .build())
        .create();
    client
        .resource(
            new LeaseBuilder()
                .withNewMetadata()
                .withNamespace(NAMESPACE)
                .withName("podproc-webhook")
                .endMetadata()
                .build())
        .create();
    client
        .resource(
            new MutatingWebhookConfigurationBuilder()
                .withNewMetadata()
                .withName(CONFIGURATION)
                .endMetadata()
                .withWebhooks(webhook("namespaces.podproc.io"), webhook("pods.podproc.io"))
                .build())
        .create();
  }

  private void create(String namespace, Map<String, String> labels) {
    client
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(namespace)
                .withLabels(labels)
                .endMetadata()
                .build())
        .create();
  }

  private static MutatingWebhook webhook(String name) {
    return new MutatingWebhookBuilder()
        .withName(name)
        .withAdmissionReviewVersions("v1")
        .withSideEffects("None")
        .withNewClientConfig()
        .withNewService()
        .withNamespace(NAMESPACE)
        .withName(SERVICE)
        .withPath("/mutate")
        .endService()
        .endClientConfig()
        .build();
  }

  /** Where it is, for a process of this machine. */
  String url() {
    return "http://127.0.0.1:" + server.getPort();
  }

  /** The CAs that each registered webhook is trusted by, in PEM; empty where there is none yet. */
  Optional<String> caBundle() {
    List<String> bundles =
        client
            .admissionRegistration()
            .v1()
            .mutatingWebhookConfigurations()
            .withName(CONFIGURATION)
            .get()
            .getWebhooks()
            .stream()
            .map(webhook -> Optional.ofNullable(webhook.getClientConfig().getCaBundle()))
            .map(bundle -> bundle.orElse(""))
            .distinct()
            .toList();
    return bundles.size() == 1 && !bundles.getFirst().isEmpty()
        ? Optional.of(
            new String(
                Base64.getDecoder().decode(bundles.getFirst()),
                java.nio.charset.StandardCharsets.US_ASCII))
        : Optional.empty();
  }

  /**
   * Calls the webhook by its service's name, which stands for a port of this machine, trusting the
   * CAs that are registered and no other.
   *
   * @param review an AdmissionReview with a request, in JSON
   * @return the AdmissionReview with its response
   */
  String call(int port, String review) {
    HttpClient http =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setSsl(true)
                .setTrustOptions(
                    new PemTrustOptions()
                        .addCertValue(
                            Buffer.buffer(
                                caBundle()
                                    .orElseThrow(
                                        () -> new AssertionError("no caBundle is registered"))))));
    try {
      return http.request(
              new RequestOptions()
                  .setMethod(HttpMethod.POST)
                  .setHost(SERVICE + "." + NAMESPACE + ".svc")
                  .setPort(443)
                  .setServer(SocketAddress.inetSocketAddress(port, "127.0.0.1"))
                  .setURI("/mutate?timeout=5s")
                  .putHeader("Content-Type", "application/json")
                  .putHeader("Accept", "application/json, */*")
                  .putHeader("User-Agent", "kube-apiserver-admission")
                  .setTimeout(Machine.deadline(10).toMillis()))
          .compose(request -> request.send(Buffer.buffer(review)))
          .compose(ApiServer::body)
          .toCompletionStage()
          .toCompletableFuture()
          .get(Machine.deadline(15).toMillis(), TimeUnit.MILLISECONDS);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      throw new AssertionError("the webhook did not answer: " + e, e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    } finally {
      var _ = http.close();
    }
  }

  private static io.vertx.core.Future<String> body(HttpClientResponse response) {
    return response
        .body()
        .map(body -> {
          if (response.statusCode() != 200) {
            throw new AssertionError("HTTP " + response.statusCode() + ": " + body);
          }
          return body.toString();
        });
  }

  @Override
  public void close() {
    var _ = vertx.close();
    client.close();
    server.shutdown();
  }
}
