// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the webhook starts and stops, and what it does while the API server is away. */
class LifecycleIT {
  private static final Map<String, String> ENABLED = Map.of("podproc.io/inject", "enabled");
  private static final JsonNode POD =
      Reviews.json(
          """
          {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "web"}]}}
          """);

  private static JsonNode response(WebhookProcess webhook, String namespace) {
    return webhook.review(Reviews.creation(namespace, POD)).path("response");
  }

  private static void assertUnknown(WebhookProcess webhook, String namespace) {
    long start = System.nanoTime();
    JsonNode response = response(webhook, namespace);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.path("auditAnnotations").path("skipped").asText())
        .isEqualTo("namespace_unknown");
    assertThat(response.path("warnings").path(0).asText()).contains("can't be known");
  }

  @Test
  void reviewsAreAnsweredWhileTheApiServerIsAway() {
    int port = WebhookProcess.freePort();
    try (WebhookProcess webhook = WebhookProcess.start(port).awaitListening()) {
      // Not there yet.
      assertThat(webhook.health("ready")).isEqualTo(503);
      assertUnknown(webhook, "shop");
      try (ApiServer apiServer = ApiServer.at(port)) {
        ApiServer _ = apiServer.namespace("shop", ENABLED);
        assertThat(webhook.awaitReady().health("ready")).isEqualTo(200);
        assertThat(response(webhook, "shop").has("patch")).isTrue();
      }
      // Gone again: what was known stays good.
      for (int i = 0; i < 3; i++) {
        assertThat(response(webhook, "shop").has("patch")).isTrue();
        assertUnknown(webhook, "other");
      }
      assertThat(webhook.health("ready")).isEqualTo(200);
      assertThat(webhook.output()).doesNotContain("\tat ");
      try (ApiServer apiServer = ApiServer.at(port)) {
        ApiServer _ = apiServer.namespace("shop", Map.of()).namespace("other", ENABLED);
        WebhookProcess.await(
            "the other API server is watched",
            Duration.ofSeconds(90),
            () ->
                !response(webhook, "shop").has("patch") && response(webhook, "other").has("patch"));
      }
    }
  }

  /** Else a review costs three times as much; or the compiler more than the reviews. */
  @Test
  void theSecondCompilerIsForWhatAReviewIsSpentOn() throws Exception {
    int port = WebhookProcess.freePort();
    try (ApiServer apiServer = ApiServer.at(port);
        WebhookProcess webhook = WebhookProcess.start(port)) {
      ApiServer _ = apiServer.namespace("shop", ENABLED);
      WebhookProcess _ = webhook.awaitReady();
      byte[] body = Reviews.bytes(Reviews.creation("shop", POD));
      try (HttpClient client = webhook.client(HttpClient.Version.HTTP_1_1)) {
        WebhookProcess.await(
            "ciphers and JSON are compiled",
            Duration.ofMinutes(2),
            () -> {
              for (int i = 0; i < 100; i++) {
                send(client, webhook.post(body));
              }
              List<String> compiled = byTheSecondCompiler(webhook);
              return List.of("com.sun.crypto.provider.", "com.fasterxml.jackson.core.").stream()
                  .allMatch(what -> compiled.stream().anyMatch(m -> m.startsWith(what)));
            });
      }
      assertThat(byTheSecondCompiler(webhook))
          .allSatisfy(method ->
              assertThat(method)
                  .matches(
                      "(com\\.sun\\.crypto\\.provider|sun\\.security\\.util\\.math\\.intpoly"
                          + "|com\\.fasterxml\\.jackson|io\\.podproc\\.webhook\\.(admission|injection))\\..*"));
    }
  }

  /** Else the first reviews on a busy node take longer than the API server waits. */
  @Test
  void whatAReviewIsMadeOfIsCompiledBeforeItIsReady() throws Exception {
    int port = WebhookProcess.freePort();
    try (ApiServer apiServer = ApiServer.at(port);
        WebhookProcess webhook = WebhookProcess.start(port)) {
      ApiServer _ = apiServer.namespace("shop", ENABLED);
      WebhookProcess _ = webhook.awaitReady();
      List<String> compiled =
          compiled(webhook).filter(words -> !words[1].equals("0")).map(words -> words[3]).toList();
      assertThat(
              Stream.of(
                  "io.podproc.webhook.injection.Container.occupies(",
                  "io.podproc.webhook.injection.PodMutator$Pass.mount(",
                  "com.fasterxml.jackson.core.json.UTF8StreamJsonParser.nextToken(",
                  "com.fasterxml.jackson.core.json.UTF8JsonGenerator.writeString(",
                  "com.sun.crypto.provider.GaloisCounterMode",
                  "sun.security.ssl.SSLEngineImpl.",
                  "io.netty.handler.ssl.SslHandler.unwrap("))
          .filteredOn(what -> compiled.stream().noneMatch(method -> method.startsWith(what)))
          .as("not compiled")
          .isEmpty();
      // Nobody asked for those reviews.
      assertThat(webhook.metrics().lines())
          .filteredOn(
              line -> line.matches("podproc_(injections_total|admission_duration_seconds_count).*"))
          .isNotEmpty()
          .allMatch(line -> line.endsWith(" 0.0") || line.endsWith(" 0"));
    }
  }

  /** It brings 550 classes and 9 MiB, and is not needed. */
  @Test
  void whatItMeasuresIsInTheDocuments() throws IOException {
    int port = WebhookProcess.freePort();
    try (ApiServer _ = ApiServer.at(port);
        WebhookProcess webhook = WebhookProcess.start(port)) {
      String metrics = webhook.awaitReady().metrics();
      List<String> rows =
          Pattern.compile("(?m)^# HELP (podproc_\\S+) (.*)$")
              .matcher(metrics)
              .results()
              .map(help -> "| `" + sample(help.group(1), metrics) + "` | " + help.group(2) + " |")
              .toList();
      String page = Files.readString(Path.of("../docs/metrics.md"));
      assertThat(
              page.substring(page.indexOf("## Of a webhook"))
                  .lines()
                  .filter(line -> line.startsWith("| `")))
          .containsExactlyInAnyOrderElementsOf(rows);
    }
  }

  /** As Prometheus is asked for it: OpenMetrics names a counter without the end of its samples. */
  private static String sample(String family, String metrics) {
    return metrics.contains("\n" + family + "_total") ? family + "_total" : family;
  }

  @Test
  void nobodyMakesAProviderOfBouncyCastle() throws Exception {
    int port = WebhookProcess.freePort();
    try (ApiServer apiServer = ApiServer.at(port);
        WebhookProcess webhook = WebhookProcess.start(port)) {
      ApiServer _ = apiServer.namespace("shop", ENABLED);
      WebhookProcess _ = webhook.awaitReady();
      try (HttpClient client = webhook.client(HttpClient.Version.HTTP_1_1)) {
        send(client, webhook.post(Reviews.bytes(Reviews.creation("shop", POD))));
      }
      assertThat(webhook.diagnose("VM.class_hierarchy"))
          .contains("org.bouncycastle.cert.")
          .doesNotContain("org.bouncycastle.jce.provider.");
    }
  }

  private static void send(HttpClient client, HttpRequest request) {
    try {
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Methods. */
  private static List<String> byTheSecondCompiler(WebhookProcess webhook) {
    return compiled(webhook).filter(words -> words[1].equals("4")).map(words -> words[3]).toList();
  }

  /** A line of jcmd's has an id, the compiler's level, a state and what it is. */
  private static Stream<String[]> compiled(WebhookProcess webhook) {
    try {
      return webhook
          .diagnose("Compiler.codelist")
          .lines()
          .map(line -> line.strip().split(" +"))
          .filter(words -> words.length > 3);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A client that goes on until it is told to stop. */
  private record Clients(WebhookProcess webhook, boolean reconnecting) {
    void run(AtomicBoolean goesOn, AtomicInteger answered, Queue<String> failures) {
      byte[] body = Reviews.bytes(Reviews.creation("shop", POD));
      HttpClient client = webhook.client(HttpClient.Version.HTTP_2);
      while (goesOn.get()) {
        try {
          HttpResponse<String> response =
              client.send(webhook.post(body), HttpResponse.BodyHandlers.ofString());
          if (response.statusCode() != 200 || !response.body().contains("JSONPatch")) {
            failures.add(this + ": " + response.statusCode() + " " + response.body());
          }
          int _ = answered.incrementAndGet();
          if (reconnecting) {
            client.close();
            client = webhook.client(HttpClient.Version.HTTP_2);
          }
        } catch (Exception e) {
          failures.add(this + ": " + e);
        }
      }
      client.close();
    }
  }

  @Test
  void noRequestFailsWhileItDrains() {
    int port = WebhookProcess.freePort();
    AtomicBoolean goesOn = new AtomicBoolean(true);
    AtomicInteger answered = new AtomicInteger();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    try (ApiServer apiServer = ApiServer.at(port);
        WebhookProcess webhook = WebhookProcess.start(port, "-Dpodproc.drain=5s")) {
      ApiServer _ = apiServer.namespace("shop", ENABLED);
      WebhookProcess _ = webhook.awaitReady();
      try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
        for (boolean reconnecting : new boolean[] {false, false, true}) {
          clients.execute(() -> new Clients(webhook, reconnecting).run(goesOn, answered, failures));
        }
        try {
          WebhookProcess.await("answers", Duration.ofSeconds(20), () -> answered.get() > 100);
          webhook.terminate();
          WebhookProcess.await(
              "not ready at once", Duration.ofSeconds(2), () -> webhook.health("ready") == 503);
          int before = answered.get();
          // Until all have forgotten the endpoint.
          WebhookProcess.await(
              "answers meanwhile", Duration.ofSeconds(3), () -> answered.get() > before + 20);
        } finally {
          goesOn.set(false);
        }
      }
      assertThat(failures).isEmpty();
      assertThat(webhook.isAlive()).isTrue();
      assertThat(webhook.awaitExit()).isEqualTo(128 + 15);
      assertThat(webhook.output()).doesNotContain("Exception", "ERROR");
    }
  }

  // ---- refusing to start ----

  @ParameterizedTest
  @CsvSource({
    "podproc.mount-piont=/x,there is no setting podproc.mount-piont",
    "podproc.mount-point=x,podproc.mount-point must be an absolute path",
    "podproc.drain=soon,podproc.drain can't be \"soon\"",
    "podproc.drain=2m,podproc.drain must be between 0 s and 60 s",
    "podproc.skip-host-pid=maybe,podproc.skip-host-pid can't be \"maybe\"",
    "podproc.default-pod-security=none,podproc.default-pod-security can't be \"none\"",
    "podproc.files=/etc/passwd,podproc.files: podproc has no file \"/etc/passwd\""
  })
  void aBadSettingStopsTheStartInOneLine(String setting, String words) {
    try (WebhookProcess webhook = WebhookProcess.start(WebhookProcess.freePort(), "-D" + setting)) {
      int status = webhook.awaitExit();
      assertThat(webhook.output().lines()).singleElement().asString().startsWith("podproc: ");
      assertThat(webhook.output()).contains(words);
      assertThat(status).isEqualTo(1);
    }
  }
}
