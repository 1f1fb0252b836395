// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.podproc.webhook.admission.MalformedReviewException;
import io.podproc.webhook.admission.ReviewRequest;
import io.podproc.webhook.admission.Reviewer;
import io.podproc.webhook.admission.Verdict;
import io.podproc.webhook.http.Answer;
import io.podproc.webhook.http.Refusal;
import io.podproc.webhook.injection.InjectionRules;
import io.podproc.webhook.injection.Reason;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Objects;
import org.jboss.logging.Logger;

/** An AdmissionReview of a pod in, an AdmissionReview out. Safe for any thread. */
@Singleton
final class AdmissionResource {
  private final Logger log = Logger.getLogger("podproc");
  private final Reviewer reviewer;
  private final WebhookMetrics metrics;

  @Inject
  AdmissionResource(InjectionRules rules, Namespaces namespaces, WebhookMetrics metrics) {
    this(new Reviewer(rules, namespaces::labels), metrics);
  }

  AdmissionResource(Reviewer reviewer, WebhookMetrics metrics) {
    this.reviewer = reviewer;
    this.metrics = metrics;
  }

  /** Answers the body of a POST. */
  Answer answer(byte[] body) {
    ReviewRequest request;
    try {
      request = ReviewRequest.parse(body);
    } catch (MalformedReviewException e) {
      metrics.refused(Refusal.MALFORMED);
      return Answer.refusal(400, Objects.requireNonNull(e.getMessage()));
    }
    Verdict verdict = review(request);
    verdict.conflicts().forEach(metrics::count);
    metrics.count(verdict.reason());
    return new Answer(200, "application/json", verdict.toJson());
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
}
