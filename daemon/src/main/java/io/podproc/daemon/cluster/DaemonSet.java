// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;

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
        Map<String, Object> metadata = Json.object(Json.object(answer.body()), "metadata");
        if (!name.equals(metadata.get("name"))) {
          throw new IOException("it answered with another object");
        }
        yield metadata.containsKey("deletionTimestamp");
      }
      case 404 -> {
        // There are others on the way to an API server who do not find things.
        Map<String, Object> details = Json.object(Json.object(answer.body()), "details");
        if (!name.equals(details.get("name"))) {
          throw new IOException("it answered with status 404, and not of the DaemonSet");
        }
        yield true;
      }
      case 401, 403 -> throw new RefusedException("it answered with status " + answer.status());
      default -> throw new IOException("it answered with status " + answer.status());
    };
  }

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
