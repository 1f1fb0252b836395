// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.podproc.webhook.admission.Reviewer;
import io.podproc.webhook.http.Answer;
import io.podproc.webhook.injection.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the packaged webhook can't be made to do. */
class AdmissionResourceTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

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
    JsonNode pod =
        Reviews.json(
            """
            {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}
            """);
    Answer answered =
        new AdmissionResource(broken, new WebhookMetrics(registry))
            .answer(Reviews.bytes(Reviews.creation("shop", pod)));
    assertThat(answered.status()).isEqualTo(200);
    String body = new String(answered.body(), StandardCharsets.UTF_8);
    JsonNode answer = Reviews.json(body).path("response");
    assertThat(answer.path("allowed").asBoolean()).isTrue();
    assertThat(answer.has("patch")).isFalse();
    assertThat(answer.path("auditAnnotations").path("error").asText()).isEqualTo("internal");
    assertThat(body).doesNotContain("not a word");
    assertThat(counted(Reason.INTERNAL)).isEqualTo(1);
  }
}
