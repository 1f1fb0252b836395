// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.podproc.webhook.Reviews;
import io.podproc.webhook.injection.InjectableFile;
import io.podproc.webhook.injection.InjectionRules;
import io.podproc.webhook.injection.PodSecurityLevel;
import io.podproc.webhook.injection.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReviewerTest {
  private static final JsonNode POD =
      Reviews.json(
          """
          {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "web", "secret": "hunter2"}]}}
          """);

  private static final InjectionRules RULES =
      new InjectionRules(
          "/var/lib/podproc",
          "podproc",
          List.copyOf(InjectableFile.all()),
          List.of(),
          true,
          false,
          false,
          PodSecurityLevel.PRIVILEGED,
          false,
          false);

  private final Reviewer reviewer =
      new Reviewer(RULES, namespace -> Optional.of(Map.of("podproc.io/inject", "enabled")));

  private static ObjectNode review() {
    return Reviews.creation("shop", POD);
  }

  private JsonNode answer(byte[] body) throws Exception {
    return Reviews.JSON.readTree(reviewer.review(ReviewRequest.parse(body)).toJson());
  }

  private void assertMalformed(byte[] body, String words) {
    assertThatThrownBy(() -> ReviewRequest.parse(body))
        .isInstanceOf(MalformedReviewException.class)
        .hasMessageContaining(words)
        .hasMessageNotContainingAny("hunter2", "com.fasterxml", "\n");
  }

  /** By its first bytes it is UTF-32. A fuzzer found that its parser fails in another way then. */
  @Test
  void aBodyInNoEncodingIsRefused() {
    byte[] body = new byte[16];
    Arrays.fill(body, 8, 12, (byte) 0x75);
    assertMalformed(body, "not text in UTF-8");
  }

  /** A fuzzer found that they end the parser in a way of their own. */
  @Test
  void anExponentBeyondAllNumbersIsRefused() {
    assertMalformed(
        "{\"a\": 1e33333333333333333333}".getBytes(StandardCharsets.UTF_8), "too long numbers");
  }

  @Test
  void anAnswerIsAReviewForTheSameRequest() throws Exception {
    JsonNode answer = answer(Reviews.bytes(review()));
    assertThat(answer.path("apiVersion").asText()).isEqualTo("admission.k8s.io/v1");
    assertThat(answer.path("kind").asText()).isEqualTo("AdmissionReview");
    assertThat(answer.has("request")).isFalse();
    JsonNode response = answer.path("response");
    assertThat(response.path("uid")).isEqualTo(review().path("request").path("uid"));
    assertThat(response.path("allowed").isBoolean()).isTrue();
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.path("patchType").asText()).isEqualTo("JSONPatch");
    assertThat(Reviews.patched(POD, answer).path("spec").path("volumes")).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ü-中-😀", "\ud800", "\"\\\u0000"})
  void anyUidIsGivenBack(String uid) throws Exception {
    ObjectNode review = review();
    Reviews.request(review).put("uid", uid);
    // Half a character is no text in UTF-8, but may be written in ASCII.
    byte[] body =
        Reviews.JSON
            .writer()
            .with(JsonWriteFeature.ESCAPE_NON_ASCII)
            .writeValueAsString(review)
            .getBytes(StandardCharsets.US_ASCII);
    assertThat(answer(body).path("response").path("uid").asText()).isEqualTo(uid);
  }

  @Test
  void withoutAPatchThereIsNoTypeOfOne() throws Exception {
    JsonNode pod = Reviews.patched(POD, answer(Reviews.bytes(review())));
    JsonNode response = answer(Reviews.bytes(Reviews.creation("shop", pod))).path("response");
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.has("patch")).isFalse();
    assertThat(response.has("patchType")).isFalse();
  }

  @Test
  void aDryRunIsAnsweredLikeAnyOther() throws Exception {
    ObjectNode review = review();
    Reviews.request(review).put("dryRun", true);
    assertThat(answer(Reviews.bytes(review))).isEqualTo(answer(Reviews.bytes(review())));
  }

  @Test
  void aLongAwkwardUidComesBackAsItIs() throws Exception {
    ObjectNode review = review();
    String uid = "\"\\\u0000\u20ac" + "x".repeat(10_000);
    Reviews.request(review).put("uid", uid);
    assertThat(answer(Reviews.bytes(review)).path("response").path("uid").asText()).isEqualTo(uid);
  }

  @Test
  void anUnreadablePodIsAllowed() throws Exception {
    ObjectNode pod = POD.deepCopy();
    pod.remove("spec");
    Verdict verdict =
        reviewer.review(ReviewRequest.parse(Reviews.bytes(Reviews.creation("shop", pod))));
    assertThat(verdict.reason()).isEqualTo(Reason.UNREADABLE_POD);
    assertThat(answer(Reviews.bytes(Reviews.creation("shop", pod))).path("response"))
        .isEqualTo(
            Reviews.json(
                """
                {"uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "allowed": true,
                  "auditAnnotations": {"error": "unreadable_pod"}}
                """));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "x",
        "nul",
        "{",
        "[",
        "{\"a\":",
        "{} {}",
        "{\"a\": 01}",
        "\u0000",
        "{a: b}",
        "{\"a\": \"\u0001\"}"
      })
  void whatIsNoJsonIsMalformed(String body) {
    assertThatThrownBy(() -> ReviewRequest.parse(body.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(MalformedReviewException.class)
        .message()
        .hasLineCount(1);
  }

  @Test
  void aReviewThatIsCutShortAnywhereIsMalformed() {
    byte[] whole = Reviews.bytes(review());
    for (int length = 1; length < whole.length; length++) {
      assertMalformed(Arrays.copyOf(whole, length), "not JSON, from offset");
    }
  }

  @Test
  void whatIsNotUtf8IsMalformed() {
    byte[] body = Reviews.bytes(review());
    body[body.length / 2] = (byte) 0xff;
    assertMalformed(body, "not JSON");
  }

  /** It would become a part of a URL that is asked for with the webhook's own rights. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "kube-system/pods",
        "../../../apis/apps/v1/daemonsets",
        "x?watch=true&",
        "x%2fy",
        "..",
        ".",
        "a b\r\nX: y",
        "Shop",
        "-shop",
        "shop-",
        "a.b",
        "shop\n",
        "sh\u00f6p",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      })
  void aNamespaceThatNoneIsCalledIsMalformed(String namespace) {
    ObjectNode review = review();
    Reviews.request(review).put("namespace", namespace);
    assertMalformed(Reviews.bytes(review), "the namespace of the request is no name of one");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "0",
        "a-b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      })
  void aNamespaceOfAnyNameThatThereCanBeIsTaken(String namespace) throws Exception {
    ObjectNode review = review();
    Reviews.request(review).put("namespace", namespace);
    assertThat(ReviewRequest.parse(Reviews.bytes(review)).namespace()).isEqualTo(namespace);
  }

  static Stream<Consumer<ObjectNode>> damages() {
    return Stream.of(
        review -> review.put("apiVersion", "admission.k8s.io/v1beta1"),
        review -> review.put("kind", "ConversionReview"),
        review -> review.remove("apiVersion"),
        review -> review.remove("request"),
        review -> review.putNull("request"),
        review -> review.putArray("request"),
        review -> Reviews.request(review).remove("uid"),
        review -> Reviews.request(review).put("uid", ""),
        review -> Reviews.request(review).putObject("uid"),
        review -> Reviews.request(review).remove("namespace"),
        review -> Reviews.request(review).remove("object"),
        review -> Reviews.request(review).putArray("object"),
        review -> Reviews.request(review).put("object", "pod"),
        review -> ((ObjectNode) review.at("/request/object")).put("kind", "Deployment"),
        review -> ((ObjectNode) review.at("/request/object")).put("apiVersion", "v2"),
        review -> ((ObjectNode) review.at("/request/object")).remove("kind"));
  }

  @ParameterizedTest
  @MethodSource("damages")
  void whatIsNoReviewOfAPodIsMalformed(Consumer<ObjectNode> damage) {
    ObjectNode review = review();
    damage.accept(review);
    assertMalformed(Reviews.bytes(review), "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "1", "\"x\"", "[]", "{}", "true"})
  void jsonThatIsNoReviewIsMalformed(String body) {
    assertMalformed(body.getBytes(StandardCharsets.UTF_8), "not an AdmissionReview");
  }

  @Test
  void whatIsTooDeepIsMalformed() {
    for (int depth : new int[] {300, 1_000_000}) {
      assertMalformed("[".repeat(depth).getBytes(StandardCharsets.UTF_8), "too deep");
      assertMalformed("{\"a\":".repeat(depth).getBytes(StandardCharsets.UTF_8), "too deep");
    }
  }

  @Test
  void whatIsMadeOfTooManyPiecesIsMalformed() {
    assertMalformed(
        ("[" + "[],".repeat(1_000_000) + "[]]").getBytes(StandardCharsets.UTF_8), "too long");
    assertMalformed(("[" + "9".repeat(100_000) + "]").getBytes(StandardCharsets.UTF_8), "numbers");
  }
}
