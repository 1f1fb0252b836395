// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.admission;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.podproc.webhook.injection.Reason;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/**
 * The answer to a review: the pod is allowed, whatever else is said.
 *
 * @param uid of the request
 * @param reason what became of it
 * @param conflicts of the paths that were left alone, once for each
 * @param patch RFC 6902, or empty
 */
public record Verdict(
    String uid,
    Reason reason,
    List<Reason> conflicts,
    ArrayNode patch,
    List<String> warnings,
    Map<String, String> auditAnnotations) {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /**
   * Straight to bytes, in ASCII: those of half a character, which a uid may have, there are not.
   */
  private static final ObjectWriter WRITER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool())
                  .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                  .build())
          .build()
          .writer();

  /** The pod stays as it is. */
  public static Verdict unchanged(String uid, Reason reason, List<String> warnings) {
    return new Verdict(
        uid,
        reason,
        List.of(),
        JSON.arrayNode(),
        warnings,
        Map.of(reason.result().label(), reason.label()));
  }

  /** The AdmissionReview to send, as JSON. */
  public byte[] toJson() {
    ObjectNode review =
        JSON.objectNode()
            .put("apiVersion", ReviewRequest.API_VERSION)
            .put("kind", ReviewRequest.KIND);
    ObjectNode response = review.putObject("response").put("uid", uid).put("allowed", true);
    if (!patch.isEmpty()) {
      response.put("patchType", "JSONPatch").put("patch", bytes(patch));
    }
    if (!warnings.isEmpty()) {
      warnings.forEach(response.putArray("warnings")::add);
    }
    auditAnnotations.forEach(response.putObject("auditAnnotations")::put);
    return bytes(review);
  }

  private static byte[] bytes(JsonNode json) {
    try {
      return WRITER.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e); // to an array, there is none
    }
  }
}
