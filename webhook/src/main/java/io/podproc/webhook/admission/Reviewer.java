// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.admission;

import io.podproc.webhook.injection.Decision;
import io.podproc.webhook.injection.Decision.Inject;
import io.podproc.webhook.injection.Decision.Skip;
import io.podproc.webhook.injection.InjectableFile;
import io.podproc.webhook.injection.InjectionPolicy;
import io.podproc.webhook.injection.InjectionRules;
import io.podproc.webhook.injection.Mutation;
import io.podproc.webhook.injection.Pod;
import io.podproc.webhook.injection.PodMutator;
import io.podproc.webhook.injection.Reason;
import io.podproc.webhook.injection.UnreadablePodException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Answers reviews. */
public final class Reviewer {
  private final InjectionPolicy policy;
  private final PodMutator mutator;
  private final Function<String, Optional<Map<String, String>>> namespaceLabels;

  /**
   * @param namespaceLabels those of a namespace, if they can be known
   */
  public Reviewer(
      InjectionRules rules, Function<String, Optional<Map<String, String>>> namespaceLabels) {
    policy = new InjectionPolicy(rules);
    mutator = new PodMutator(rules);
    this.namespaceLabels = namespaceLabels;
  }

  /** Answers one. A pod that can't be read is allowed as it is. */
  public Verdict review(ReviewRequest request) {
    try {
      return reviewReadable(request);
    } catch (UnreadablePodException e) {
      return Verdict.unchanged(request.uid(), Reason.UNREADABLE_POD, List.of());
    }
  }

  private Verdict reviewReadable(ReviewRequest request) throws UnreadablePodException {
    boolean creation = request.operation().equals("CREATE") && request.subResource().isEmpty();
    boolean debugging =
        request.operation().equals("UPDATE") && request.subResource().equals("ephemeralcontainers");
    if (!creation && !debugging) {
      return Verdict.unchanged(request.uid(), Reason.OTHER_REQUEST, List.of());
    }
    Pod pod = new Pod(request.object());
    Decision decision =
        policy.decide(pod, request.namespace(), () -> namespaceLabels.apply(request.namespace()));
    return switch (decision) {
      case Skip(Reason reason, List<String> warnings) ->
          Verdict.unchanged(request.uid(), reason, warnings);
      case Inject inject ->
          verdict(
              request.uid(),
              inject,
              creation
                  ? mutator.mutate(pod, inject)
                  : mutator.mutateEphemeral(pod, new Pod(request.oldObject()), inject));
    };
  }

  private static Verdict verdict(String uid, Inject inject, Mutation mutation) {
    List<String> warnings = new ArrayList<>(inject.warnings());
    warnings.addAll(mutation.warnings());
    Reason reason = inject.reason();
    Map<String, String> audit =
        Map.of(
            reason.result().label(),
            mutation.files().stream().map(InjectableFile::path).collect(Collectors.joining(",")));
    if (mutation.patch().isEmpty()) {
      reason = mutation.files().isEmpty() ? Reason.NOTHING_TO_MOUNT : Reason.ALREADY_INJECTED;
      audit = Map.of(reason.result().label(), reason.label());
    }
    return new Verdict(uid, reason, mutation.conflicts(), mutation.patch(), warnings, audit);
  }
}
