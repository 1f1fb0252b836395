// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reviews over TLS, answered by the packaged webhook. */
class AdmissionIT {
  private static final int API_PORT = WebhookProcess.freePort();
  private static ApiServer apiServer;
  private static WebhookProcess webhook;

  @BeforeAll
  static void start() {
    apiServer =
        ApiServer.at(API_PORT)
            .namespace("shop", Map.of("podproc.io/inject", "enabled"))
            .namespace("plain", Map.of())
            .namespace(
                "strict",
                Map.of(
                    "podproc.io/inject",
                    "enabled",
                    "pod-security.kubernetes.io/enforce",
                    "restricted"));
    webhook = WebhookProcess.start(API_PORT).awaitReady();
  }

  @AfterAll
  static void stop() {
    webhook.close();
    apiServer.close();
  }

  private static JsonNode pod(String spec) {
    return Reviews.json(
        """
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-", "namespace": "shop",
          "creationTimestamp": null}, "spec": %s, "status": {}}
        """
            .formatted(spec));
  }

  private static final JsonNode PLAIN = pod("{\"containers\": [{\"name\": \"web\"}]}");

  private static JsonNode injected(JsonNode pod) {
    JsonNode answer = webhook.review(Reviews.creation("shop", pod));
    assertThat(answer.path("response").path("allowed").asBoolean()).isTrue();
    assertThat(answer.path("response").has("patch")).isTrue();
    return Reviews.patched(pod, answer);
  }

  private static void assertMounted(JsonNode pod, String container) {
    assertThat(pod.at(container + "/volumeMounts").findValuesAsText("mountPath"))
        .contains("/proc/meminfo", "/proc/stat", "/sys/devices/system/cpu/online");
    assertThat(pod.at("/spec/volumes").findValuesAsText("path"))
        .contains("/var/lib/podproc/proc/meminfo");
  }

  /** Allowed as it is, with a warning that has these words. */
  private static void assertLeftAlone(JsonNode response, String... words) {
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.has("patch")).isFalse();
    assertThat(response.path("warnings").path(0).asText()).contains(words);
  }

  private static double counted(String result, String reason) {
    String name =
        "podproc_injections_total{reason=\"%s\",result=\"%s\"} ".formatted(reason, result);
    return webhook
        .metrics()
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
        .sum();
  }

  // ---- pods ----

  @Test
  void aPodOfADeploymentIsInjected() {
    ObjectNode pod =
        (ObjectNode)
            pod(
                """
                {"volumes": [{"name": "kube-api-access", "projected": {"sources": []}}],
                  "containers": [{"name": "web", "image": "nginx", "resources": {"limits":
                    {"cpu": "2"}}, "volumeMounts": [{"name": "kube-api-access", "mountPath": "/s"}]}]}
                """);
    ((ObjectNode) pod.path("metadata"))
        .putObject("annotations")
        .put("kubectl.kubernetes.io/default-container", "web");
    double before = counted("injected", "namespace_label");
    JsonNode after = injected(pod);
    assertMounted(after, "/spec/containers/0");
    assertThat(after.at("/spec/volumes/0/name").asText()).isEqualTo("kube-api-access");
    assertThat(counted("injected", "namespace_label")).isEqualTo(before + 1);
  }

  @Test
  void aNativeSidecarIsInjectedToo() {
    JsonNode after =
        injected(
            pod(
                """
                {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}],
                  "containers": [{"name": "web"}]}
                """));
    assertMounted(after, "/spec/initContainers/0");
    assertMounted(after, "/spec/containers/0");
  }

  @Test
  void fieldsOfTheFutureSurvive() {
    JsonNode after =
        injected(
            pod(
                """
                {"future": {"big": 123456789012345678901234567890, "exact": 1.500},
                  "containers": [{"name": "web", "future": [null, {}]}]}
                """));
    assertThat(after.at("/spec/future").toString())
        .isEqualTo("{\"big\":123456789012345678901234567890,\"exact\":1.500}");
    assertThat(after.at("/spec/containers/0/future").toString()).isEqualTo("[null,{}]");
  }

  @Test
  void aPodWithoutAnnotationsIsInjected() {
    assertMounted(injected(PLAIN), "/spec/containers/0");
  }

  @Test
  void theSecondReviewFindsNothingToDo() {
    JsonNode again = webhook.review(Reviews.creation("shop", injected(PLAIN)));
    assertThat(again.path("response").has("patch")).isFalse();
    assertThat(again.path("response").has("warnings")).isFalse();
  }

  @Test
  void aWindowsPodIsLeftAlone() {
    JsonNode pod = pod("{\"os\": {\"name\": \"windows\"}, \"containers\": [{\"name\": \"web\"}]}");
    assertLeftAlone(
        webhook.review(Reviews.creation("shop", pod)).path("response"), "not injected", "Windows");
  }

  @Test
  void aPodInARestrictedNamespaceIsLeftAlone() {
    assertLeftAlone(
        webhook.review(Reviews.creation("strict", PLAIN)).path("response"),
        "not injected",
        "restricted");
  }

  @Test
  void aPodInANamespaceThatDoesNotExistIsLeftAlone() {
    JsonNode response = webhook.review(Reviews.creation("nowhere", PLAIN)).path("response");
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.has("patch")).isFalse();
  }

  @Test
  void ephemeralContainersGetWhatThePodHas() {
    JsonNode before = injected(PLAIN);
    ObjectNode after = before.deepCopy();
    after.withObject("/spec").putArray("ephemeralContainers").addObject().put("name", "debugger");
    JsonNode answer = webhook.review(Reviews.debugging("shop", before, after));
    JsonNode patched = Reviews.patched(after, answer);
    assertMounted(patched, "/spec/ephemeralContainers/0");
    ((ObjectNode) patched.path("spec")).remove("ephemeralContainers");
    assertThat(patched).isEqualTo(before);
  }

  @Test
  void aNewLabelOfANamespaceCounts() {
    assertThat(webhook.review(Reviews.creation("plain", PLAIN)).path("response").has("patch"))
        .isFalse();
    ApiServer _ = apiServer.namespace("plain", Map.of("podproc.io/inject", "enabled"));
    WebhookProcess.await(
        "the label is seen",
        Duration.ofSeconds(10),
        () -> webhook.review(Reviews.creation("plain", PLAIN)).path("response").has("patch"));
    ApiServer _ = apiServer.namespace("plain", Map.of());
    WebhookProcess.await(
        "its end is seen",
        Duration.ofSeconds(10),
        () -> !webhook.review(Reviews.creation("plain", PLAIN)).path("response").has("patch"));
  }

  @Test
  void aPodInANamespaceThatIsJustMadeIsInjected() {
    for (int i = 0; i < 5; i++) {
      ApiServer _ = apiServer.namespace("new-" + i, Map.of("podproc.io/inject", "enabled"));
      JsonNode answer = webhook.review(Reviews.creation("new-" + i, PLAIN));
      assertThat(answer.path("response").has("patch")).isTrue();
    }
  }

  @Test
  void thousandsOfReviewsLeaveNothingBehind() throws Exception {
    HttpRequest request = webhook.post(Reviews.bytes(Reviews.creation("shop", PLAIN)));
    try (HttpClient client = webhook.client(HttpClient.Version.HTTP_1_1)) {
      for (int i = 0; i < 3000; i++) { // 48 MiB as they are counted: twice what it would ever hold
        assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
            .isEqualTo(200);
      }
    }
  }

  // ---- bodies that are none ----

  private static void assertRefused(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.body().lines()).singleElement().asString().startsWith("podproc: ");
    assertThat(response.body()).doesNotContain("Exception", "\tat ", "com.fasterxml", "hunter2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hunter2",
        "{\"kind\": \"AdmissionReview\", \"hunter2\": ",
        "{\"kind\": \"AdmissionReview\", \"apiVersion\": \"admission.k8s.io/v1\"}",
        "{\"kind\": \"AdmissionReview\", \"apiVersion\": \"admission.k8s.io/v1\", \"request\":"
            + " {\"uid\": \"1\", \"object\": {\"kind\": \"Secret\", \"data\": \"hunter2\"}}}"
      })
  void whatIsNoReviewIsRefusedInOneLine(String body) {
    double before = counted("error", "malformed_review");
    assertRefused(webhook.send(webhook.post(body.getBytes(StandardCharsets.UTF_8))), 400);
    assertThat(counted("error", "malformed_review")).isEqualTo(before + 1);
    assertThat(webhook.output()).doesNotContain("hunter2", "Exception");
  }

  @Test
  void whatIsTooDeepIsRefused() {
    assertRefused(
        webhook.send(webhook.post("{\"a\":".repeat(1_000_000).getBytes(StandardCharsets.UTF_8))),
        400);
  }

  @Test
  void anotherTypeOfContentIsRefused() {
    HttpRequest yaml =
        HttpRequest.newBuilder(URI.create("https://localhost:" + webhook.port() + "/mutate"))
            .header("Content-Type", "application/yaml")
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build();
    assertRefused(webhook.send(yaml), 400);
  }

  @Test
  void whatIsTooLargeIsRefused() throws Exception {
    byte[] body = " ".repeat(9_000_000).getBytes(StandardCharsets.UTF_8);
    double before = counted("error", "too_large");
    try (HttpClient client = webhook.client(HttpClient.Version.HTTP_1_1)) {
      assertRefused(client.send(webhook.post(body), HttpResponse.BodyHandlers.ofString()), 413);
      HttpRequest chunked =
          HttpRequest.newBuilder(webhook.post(body).uri())
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)))
              .build();
      assertRefused(client.send(chunked, HttpResponse.BodyHandlers.ofString()), 413);
    }
    assertThat(counted("error", "too_large")).isEqualTo(before + 2);
  }

  @Test
  void aLargeReviewIsAnswered() {
    ObjectNode pod = PLAIN.deepCopy();
    pod.withObject("/metadata").putObject("annotations").put("text", "x".repeat(3_000_000));
    assertMounted(injected(pod), "/spec/containers/0");
  }

  @Test
  void slowClientsHoldUpNobodyAndAreCutOff() throws Exception {
    List<SSLSocket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        SSLSocket socket =
            (SSLSocket) webhook.tls().getSocketFactory().createSocket("localhost", webhook.port());
        slow.add(socket);
        socket
            .getOutputStream()
            .write(
                """
                POST /mutate HTTP/1.1\r
                Host: localhost\r
                Content-Type: application/json\r
                Content-Length: 1000\r
                \r
                {"kind":\
                """
                    .getBytes(StandardCharsets.UTF_8));
      }
      for (int i = 0; i < 20; i++) {
        long start = System.nanoTime();
        assertMounted(injected(PLAIN), "/spec/containers/0");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
      }
      for (SSLSocket socket : slow) {
        socket.setSoTimeout(20_000);
        assertThat(read(socket)).startsWith("HTTP/1.1 408 ");
      }
    } finally {
      for (SSLSocket socket : slow) {
        socket.close();
      }
    }
    assertThat(counted("error", "too_slow")).isGreaterThanOrEqualTo(100);
  }

  /** All until the other side closes. */
  private static String read(SSLSocket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void clientsThatGoAwayLeaveNothingBehind() throws Exception {
    byte[] half = " ".repeat(4 << 20).getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 20; i++) { // 80 MiB in all, more than it would ever hold
      try (SSLSocket socket =
          (SSLSocket) webhook.tls().getSocketFactory().createSocket("localhost", webhook.port())) {
        socket
            .getOutputStream()
            .write(
                "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n"
                    .getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().write(half);
      } catch (IOException e) {
        // Refused, while the one before is not yet known to be gone.
      }
    }
    assertMounted(injected(PLAIN), "/spec/containers/0");
    // As large a body as any.
    WebhookProcess.await(
        "all is given back",
        Duration.ofSeconds(10),
        () -> {
          try {
            return webhook.send(webhook.post(new byte[8_000_000])).statusCode() == 400;
          } catch (UncheckedIOException e) {
            return false;
          }
        });
    assertThat(webhook.health("ready")).isEqualTo(200);
  }
}
