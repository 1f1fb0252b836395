// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/** An API server that keeps what it is given, on a port of the loopback interface. */
final class ApiServer implements AutoCloseable {
  private final KubernetesMockServer server =
      new KubernetesMockServer(
          new Context(),
          new MockWebServer(),
          new HashMap<>(),
          new KubernetesCrudDispatcher(),
          false);
  private final KubernetesClient client;

  private ApiServer(int port) {
    server.init(InetAddress.getLoopbackAddress(), port);
    client = server.createClient();
    // Without it no replica is ready: nobody would trust what it serves.
    MutatingWebhookConfiguration registration =
        new MutatingWebhookConfigurationBuilder()
            .withNewMetadata()
            .withName("podproc")
            .endMetadata()
            .addNewWebhook()
            .withName("podproc.io")
            .withNewClientConfig()
            .withCaBundle(
                Base64.getEncoder()
                    .encodeToString(
                        WebhookProcess.CERTIFICATE.pem().getBytes(StandardCharsets.UTF_8)))
            .endClientConfig()
            .endWebhook()
            .build();
    MutatingWebhookConfiguration _ = client.resource(registration).create();
  }

  static ApiServer at(int port) {
    return new ApiServer(port);
  }

  ApiServer namespace(String name, Map<String, String> labels) {
    Namespace namespace =
        new NamespaceBuilder()
            .withNewMetadata()
            .withName(name)
            .withLabels(labels)
            .endMetadata()
            .build();
    Namespace _ = client.resource(namespace).createOr(existing -> existing.update());
    return this;
  }

  @Override
  public void close() {
    client.close();
    server.destroy();
  }
}
