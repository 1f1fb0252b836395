// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An API server with what the chart installs: an empty Secret, an empty Lease, and a registration
 * without a caBundle. It lets a webhook do what the chart's role allows and nothing more.
 */
final class ApiServer implements AutoCloseable {
  private static final String ADMINISTRATOR = "administrator";
  private static final String SECRETS = "/api/v1/namespaces/" + Settings.NAMESPACE + "/secrets";
  private static final String LEASES =
      "/apis/coordination.k8s.io/v1/namespaces/" + Settings.NAMESPACE + "/leases";
  private static final String CONFIGURATIONS =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

  private final int port;
  private final List<String> refused = new CopyOnWriteArrayList<>();
  private final List<String> forbidden = new CopyOnWriteArrayList<>();
  private final AtomicInteger patches = new AtomicInteger();
  private final KubernetesCrudDispatcher state = new Guarded();
  private final KubernetesClient administrator;
  private KubernetesMockServer server;

  private final class Guarded extends KubernetesCrudDispatcher {
    @Override
    public MockResponse dispatch(RecordedRequest request) {
      String path = URLDecoder.decode(request.getPath(), StandardCharsets.UTF_8);
      String call = request.method() + " " + path;
      boolean byAdministrator =
          ("Bearer " + ADMINISTRATOR).equals(request.getHeader("Authorization"));
      if (!byAdministrator && (!isAllowed(call) || forbidden.stream().anyMatch(call::contains))) {
        refused.add(call);
        return new MockResponse()
            .setResponseCode(403)
            .setBody(
                "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"code\":403,\"message\":\"forbidden\"}");
      }
      if (!byAdministrator && call.startsWith("PATCH " + CONFIGURATIONS)) {
        int _ = patches.incrementAndGet();
      }
      return super.dispatch(request)
          .setHeader(
              "Date",
              DateTimeFormatter.RFC_1123_DATE_TIME.format(Instant.now().atZone(ZoneOffset.UTC)));
    }
  }

  /** The rules of the role, as helm/podproc grants them. */
  private static boolean isAllowed(String call) {
    return one(call, SECRETS, Settings.SECRET, "GET", "PUT", "PATCH")
        || watch(call, SECRETS, Settings.SECRET)
        || one(call, LEASES, Settings.LEASE, "GET", "PUT", "PATCH")
        || one(call, CONFIGURATIONS, Settings.CONFIGURATION, "GET", "PATCH")
        || watch(call, CONFIGURATIONS, Settings.CONFIGURATION)
        || call.startsWith("GET /api/v1/namespaces?")
        || call.equals("GET /version");
  }

  private static boolean one(String call, String path, String name, String... methods) {
    return List.of(methods).stream()
        .anyMatch(method -> call.split("\\?", 2)[0].equals(method + " " + path + "/" + name));
  }

  private static boolean watch(String call, String path, String name) {
    return call.startsWith("GET " + path + "?")
        && List.of(call.split("[?&]", -1)).contains("fieldSelector=metadata.name=" + name);
  }

  ApiServer() {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    server = start();
    administrator = client(ADMINISTRATOR);
    create();
  }

  private KubernetesMockServer start() {
    KubernetesMockServer started =
        new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), state, false);
    started.init(InetAddress.getLoopbackAddress(), port);
    return started;
  }

  private void create() {
    createSecret();
    var _ =
        administrator
            .resource(
                new LeaseBuilder()
                    .withNewMetadata()
                    .withNamespace(Settings.NAMESPACE)
                    .withName(Settings.LEASE)
                    .endMetadata()
                    .build())
            .create();
    createConfiguration();
  }

  void createSecret() {
    var _ =
        administrator
            .resource(
                new SecretBuilder()
                    .withNewMetadata()
                    .withNamespace(Settings.NAMESPACE)
                    .withName(Settings.SECRET)
                    .addToLabels("app.kubernetes.io/name", "podproc")
                    .endMetadata()
                    .build())
            .create();
  }

  void createConfiguration() {
    var _ =
        administrator
            .resource(
                new MutatingWebhookConfigurationBuilder()
                    .withNewMetadata()
                    .withName(Settings.CONFIGURATION)
                    .addToAnnotations("theirs", "stays")
                    .endMetadata()
                    .addToWebhooks(entry("namespaces.podproc.io"), entry("pods.podproc.io"))
                    .build())
            .create();
  }

  private static MutatingWebhook entry(String name) {
    return new MutatingWebhookBuilder()
        .withName(name)
        .withFailurePolicy("Ignore")
        .withSideEffects("None")
        .withAdmissionReviewVersions("v1")
        .withNewClientConfig()
        .withNewService()
        .withNamespace(Settings.NAMESPACE)
        .withName(Settings.SERVICE)
        .withPath("/mutate")
        .endService()
        .endClientConfig()
        .build();
  }

  /** As a webhook's, with the rights that it has. */
  KubernetesClient webhookClient() {
    return client("webhook");
  }

  private KubernetesClient client(String token) {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl(url())
            .withOauthToken(token)
            .withRequestRetryBackoffLimit(0)
            .withWatchReconnectInterval(100)
            .build();
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  String url() {
    return "http://127.0.0.1:" + port;
  }

  KubernetesClient administrator() {
    return administrator;
  }

  Resource<Secret> secret() {
    return administrator.secrets().inNamespace(Settings.NAMESPACE).withName(Settings.SECRET);
  }

  Resource<Lease> lease() {
    return administrator.leases().inNamespace(Settings.NAMESPACE).withName(Settings.LEASE);
  }

  Resource<MutatingWebhookConfiguration> configuration() {
    return administrator
        .admissionRegistration()
        .v1()
        .mutatingWebhookConfigurations()
        .withName(Settings.CONFIGURATION);
  }

  /** What a webhook asked for that it may not. */
  List<String> refused() {
    return refused;
  }

  /** How often a webhook has written a caBundle. */
  int patches() {
    return patches.get();
  }

  /** Takes a right from webhooks: calls like "GET /apis/admissionregistration". */
  void forbid(String call) {
    forbidden.add(call);
  }

  void goAway() {
    server.destroy();
  }

  void comeBack() {
    server = start();
  }

  @Override
  public void close() {
    administrator.close();
    server.destroy();
  }
}
