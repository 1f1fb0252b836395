// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.podproc.webhook.admission.MalformedReviewException;
import io.podproc.webhook.admission.ReviewRequest;
import io.podproc.webhook.admission.Reviewer;
import io.podproc.webhook.admission.Verdict;
import io.podproc.webhook.injection.InjectionRules;
import io.podproc.webhook.injection.Reason;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;

/**
 * {@code POST /mutate}: an AdmissionReview of a pod in, an AdmissionReview out.
 *
 * <p>Bodies are gathered by the event loops, so that a slow client costs memory alone, and only for
 * some seconds. Complete ones are reviewed by virtual threads: one that waits for the API server
 * holds up no other. What bounds all that is memory, of bodies and of what is made of them.
 */
@Singleton
final class AdmissionResource {
  /** The API server sends at most 3 MiB of a pod, twice in an update. */
  static final int MAX_BODY = 8 << 20;

  private static final int MAX_BODIES = 24 << 20;
  private static final int MAX_IN_REVIEW = 8 << 20;

  /** What the smallest review is taken to cost. */
  private static final int LEAST_BODY = 16 << 10;

  /** Before Quarkus's own check of lengths, which nobody counts. */
  private static final int ROUTE_ORDER = -10;

  private static final String JSON = "application/json";

  private final Logger log = Logger.getLogger("podproc");
  private final Reviewer reviewer;
  private final WebhookMetrics metrics;
  private final Duration bodyDeadline;
  private final Executor threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore bodies = new Semaphore(MAX_BODIES);
  private final Semaphore inReview = new Semaphore(MAX_IN_REVIEW, true);

  @Inject
  AdmissionResource(InjectionRules rules, Namespaces namespaces, WebhookMetrics metrics) {
    this(new Reviewer(rules, namespaces::labels), metrics, Duration.ofSeconds(10));
  }

  /**
   * @param bodyDeadline within which a body must have come
   */
  AdmissionResource(Reviewer reviewer, WebhookMetrics metrics, Duration bodyDeadline) {
    this.reviewer = reviewer;
    this.metrics = metrics;
    this.bodyDeadline = bodyDeadline;
  }

  void register(@Observes Router router) {
    var _ = register(router, "/mutate");
  }

  Route register(Router router, String path) {
    return router.post(path).order(ROUTE_ORDER).handler(context -> new Exchange(context).begin());
  }

  /**
   * What is sent back.
   *
   * @param reasons what is counted
   */
  private record Answer(int status, String type, Buffer body, List<Reason> reasons) {
    static Answer refusal(int status, Reason reason, String why) {
      return new Answer(
          status,
          "text/plain; charset=utf-8",
          Buffer.buffer("podproc: " + why + "\n"),
          List.of(reason));
    }
  }

  private Answer answer(byte[] body) {
    ReviewRequest request;
    try {
      request = ReviewRequest.parse(body);
    } catch (MalformedReviewException e) {
      return Answer.refusal(400, Reason.MALFORMED_REVIEW, Objects.requireNonNull(e.getMessage()));
    }
    Verdict verdict = review(request);
    List<Reason> reasons = new ArrayList<>(verdict.conflicts());
    reasons.add(verdict.reason());
    return new Answer(200, JSON, Buffer.buffer(verdict.toJson()), reasons);
  }

  /** A pod is allowed even where this program is wrong. */
  private Verdict review(ReviewRequest request) {
    try {
      return reviewer.review(request);
    } catch (RuntimeException e) {
      // Its message may have something of the pod in it.
      RuntimeException silent = new RuntimeException(e.getClass().getName());
      silent.setStackTrace(e.getStackTrace());
      log.error("a review failed", silent);
      return Verdict.unchanged(request.uid(), Reason.INTERNAL, List.of());
    }
  }

  /** A request and its response, on its event loop. */
  private final class Exchange {
    private final long begun = System.nanoTime();
    private final HttpServerRequest request;
    private final Vertx vertx;
    private final Context eventLoop;
    private final Buffer body = Buffer.buffer();
    private long timer;
    private int held;
    private boolean over;

    Exchange(RoutingContext context) {
      request = context.request();
      vertx = context.vertx();
      eventLoop = vertx.getOrCreateContext();
    }

    void begin() {
      timer = vertx.setTimer(bodyDeadline.toMillis(), t -> expire());
      request.exceptionHandler(e -> abandon());
      request.response().closeHandler(v -> abandon());
      request.endHandler(v -> end());
      request.handler(this::add);
      String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
      if (type == null || !type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals(JSON)) {
        send(Answer.refusal(400, Reason.MALFORMED_REVIEW, "the content is not " + JSON));
      }
    }

    private void add(Buffer chunk) {
      if (over) {
        return; // refused, but a client that still writes would not read why if it were cut off
      }
      if (body.length() + chunk.length() > MAX_BODY) {
        send(
            Answer.refusal(
                413, Reason.TOO_LARGE, "the body is longer than " + MAX_BODY + " bytes"));
      } else if (hold(chunk.length())) {
        body.appendBuffer(chunk);
      }
    }

    private boolean hold(int length) {
      boolean room = bodies.tryAcquire(length);
      if (room) {
        held += length;
      } else {
        send(Answer.refusal(503, Reason.BUSY, "busy"));
      }
      return room;
    }

    private void end() {
      vertx.cancelTimer(timer);
      if (over || !hold(Math.max(0, LEAST_BODY - held))) {
        return;
      }
      int cost = held;
      held = 0; // from now on the thread's to release, be the client there or not
      threads.execute(() -> {
        inReview.acquireUninterruptibly(cost);
        try {
          Answer answer = answer(body.getBytes());
          eventLoop.runOnContext(v -> send(answer));
        } finally {
          inReview.release(cost);
          bodies.release(cost);
        }
      });
    }

    private void send(Answer answer) {
      if (over) {
        return;
      }
      finish();
      answer.reasons.forEach(metrics::count);
      metrics.answered(Duration.ofNanos(System.nanoTime() - begun));
      var _ =
          request
              .response()
              .setStatusCode(answer.status)
              .putHeader(HttpHeaders.CONTENT_TYPE, answer.type)
              .end(answer.body);
    }

    /** The body has not come in time; or the rest of one that is refused has not. */
    private void expire() {
      send(Answer.refusal(408, Reason.TOO_SLOW, "the body did not come in time"));
      if (request.version() == HttpVersion.HTTP_2) {
        var _ = request.response().reset();
      } else {
        var _ = request.connection().close();
      }
    }

    /** The client is gone. */
    private void abandon() {
      vertx.cancelTimer(timer);
      finish();
    }

    private void finish() {
      over = true;
      bodies.release(held);
      held = 0;
    }
  }
}
