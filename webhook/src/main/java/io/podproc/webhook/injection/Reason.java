// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import io.podproc.rules.OptIn;
import java.util.Locale;

/** All that can become of a review or of one of its paths, and why: what metrics count. */
public enum Reason {
  /** The pod's namespace is labelled. */
  NAMESPACE_LABEL(Result.INJECTED),
  /** The pod itself is labelled. */
  POD_LABEL(Result.INJECTED),

  NOT_OPTED_IN(Result.SKIPPED),
  OPTED_OUT(Result.SKIPPED),
  OWN_NAMESPACE(Result.SKIPPED),
  SYSTEM_NAMESPACE(Result.SKIPPED),
  NAMESPACE_UNKNOWN(Result.SKIPPED),
  INVALID_LABEL(Result.SKIPPED),
  STATIC_POD(Result.SKIPPED),
  WINDOWS(Result.SKIPPED),
  RUNTIME_CLASS(Result.SKIPPED),
  VIRTUAL_NODE(Result.SKIPPED),
  USER_NAMESPACE(Result.SKIPPED),
  HOST_PID(Result.SKIPPED),
  POD_SECURITY(Result.SKIPPED),
  /** The annotation names no file that there is. */
  NO_FILES(Result.SKIPPED),
  /** Of what it names, all is what its node brings. */
  LEFT_TO_NODE(Result.SKIPPED),
  /** All paths are taken, or all containers keep the node's view. */
  NOTHING_TO_MOUNT(Result.SKIPPED),
  /** Injected by an earlier call for the same pod. */
  ALREADY_INJECTED(Result.SKIPPED),
  /** Neither a new pod nor new ephemeral containers. */
  OTHER_REQUEST(Result.SKIPPED),

  /** A container mounts something at the path, above or below it. */
  MOUNTED_ALREADY(Result.CONFLICT),
  /**
   * A container is privileged, may mount or has an unmasked /proc, and its namespace alone opted
   * in.
   */
  PRIVILEGED_CONTAINER(Result.CONFLICT),
  /** The pod has a volume of that name which is not podproc's. */
  VOLUME_NAME_TAKEN(Result.CONFLICT),

  UNREADABLE_POD(Result.ERROR),
  MALFORMED_REVIEW(Result.ERROR),
  TOO_LARGE(Result.ERROR),
  /** The body did not come in time. */
  TOO_SLOW(Result.ERROR),
  BUSY(Result.ERROR),
  INTERNAL(Result.ERROR);

  /** What reasons are for. */
  public enum Result {
    INJECTED,
    SKIPPED,
    CONFLICT,
    ERROR;

    /** As metrics and audit annotations have it. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Result result;

  Reason(Result result) {
    this.result = result;
  }

  /** That of labels alone. */
  static Reason of(OptIn labels) {
    return switch (labels) {
      case NAMESPACE_LABEL -> NAMESPACE_LABEL;
      case POD_LABEL -> POD_LABEL;
      case NOT_OPTED_IN -> NOT_OPTED_IN;
      case OPTED_OUT -> OPTED_OUT;
      case OWN_NAMESPACE -> OWN_NAMESPACE;
      case SYSTEM_NAMESPACE -> SYSTEM_NAMESPACE;
      case INVALID_LABEL -> INVALID_LABEL;
    };
  }

  public Result result() {
    return result;
  }

  /** As metrics and audit annotations have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
