// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.stream.JsonParser;
import java.io.IOException;
import java.io.StringReader;
import java.time.Duration;

/** The DaemonSet that this daemon's pod is of. */
public record DaemonSet(ApiServer server, String namespace, String name) {
  /** What there is to be known of an object, without what it is made of. */
  private static final String METADATA =
      "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

  /**
   * Whether it is deleted, or is being deleted: then no other daemon will follow.
   *
   * @param deadline for all of it
   * @throws RefusedException this pod has no right to ask, or has it no longer
   * @throws IOException there is no telling; the message says why in one line
   */
  public boolean goes(Duration deadline) throws IOException, InterruptedException {
    ApiServer.Answer answer =
        server.get(
            "/apis/apps/v1/namespaces/" + namespace + "/daemonsets/" + name, METADATA, deadline);
    return switch (answer.status()) {
      case 200 -> {
        JsonObject metadata = member(answer, "metadata");
        if (!isNamed(metadata)) {
          throw new IOException("it answered with another object");
        }
        yield !metadata.getOrDefault("deletionTimestamp", JsonValue.NULL).equals(JsonValue.NULL);
      }
      case 404 -> {
        // There are others on the way to an API server who do not find things.
        if (!isNamed(member(answer, "details"))) {
          throw new IOException("it answered with status 404, and not of the DaemonSet");
        }
        yield true;
      }
      case 401, 403 -> throw new RefusedException("it answered with status " + answer.status());
      default -> throw new IOException("it answered with status " + answer.status());
    };
  }

  private boolean isNamed(JsonObject object) {
    return object.get("name") instanceof JsonString text && text.getString().equals(name);
  }

  /** An object of it; where there is none, an empty one. */
  private static JsonObject member(ApiServer.Answer answer, String member) throws IOException {
    try (JsonParser parser = Json.createParser(new StringReader(answer.body()))) {
      parser.next();
      JsonObject all = parser.getObject();
      if (parser.hasNext()) { // else it throws if anything follows
        throw new IOException("it answered with more than an object of JSON");
      }
      return all.get(member) instanceof JsonObject object ? object : JsonValue.EMPTY_JSON_OBJECT;
    } catch (RuntimeException e) { // all that the parser throws, where it nests too deeply no other
      throw new IOException("it answered with what is no object of JSON", e);
    }
  }

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
