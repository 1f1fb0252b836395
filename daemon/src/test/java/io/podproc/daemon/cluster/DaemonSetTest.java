// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.cluster.FakeApiServer.Answer;
import io.podproc.daemon.cluster.FakeApiServer.Request;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DaemonSetTest {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  /** As an API server writes it, with what kubectl leaves in annotations. */
  private static final String ALIVE =
      """
      {"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"d",
      "namespace":"podproc","uid":"7","generation":2,"labels":{"a":"b"},"annotations":{"last":
      "{\\"metadata\\":{\\"deletionTimestamp\\":\\"2026-01-01T00:00:00Z\\"}}\\n\\u00e9"},"finalizers":[],
      "managedFields":[{"manager":"helm","fieldsV1":{"f:metadata":{"f:deletionTimestamp":{}}}}]}}
      """;

  private static final String GOING =
      ALIVE.replace("\"uid\"", "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",\"uid\"");

  private static final String GONE =
      """
      {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"daemonsets.apps
       \\"d\\" not found","reason":"NotFound","details":{"name":"d","group":"apps","kind":"daemonsets"},
      "code":404}\
      """
          .replace("\n", "");

  @TempDir Path folder;
  private FakeApiServer fake;

  @BeforeEach
  void start() throws IOException {
    fake = new FakeApiServer(folder, "127.0.0.1");
  }

  @AfterEach
  void stop() {
    fake.close();
  }

  private static Answer answer(int status, String body) {
    return exchange -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  private boolean goes(Duration deadline) throws IOException, InterruptedException {
    return new DaemonSet(fake.asSeenByAPod(), "podproc", "d").goes(deadline);
  }

  private boolean goes(int status, String body) throws IOException, InterruptedException {
    fake.answer(answer(status, body));
    return goes(DEADLINE);
  }

  @Test
  void itAsksForItsOwnByNameInTheNameOfTheAccount() throws Exception {
    assertThat(goes(200, ALIVE)).isFalse();
    Request request = fake.awaitRequest();
    assertThat(request.method()).isEqualTo("GET");
    assertThat(request.target()).isEqualTo("/apis/apps/v1/namespaces/podproc/daemonsets/d");
    assertThat(request.header("Authorization")).isEqualTo("Bearer token-1");
    assertThat(request.header("Accept")).startsWith("application/json;as=PartialObjectMetadata;");
  }

  @Test
  void oneThatIsDeletedOrIsBeingDeletedGoes() throws Exception {
    assertThat(goes(404, GONE)).isTrue();
    assertThat(goes(200, GOING)).isTrue();
  }

  @Test
  void oneThatIsThereStays() throws Exception {
    assertThat(goes(200, ALIVE)).isFalse();
    assertThat(goes(200, ALIVE.replace("\"uid\"", "\"deletionTimestamp\": null , \"uid\"")))
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403})
  void aRefusalIsToldApart(int status) {
    assertThatThrownBy(() -> goes(status, GONE))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("" + status);
  }

  @ParameterizedTest
  @ValueSource(ints = {201, 301, 409, 429, 500, 503})
  void anyOtherStatusTellsNothing(int status) {
    assertThatThrownBy(() -> goes(status, GOING))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(RefusedException.class)
        .hasMessageContaining("" + status);
  }

  @Test
  void a404OfSomebodyElseTellsNothing() {
    for (String body :
        new String[] {"404 page not found", "", "{}", GONE.replace("\"d\"", "\"other\"")}) {
      assertThatThrownBy(() -> goes(404, body)).as(body).isInstanceOf(IOException.class);
    }
  }

  @Test
  void everyAnswerThatIsCutShortTellsNothing() {
    String going = GOING.strip();
    for (int length = 0; length < going.length(); length += 7) {
      String body = going.substring(0, length);
      assertThatThrownBy(() -> goes(200, body)).as(body).isInstanceOf(IOException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "garbage",
        "[]",
        "{\"metadata\":[]}",
        "{\"metadata\":{\"name\":\"other\",\"deletionTimestamp\":\"x\"}}",
        "{\"metadata\":{\"name\":\"d\",\"deletionTimestamp\":\"x\"}}}",
        "{\"metadata\":{\"name\":\"d\"}} {\"metadata\":{\"name\":\"d\"}}",
        "{\"metadata\":{\"name\":\"d\",}}",
        "{,\"metadata\":{\"name\":\"d\"}}",
        "{\"metadata\":{\"name\":\"d\" \"a\":1}}",
        "{\"metadata\":{\"name\":\"d\",\"a\":\"\\u00g0\"}}",
        "{\"metadata\":{\"name\":\"d\",\"a\":\"\\x\"}}",
        "{\"metadata\":{\"name\":\"d\",\"a\":1-1}}",
        "{\"metadata\":{\"name\":\"d\",\"a\":\"\n\"}}"
      })
  void garbageTellsNothing(String body) {
    assertThatThrownBy(() -> goes(200, body))
        .isInstanceOf(IOException.class)
        .message()
        .hasLineCount(1)
        .hasSizeLessThan(300);
  }

  @Test
  void nestingWithoutEndTellsNothing() {
    assertThatThrownBy(() -> goes(200, "{\"a\":".repeat(100_000))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> goes(200, "[".repeat(100_000))).isInstanceOf(IOException.class);
  }

  @Test
  void aBodyWithoutEndTellsNothingAndIsNotKept() {
    fake.answer(exchange -> {
      exchange.sendResponseHeaders(200, 0);
      OutputStream out = exchange.getResponseBody();
      while (true) {
        out.write(new byte[1 << 16]);
      }
    });
    assertThatThrownBy(() -> goes(DEADLINE)).isInstanceOf(IOException.class);
  }

  @Test
  void aServerThatDoesNotAnswerIsNotWaitedFor() {
    fake.answer(exchange -> Thread.sleep(DEADLINE));
    long start = System.nanoTime();
    assertThatThrownBy(() -> goes(Duration.ofSeconds(1)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no answer within 1 s");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void aServerThatIsAwayTellsNothing() {
    fake.close();
    assertThatThrownBy(() -> goes(DEADLINE))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(RefusedException.class);
  }
}
