// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.podproc.webhook.Reviews;
import io.podproc.webhook.injection.InjectableFile;
import io.podproc.webhook.injection.InjectionRules;
import io.podproc.webhook.injection.PodSecurityLevel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The body of a review of any bytes: it is refused as none, or allowed, with a patch that applies.
 */
public final class ReviewFuzz {
  private static final Reviewer REVIEWER =
      new Reviewer(
          new InjectionRules(
              "/var/lib/podproc",
              "podproc",
              List.copyOf(InjectableFile.all()),
              List.of(),
              true,
              true,
              false,
              PodSecurityLevel.PRIVILEGED,
              false,
              false),
          namespace -> Optional.of(Map.of("podproc.io/inject", "enabled")));

  private ReviewFuzz() {}

  /** An input of the fuzzer's. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    ReviewRequest request;
    try {
      request = ReviewRequest.parse(input);
    } catch (MalformedReviewException e) {
      assertThat(e.getMessage()).hasSizeLessThan(200).isPrintable();
      return;
    }
    Verdict verdict = REVIEWER.review(request);
    JsonNode answer = Reviews.JSON.readTree(verdict.toJson());
    JsonNode response = answer.path("response");
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.path("uid").asText()).isEqualTo(request.uid());
    for (JsonNode step : verdict.patch()) {
      assertThat(step.path("op").asText()).isEqualTo("add");
    }
    if (!verdict.patch().isEmpty() && isTakenByTheOtherLibrary(request.object())) {
      assertAppliesAndIsEnough(request, answer);
    }
  }

  /** Its parser, which stands in for the API server's, takes neither. */
  private static boolean isTakenByTheOtherLibrary(JsonNode object) {
    String text = object.toString();
    return StandardCharsets.UTF_8.newEncoder().canEncode(text) && text.length() < 10_000;
  }

  private static void assertAppliesAndIsEnough(ReviewRequest request, JsonNode answer) {
    JsonNode patched = Reviews.patched(request.object(), answer);
    ReviewRequest again =
        new ReviewRequest(
            request.uid(),
            request.operation(),
            request.subResource(),
            request.namespace(),
            patched,
            request.oldObject());
    assertThat(REVIEWER.review(again).patch()).isEmpty();
  }
}
