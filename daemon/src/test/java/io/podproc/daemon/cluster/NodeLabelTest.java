// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cluster.FakeApiServer.Request;
import io.podproc.daemon.cluster.NodeLabel.Pace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeLabelTest {
  private static final String SET = "{\"metadata\":{\"labels\":{\"podproc.io/ready\":\"true\"}}}";
  private static final String REMOVE = "{\"metadata\":{\"labels\":{\"podproc.io/ready\":null}}}";

  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration SHORT = Duration.ofMillis(10);

  @TempDir Path folder;
  private FakeApiServer fake;
  private final AtomicBoolean serves = new AtomicBoolean(true);

  @BeforeEach
  void start() throws IOException {
    fake = new FakeApiServer(folder, "127.0.0.1");
  }

  @AfterEach
  void stop() {
    fake.close();
  }

  private NodeLabel keep(Duration repeat) {
    return NodeLabel.keep(fake.asSeenByAPod(), "n1", serves::get, new Pace(SHORT, repeat, SHORT));
  }

  @Test
  void whileTheDaemonServesItsNodeHasTheLabel() throws Exception {
    try (NodeLabel _ = keep(LONG)) {
      Request set = fake.awaitRequest();
      assertThat(set.target()).startsWith("/api/v1/nodes/n1?");
      assertThat(set.body()).isEqualTo(SET);
      serves.set(false);
      assertThat(fake.awaitRequest().body()).isEqualTo(REMOVE);
      serves.set(true);
      assertThat(fake.awaitRequest().body()).isEqualTo(SET);
    }
    assertThat(fake.awaitRequest().body()).isEqualTo(REMOVE);
    assertThat(fake.requests()).isEmpty();
  }

  @Test
  void aLabelThatAKilledDaemonLeftIsRemoved() throws Exception {
    serves.set(false);
    try (NodeLabel _ = keep(LONG)) {
      assertThat(fake.awaitRequest().body()).isEqualTo(REMOVE);
    }
  }

  @Test
  void aLabelThatSomebodyRemovedComesBackAndOneThatIsThereIsNotToldAgain() throws Exception {
    fake.answer(node("{\"podproc.io/ready\":\"true\",\"other\":\"x\"}"));
    try (NodeLabel _ = keep(SHORT)) {
      assertThat(fake.awaitRequest().body()).isEqualTo(SET);
      for (int look = 0; look < 3; look++) {
        Request request = fake.awaitRequest();
        assertThat(request.method() + " " + request.target())
            .isEqualTo("GET /api/v1/nodes/n1?resourceVersion=0");
      }
      fake.answer(node("null"));
      Request request = fake.awaitRequest();
      while (request.method().equals("GET")) {
        request = fake.awaitRequest();
      }
      assertThat(request.body()).isEqualTo(SET);
    }
  }

  private static FakeApiServer.Answer node(String labels) {
    byte[] body =
        ("{\"kind\":\"PartialObjectMetadata\",\"metadata\":{\"name\":\"n1\",\"labels\":"
                + labels
                + "}}")
            .getBytes(StandardCharsets.UTF_8);
    return exchange -> {
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    };
  }

  /** Then the Node is told, which is harmless, and what is wrong is said by who can't do that. */
  @ParameterizedTest
  @ValueSource(ints = {200, 403})
  void whereTheNodeCannotBeLookedAtItIsTold(int status) throws Exception {
    try (NodeLabel _ = keep(SHORT)) {
      assertThat(fake.awaitRequest().body()).isEqualTo(SET);
      fake.answer(exchange ->
          (exchange.getRequestMethod().equals("GET")
                  ? FakeApiServer.status(status)
                  : FakeApiServer.status(200))
              .to(exchange));
      Request request = fake.awaitRequest();
      while (request.method().equals("GET")) {
        request = fake.awaitRequest();
      }
      assertThat(request.body()).isEqualTo(SET);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {403, 404, 500})
  void aFailureIsTriedAgain(int status) throws Exception {
    fake.answer(FakeApiServer.status(status));
    try (NodeLabel _ = keep(LONG)) {
      for (int i = 0; i < 3; i++) {
        assertThat(fake.awaitRequest().body()).isEqualTo(SET);
      }
      fake.answer(FakeApiServer.status(200));
      assertThat(fake.awaitRequest().body()).isEqualTo(SET);
    }
  }

  /** A thread that has ended would not tell anybody. */
  @Test
  void anErrorIsTriedAgain() throws Exception {
    AtomicInteger checks = new AtomicInteger();
    try (NodeLabel _ =
        NodeLabel.keep(
            fake.asSeenByAPod(),
            "n1",
            () -> {
              if (checks.incrementAndGet() < 3) {
                throw new StackOverflowError();
              }
              return true;
            },
            new Pace(SHORT, LONG, SHORT))) {
      assertThat(fake.awaitRequest().body()).isEqualTo(SET);
    }
  }

  @Test
  void aTokenThatComesLateIsAwaited() throws Exception {
    fake.writeToken("a\nb");
    CountDownLatch twice = new CountDownLatch(2);
    try (NodeLabel _ =
        NodeLabel.keep(
            fake.asSeenByAPod(),
            "n1",
            () -> {
              twice.countDown();
              return true;
            },
            new Pace(SHORT, LONG, SHORT))) {
      twice.await();
      fake.writeToken("late");
      assertThat(fake.awaitRequest().header("Authorization")).isEqualTo("Bearer late");
    }
  }

  @Test
  void aServerThatDoesNotAnswerHoldsNobodyUp() throws Exception {
    fake.answer(exchange -> Thread.sleep(LONG));
    NodeLabel label = keep(LONG);
    assertThat(fake.awaitRequest().body()).isEqualTo(SET);
    long start = System.nanoTime();
    label.withdraw();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(500));
    label.close();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    assertThat(fake.awaitRequest().body()).isEqualTo(REMOVE);
  }

  @Test
  void aCheckThatHangsIsNotWaitedFor() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    NodeLabel label =
        NodeLabel.keep(
            fake.asSeenByAPod(),
            "n1",
            () -> {
              asked.countDown();
              Thread.sleep(LONG);
              return true;
            });
    asked.await();
    label.close();
    assertThat(fake.awaitRequest().body()).isEqualTo(REMOVE);
  }
}
