// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.admission;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.regex.Pattern;

/**
 * The request in an AdmissionReview of admission.k8s.io/v1.
 *
 * @param object a pod's JSON, which may be anything but says that it is a pod
 */
public record ReviewRequest(
    String uid,
    String operation,
    String subResource,
    String namespace,
    JsonNode object,
    JsonNode oldObject) {
  static final String API_VERSION = "admission.k8s.io/v1";
  static final String KIND = "AdmissionReview";

  /** Of RFC 1123, as names of namespaces are. */
  public static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

  /** Far beyond any pod. They bound what a review can cost. */
  private static final int MAX_DEPTH = 200;

  private static final int MAX_TOKENS = 200_000;

  /** Numbers keep their value, be they as large or exact as they like. */
  private static final ObjectReader READER =
      JsonMapper.builder(
              JsonFactory.builder()
                  // Virtual threads are many, and none lives to use its own buffers again.
                  .recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool())
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxTokenCount(MAX_TOKENS)
                          .build())
                  .build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .reader();

  /** Reads the body of a POST. */
  public static ReviewRequest parse(byte[] body) throws MalformedReviewException {
    JsonNode review = json(body);
    if (!review.path("apiVersion").asText().equals(API_VERSION)
        || !review.path("kind").asText().equals(KIND)) {
      throw new MalformedReviewException("not an AdmissionReview of " + API_VERSION);
    }
    JsonNode request = review.path("request");
    if (!request.isObject()) {
      throw new MalformedReviewException("the review has no request");
    }
    ReviewRequest read =
        new ReviewRequest(
            request.path("uid").asText(),
            request.path("operation").asText(),
            request.path("subResource").asText(),
            request.path("namespace").asText(),
            request.path("object"),
            request.path("oldObject"));
    if (read.uid.isEmpty()) {
      throw new MalformedReviewException("the request has no uid");
    }
    JsonNode pod = read.object.isObject() ? read.object : read.oldObject;
    if (!pod.path("kind").asText().equals("Pod") || !pod.path("apiVersion").asText().equals("v1")) {
      throw new MalformedReviewException("the object of the request is not a pod");
    }
    // It is asked for by this name: a path or a query must not be one.
    if (!DNS_LABEL.matcher(read.namespace).matches()) {
      throw new MalformedReviewException("the namespace of the request is no name of one");
    }
    return read;
  }

  private static JsonNode json(byte[] body) throws MalformedReviewException {
    try {
      return READER.readTree(body);
    } catch (StreamConstraintsException
        | NumberFormatException e) { // BigDecimal's exponents are 32 bits
      throw new MalformedReviewException("the JSON is too deep, too long or has too long numbers");
    } catch (JacksonException e) {
      throw new MalformedReviewException(
          "not JSON, from offset " + e.getLocation().getByteOffset() + " on");
    } catch (IOException e) { // it begins as UTF-32 does, and is none (CharConversionException)
      throw new MalformedReviewException("not text in UTF-8, UTF-16 or UTF-32");
    }
  }
}
