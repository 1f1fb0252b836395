// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import io.podproc.daemon.cluster.FakeApiServer.Request;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WatchTest {
  private static final Set<String> LABELS = Set.of("podproc.io/inject");
  private static final Set<String> ANNOTATIONS = Set.of("podproc.io/files");

  @TempDir Path folder;
  private FakeApiServer server;
  private final FakeCluster cluster = new FakeCluster();
  private final Kept kept = new Kept();
  private final List<Watch> watches = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    server = new FakeApiServer(folder, "127.0.0.1");
    server.answer(cluster);
  }

  @AfterEach
  void stop() {
    watches.forEach(Watch::close);
    cluster.end();
    server.close();
  }

  private void watchPods() {
    watchPods(Duration.ofSeconds(60));
  }

  private void watchPods(Duration silence) {
    watches.add(
        Watch.pods(
            server.asSeenByAPod(),
            "n1",
            LABELS,
            ANNOTATIONS::contains,
            kept,
            new Watch.Patience(Duration.ofSeconds(2), silence)));
  }

  private Map<String, String> awaitQuery() throws InterruptedException {
    return FakeCluster.query(URI.create(server.awaitRequest().target()));
  }

  @Test
  void whatThereIsIsToldAndThenWhatChanges() throws InterruptedException {
    cluster.pod("u1", "shop", "enabled", "\"podproc.io/files\":\"/proc/stat\",");
    cluster.pod("u2", "shop", "", "");
    watchPods();
    kept.assertNext("all u1 u2");
    assertThat(kept.get("u1"))
        .isEqualTo(
            new Metadata(
                "u1",
                "shop",
                "u1-name",
                Map.of("podproc.io/inject", "enabled"),
                Map.of("podproc.io/files", "/proc/stat")));
    assertThat(kept.get("u2").labels()).isEmpty();
    cluster.pod("u3", "shop", "", "");
    kept.assertNext("put u3");
    cluster.pod("u2", "shop", "disabled", "");
    kept.assertNext("put u2");
    cluster.remove("pods", "u1");
    kept.assertNext("remove u1");
  }

  @Test
  void itAsksForMetadataOfTheNodesPodsAlone() throws InterruptedException {
    watchPods();
    Request request = server.awaitRequest();
    assertThat(request.header("Accept")).contains("as=PartialObjectMetadata");
    assertThat(request.header("Authorization")).isEqualTo("Bearer token-1");
    assertThat(FakeCluster.query(URI.create(request.target())))
        .containsEntry("fieldSelector", "spec.nodeName=n1")
        .containsEntry("sendInitialEvents", "true")
        .containsEntry("allowWatchBookmarks", "true")
        .containsKey("timeoutSeconds");
  }

  @Test
  void namespacesAreWatchedByTheirLabel() throws InterruptedException {
    cluster.namespace("shop", "enabled");
    watches.add(Watch.namespaces(server.asSeenByAPod(), "podproc.io/inject", kept));
    kept.assertNext("all uid-of-shop");
    assertThat(awaitQuery()).containsEntry("labelSelector", "podproc.io/inject");
  }

  @Test
  void anApiServerWithoutStreamsIsListedFirst() throws InterruptedException {
    cluster.withoutStreams();
    watchPods();
    kept.assertNext("all ");
    assertThat(awaitQuery()).containsKey("sendInitialEvents");
    Request list = server.awaitRequest();
    assertThat(list.header("Accept")).contains("as=PartialObjectMetadataList");
    // From its memory, and not all pods of the cluster for each node.
    assertThat(FakeCluster.query(URI.create(list.target()))).containsEntry("resourceVersion", "0");
    assertThat(awaitQuery()).containsEntry("watch", "true").containsEntry("resourceVersion", "100");
    cluster.pod("u1", "shop", "", "");
    kept.assertNext("put u1");
  }

  @Test
  void aWatchThatEndsIsGoneOnWithAndNothingIsListedAgain() throws InterruptedException {
    cluster.pod("u1", "shop", "", "");
    watchPods();
    kept.assertNext("all u1");
    assertThat(awaitQuery()).containsKey("sendInitialEvents");
    cluster.bookmark("pods");
    cluster.pod("u2", "shop", "", "");
    kept.assertNext("put u2");
    cluster.end();
    assertThat(awaitQuery())
        .containsEntry("resourceVersion", "103")
        .doesNotContainKey("sendInitialEvents");
    cluster.pod("u3", "shop", "", "");
    kept.assertNext("put u3");
  }

  @Test
  void whatTheApiServerHasForgottenIsListedAgain() throws InterruptedException {
    cluster.pod("u1", "shop", "", "");
    cluster.pod("u2", "shop", "", "");
    watchPods();
    kept.assertNext("all u1 u2");
    server.goAway();
    cluster.remove("pods", "u2");
    cluster.pod("u3", "shop", "", "");
    cluster.compact();
    try {
      server.comeBack();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    kept.assertNext("all u1 u3");
  }

  /** Neither while nobody is there, nor when somebody is again, is anything taken back. */
  @Test
  void whileTheApiServerIsAwayWhatIsKnownHolds() throws Exception {
    cluster.pod("u1", "shop", "", "");
    watchPods();
    kept.assertNext("all u1");
    for (int i = 0; i < 3; i++) {
      server.goAway();
      kept.assertNothingWithin(300);
      String uid = "back-" + i;
      cluster.pod(uid, "shop", "", "");
      server.comeBack();
      kept.assertNext("put " + uid); // how soon is a matter of its schedule
    }
    assertThat(kept.known).hasSize(4);
  }

  private static FakeApiServer.Answer body(String body) {
    return exchange -> send(exchange, 200, body);
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  /** What is no answer changes nothing, and the next that is one is believed. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "no JSON",
        "{}",
        "[]",
        "7",
        "{\"type\":\"ADDED\"",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"uid\":\"x\",\"name\":\"x\"}}}",
        "{\"type\":\"ERROR\",\"object\":{\"code\":500,\"message\":\"etcd is away\"}}",
        "{\"type\":\"ERROR\",\"object\":{\"code\":\"?\"}}",
        "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"annotations\":null}}}",
        "{\"kind\":\"Status\",\"status\":\"Failure\",\"code\":500}",
      })
  void whatIsNoAnswerChangesNothing(String answer) throws InterruptedException {
    cluster.pod("u1", "shop", "", "");
    server.answer(body(answer));
    watchPods();
    server.awaitRequest();
    kept.assertNothingWithin(100);
    server.answer(cluster);
    kept.assertNext("all u1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{\"items\":null}",
        "{\"metadata\":{\"resourceVersion\":\"7\"}}",
        "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[{\"metadata\":{\"uid\":\"x\",\"name\":\"x\"}},",
        "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[]",
        "{\"metadata\":{\"resourceVersion\":7},\"items\":[]}",
      })
  void aListThatIsNotWholeIsNone(String answer) throws InterruptedException {
    cluster.pod("u1", "shop", "", "");
    cluster.withoutStreams();
    server.answer(exchange -> {
      if (exchange.getRequestURI().getQuery().contains("watch")) {
        send(exchange, 422, "");
      } else {
        send(exchange, 200, answer);
      }
    });
    watchPods();
    server.awaitRequest();
    server.awaitRequest();
    kept.assertNothingWithin(100);
    server.answer(cluster);
    kept.assertNext("all u1");
  }

  @Test
  void unknownFieldsAndWrongTypesArePassedOver() throws InterruptedException {
    watchPods();
    kept.assertNext("all ");
    String usual = "{\"metadata\":{\"uid\":\"x\",\"name\":\"x\"}}";
    cluster.raw("pods", "{\"type\":\"NEW\",\"object\":" + usual + ",\"more\":[1,{}]}");
    for (String odd :
        new String[] {
          "null", "[{}]", "{\"metadata\":7}", "{\"metadata\":{\"uid\":7,\"name\":\"x\"}}"
        }) {
      cluster.raw("pods", "{\"type\":\"ADDED\",\"object\":" + odd + "}");
    }
    cluster.raw(
        "pods",
        "{\"object\":{\"metadata\":{\"name\":\"n\",\"labels\":[\"a\"],\"annotations\":"
            + "{\"podproc.io/files\":{\"a\":[]}},\"uid\":\"u1\"}},\"type\":\"ADDED\"}");
    kept.assertNext("put u1");
    assertThat(kept.get("u1").labels()).isEmpty();
    assertThat(kept.get("u1").annotations()).isEmpty();
  }

  @Test
  void anObjectThatIsTooLongIsNotTakenIntoMemory() throws InterruptedException {
    watchPods();
    kept.assertNext("all ");
    long before = watches.getFirst().failures();
    cluster.pod("u1", "shop", "", "\"huge\":\"" + "x".repeat(3 << 20) + "\",");
    cluster.compact();
    cluster.remove("pods", "u1");
    kept.assertNext("all ");
    assertThat(watches.getFirst().failures()).isGreaterThan(before);
  }

  @Test
  void aLongValueIsCut() throws InterruptedException {
    cluster.pod("u1", "shop", "", "\"podproc.io/files\":\"" + "x".repeat(100_000) + "\",");
    watchPods();
    kept.assertNext("all u1");
    assertThat(kept.get("u1").annotations().get("podproc.io/files")).hasSize(Metadata.LONGEST);
  }

  @Test
  void whoIsRefusedDoesNotAskOverAndOver() throws InterruptedException {
    server.answer(FakeApiServer.status(403));
    watchPods();
    server.awaitRequest();
    kept.assertNothingWithin(1500);
    assertThat(server.requests()).isEmpty();
    assertThat(watches.getFirst().failures()).isEqualTo(1);
  }

  @Test
  void aConnectionOnWhichNothingComesIsGivenUp() throws InterruptedException {
    watchPods(Duration.ofMillis(500));
    kept.assertNext("all ");
    assertThat(awaitQuery()).containsKey("sendInitialEvents");
    assertThat(awaitQuery()).containsEntry("resourceVersion", "100");
    assertThat(watches.getFirst().failures()).isZero(); // somebody had answered
  }

  private static String object(int number) {
    return "{\"metadata\":{\"uid\":\"u" + number + "\",\"name\":\"n" + number + "\"}}";
  }

  private static String stream(int objects) {
    return IntStream.range(0, objects)
            .mapToObj(i -> "{\"type\":\"ADDED\",\"object\":" + object(i) + "}\n")
            .collect(Collectors.joining())
        + "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\","
        + "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n";
  }

  private static String list(int objects) {
    return "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":"
        + IntStream.range(0, objects)
            .mapToObj(WatchTest::object)
            .collect(Collectors.joining(",", "[", "]"))
        + "}";
  }

  /** Who took it for all would take what is missing for gone. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aListThatIsLongerThanIsTakenIsToldToBeCut(boolean streams) throws InterruptedException {
    for (int objects : new int[] {20_000, 20_001}) {
      server.answer(exchange -> {
        String query = exchange.getRequestURI().getQuery();
        if (streams) {
          send(exchange, 200, stream(objects));
        } else if (query.contains("watch")) {
          send(exchange, 422, "");
        } else {
          send(exchange, 200, list(objects));
        }
      });
      Kept kept = new Kept();
      try (Watch _ = Watch.namespaces(server.asSeenByAPod(), "podproc.io/inject", kept)) {
        if (objects == 20_000) {
          kept.assertNextBegins("all u0 ");
        } else {
          kept.assertNext("some 20000");
        }
      }
    }
  }

  /** It takes the connection, as a proxy before it does, and says nothing. */
  @Test
  void anApiServerThatNeverAnswersIsCountedAsOneThatFails() throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    server.answer(_ -> end.await());
    watchPods(Duration.ofMillis(300));
    server.awaitRequest();
    server.awaitRequest();
    assertThat(watches.getFirst().failures()).isPositive();
    kept.assertNothingWithin(100);
    server.answer(cluster);
    end.countDown();
    kept.assertNext("all ");
  }
}
