// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import java.util.List;

/** What is to become of a pod. */
public sealed interface Decision {
  /** For the user who creates the pod. */
  List<String> warnings();

  /**
   * The pod gets files.
   *
   * @param files at least one
   * @param reason by which label
   */
  record Inject(List<InjectableFile> files, Reason reason, List<String> warnings)
      implements Decision {}

  /** The pod stays as it is. Without warnings, if nobody would expect anything else. */
  record Skip(Reason reason, List<String> warnings) implements Decision {}
}
