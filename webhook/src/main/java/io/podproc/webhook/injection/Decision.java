// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import java.util.List;
import java.util.stream.Stream;

/** What is to become of a pod. */
public sealed interface Decision {
  /** For the user who creates the pod. */
  List<String> warnings();

  /** The same, with more to tell. */
  Decision with(List<String> more);

  private static List<String> joined(List<String> first, List<String> then) {
    return then.isEmpty() ? first : Stream.concat(first.stream(), then.stream()).toList();
  }

  /**
   * The pod gets files.
   *
   * @param files at least one
   * @param reason by which label
   */
  record Inject(List<InjectableFile> files, Reason reason, List<String> warnings)
      implements Decision {
    @Override
    public Inject with(List<String> more) {
      return new Inject(files, reason, joined(warnings, more));
    }
  }

  /** The pod stays as it is. Without warnings, if nobody would expect anything else. */
  record Skip(Reason reason, List<String> warnings) implements Decision {
    @Override
    public Skip with(List<String> more) {
      return new Skip(reason, joined(warnings, more));
    }
  }
}
