// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Function;

/** Admission reviews as kube-apiserver 1.36 sends them, and what it does with the answers. */
public final class Reviews {
  /** Keeps numbers as they are written. */
  public static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private static final String UID = "705ab4f5-6393-11e8-b7cc-42010a800002";

  private Reviews() {}

  public static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** For a pod that a ReplicaSet's controller makes. */
  public static ObjectNode creation(String namespace, JsonNode pod) {
    ObjectNode review =
        (ObjectNode)
            json(
                """
                {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
                  "uid": "%s",
                  "kind": {"group": "", "version": "v1", "kind": "Pod"},
                  "resource": {"group": "", "version": "v1", "resource": "pods"},
                  "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
                  "requestResource": {"group": "", "version": "v1", "resource": "pods"},
                  "namespace": "%s",
                  "operation": "CREATE",
                  "userInfo": {
                    "username": "system:serviceaccount:kube-system:replicaset-controller",
                    "uid": "9fa8b1a4-6c3b-4c67-9d06-3a1a3a9f9c55",
                    "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system",
                      "system:authenticated"],
                    "extra": {"authentication.kubernetes.io/credential-id":
                      ["JTI=3d5a1f5e-7d4e-4a36-8f2b-5dd0d6f2b0a7"]}
                  },
                  "object": null,
                  "oldObject": null,
                  "dryRun": false,
                  "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}
                }}
                """
                    .formatted(UID, namespace));
    request(review).set("object", pod.deepCopy());
    return review;
  }

  /** For ephemeral containers, as kubectl debug adds them. */
  public static ObjectNode debugging(String namespace, JsonNode before, JsonNode pod) {
    ObjectNode review = creation(namespace, pod);
    ObjectNode request = request(review);
    request.put("name", pod.path("metadata").path("name").asText());
    request.put("operation", "UPDATE").put("subResource", "ephemeralcontainers");
    request.put("requestSubResource", "ephemeralcontainers").set("oldObject", before);
    request.putObject("options").put("kind", "UpdateOptions").put("apiVersion", "meta.k8s.io/v1");
    return review;
  }

  public static ObjectNode request(JsonNode review) {
    return (ObjectNode) review.path("request");
  }

  public static byte[] bytes(JsonNode review) {
    return review.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** The pod after the patch in an answer, made by a library that knows nothing of ours. */
  public static JsonNode patched(JsonNode pod, JsonNode answer) {
    JsonNode response = answer.path("response");
    if (!response.has("patch")) {
      return pod;
    }
    String patch =
        new String(
            Base64.getDecoder().decode(response.path("patch").asText()), StandardCharsets.UTF_8);
    return json(
        Json.createPatch(read(patch, JsonReader::readArray, JsonArray.class))
            .apply(read(pod.toString(), JsonReader::readObject, JsonObject.class))
            .toString());
  }

  private static <T> T read(String text, Function<JsonReader, T> what, Class<T> type) {
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      return type.cast(what.apply(reader));
    }
  }
}
