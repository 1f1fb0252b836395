// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.time.Duration;

/** The DaemonSet that this daemon's pod is of. */
public record DaemonSet(ApiServer server, String namespace, String name) {
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
            "/apis/apps/v1/namespaces/" + namespace + "/daemonsets/" + name,
            ApiServer.METADATA,
            deadline);
    return switch (answer.status()) {
      case 200 -> {
        JsonObject metadata = answer.member("metadata");
        if (!isNamed(metadata)) {
          throw new IOException("it answered with another object");
        }
        yield !metadata.getOrDefault("deletionTimestamp", JsonValue.NULL).equals(JsonValue.NULL);
      }
      case 404 -> {
        // There are others on the way to an API server who do not find things.
        if (!isNamed(answer.member("details"))) {
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

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
