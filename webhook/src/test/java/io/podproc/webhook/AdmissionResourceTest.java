// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.podproc.webhook.admission.Reviewer;
import io.podproc.webhook.injection.Reason;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the packaged webhook can't be made to do. */
class AdmissionResourceTest {
  private final Vertx vertx = Vertx.vertx();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @AfterEach
  void close() throws Exception {
    Void _ = vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  private double counted(Reason reason) {
    return registry.get("podproc.injections").tag("reason", reason.label()).counter().count();
  }

  @Test
  void aPodIsAllowedEvenIfTheReviewFails() throws Exception {
    Reviewer broken =
        new Reviewer(
            SettingsCheck.rules(Configs.of(Map.of())),
            namespace -> {
              throw new IllegalStateException("not a word of the body");
            });
    Router router = Router.router(vertx);
    new AdmissionResource(broken, new WebhookMetrics(registry), Duration.ofSeconds(10))
        .register(router);
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "localhost")
            .toCompletionStage()
            .toCompletableFuture()
            .get(10, TimeUnit.SECONDS);
    JsonNode pod =
        Reviews.json(
            """
            {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}
            """);
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(
                      URI.create("http://localhost:" + server.actualPort() + "/mutate"))
                  .header("Content-Type", "application/json; charset=utf-8")
                  .POST(
                      HttpRequest.BodyPublishers.ofByteArray(
                          Reviews.bytes(Reviews.creation("shop", pod))))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(200);
      JsonNode answer = Reviews.json(response.body()).path("response");
      assertThat(answer.path("allowed").asBoolean()).isTrue();
      assertThat(answer.has("patch")).isFalse();
      assertThat(answer.path("auditAnnotations").path("error").asText()).isEqualTo("internal");
      assertThat(response.body()).doesNotContain("not a word");
    }
    assertThat(counted(Reason.INTERNAL)).isEqualTo(1);
  }
}
