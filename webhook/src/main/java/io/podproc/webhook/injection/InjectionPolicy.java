// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.FormatMethod;
import io.podproc.webhook.injection.Decision.Inject;
import io.podproc.webhook.injection.Decision.Skip;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Decides which pods get which files. When in doubt, a pod stays as it is and is told why. */
public final class InjectionPolicy {
  public static final String INJECT_LABEL = "podproc.io/inject";
  public static final String FILES_ANNOTATION = "podproc.io/files";
  public static final String ENFORCE_LABEL = "pod-security.kubernetes.io/enforce";

  private static final String ENABLED = "enabled";
  private static final String DISABLED = "disabled";
  private static final String SYSTEM_NAMESPACE = "kube-system";
  private static final String OS_LABEL = "kubernetes.io/os";

  private final InjectionRules rules;
  private final Pattern runtimeClasses;

  public InjectionPolicy(InjectionRules rules) {
    this.rules = rules;
    runtimeClasses =
        Pattern.compile(
            String.join(
                "|",
                rules.skippedRuntimeClasses().stream()
                    .map(glob -> "\\Q" + glob.replace("*", "\\E.*\\Q") + "\\E")
                    .toList()));
  }

  /**
   * Decides on one pod.
   *
   * @param namespaceLabels those of the pod's namespace, if they can be known. They are asked for
   *     once at most.
   */
  public Decision decide(
      Pod pod, String namespace, Supplier<Optional<Map<String, String>>> namespaceLabels) {
    Optional<String> wish = pod.label(INJECT_LABEL);
    if (wish.filter(DISABLED::equals).isPresent()) {
      return silently(Reason.OPTED_OUT);
    }
    if (namespace.equals(rules.ownNamespace())) {
      return silently(Reason.OWN_NAMESPACE);
    }
    if (namespace.equals(SYSTEM_NAMESPACE)) {
      return silently(Reason.SYSTEM_NAMESPACE);
    }
    Optional<Map<String, String>> known = namespaceLabels.get();
    if (known.isEmpty()) {
      return skip(
          Reason.NAMESPACE_UNKNOWN, "the labels of namespace %s can't be known now", namespace);
    }
    Map<String, String> labels = known.get();
    String namespaceWish = labels.getOrDefault(INJECT_LABEL, "");
    if (namespaceWish.equals(DISABLED)) {
      return silently(Reason.OPTED_OUT);
    }
    if (wish.filter(value -> !value.equals(ENABLED)).isPresent()) {
      return skip(
          Reason.INVALID_LABEL,
          "the label %s is \"%s\", not enabled or disabled",
          INJECT_LABEL,
          wish.get());
    }
    if (wish.isEmpty() && !namespaceWish.equals(ENABLED)) {
      return silently(Reason.NOT_OPTED_IN);
    }
    return obstacle(pod, labels)
        .orElseGet(() -> files(pod, wish.isPresent() ? Reason.POD_LABEL : Reason.NAMESPACE_LABEL));
  }

  private Optional<Decision> obstacle(Pod pod, Map<String, String> namespaceLabels) {
    JsonNode spec = pod.spec();
    String runtimeClass = spec.path("runtimeClassName").asText("");
    Skip obstacle = null;
    if (pod.annotation("kubernetes.io/config.mirror").isPresent()) {
      obstacle = skip(Reason.STATIC_POD, "static pods are the kubelet's, not the API server's");
    } else if (isForWindows(spec)) {
      obstacle = skip(Reason.WINDOWS, "Windows has no /proc");
    } else if (!runtimeClass.isEmpty() && runtimeClasses.matcher(runtimeClass).matches()) {
      obstacle =
          skip(Reason.RUNTIME_CLASS, "the runtime class %s has a kernel of its own", runtimeClass);
    } else if (isForVirtualNode(pod)) {
      obstacle = skip(Reason.VIRTUAL_NODE, "no daemon runs on virtual nodes");
    } else if (spec.path("hostUsers").isBoolean()
        && !spec.path("hostUsers").asBoolean()
        && !rules.userNamespaces()) {
      obstacle = skip(Reason.USER_NAMESPACE, "with hostUsers: false its mounts can't be mapped");
    } else if (rules.skipHostPid() && spec.path("hostPID").asBoolean()) {
      obstacle = skip(Reason.HOST_PID, "with hostPID it keeps the node's view");
    } else {
      String enforced =
          namespaceLabels.getOrDefault(
              ENFORCE_LABEL, rules.defaultPodSecurity().name().toLowerCase(Locale.ROOT));
      // What is no level at all is enforced as restricted.
      if (!enforced.equals("privileged")) {
        obstacle =
            skip(
                Reason.POD_SECURITY,
                "Pod Security \"%s\" of its namespace forbids hostPath",
                enforced);
      }
    }
    return Optional.ofNullable(obstacle);
  }

  private static boolean isForWindows(JsonNode spec) {
    return spec.path("os").path("name").asText().equals("windows")
        || spec.path("nodeSelector").path(OS_LABEL).asText().equals("windows");
  }

  private static boolean isForVirtualNode(Pod pod) {
    JsonNode spec = pod.spec();
    return spec.path("nodeSelector").path("type").asText().equals("virtual-kubelet")
        || spec.path("schedulerName").asText().equals("fargate-scheduler")
        || pod.label("eks.amazonaws.com/fargate-profile").isPresent()
        || spec.path("tolerations")
            .valueStream()
            .anyMatch(t -> t.path("key").asText().equals("virtual-kubelet.io/provider"));
  }

  private Decision files(Pod pod, Reason reason) {
    Optional<String> wish = pod.annotation(FILES_ANNOTATION);
    if (wish.isEmpty()) {
      return new Inject(rules.defaultFiles(), reason, List.of());
    }
    Set<InjectableFile> wanted = new LinkedHashSet<>();
    List<String> warnings = new ArrayList<>();
    for (String word : Arrays.stream(wish.get().split(",", -1)).map(String::strip).toList()) {
      if (word.equals("default")) {
        wanted.addAll(rules.defaultFiles());
      } else if (!word.isEmpty()) {
        InjectableFile.at(word)
            .ifPresentOrElse(
                wanted::add,
                () -> warnings.add(Warning.of(FILES_ANNOTATION + " names no such file: " + word)));
      }
    }
    if (!warnings.isEmpty()) {
      warnings.addAll(
          Warning.listing(
              "there are:",
              Stream.concat(
                      Stream.of("default"), InjectableFile.all().stream().map(InjectableFile::path))
                  .toList()));
    }
    List<InjectableFile> files = InjectableFile.all().stream().filter(wanted::contains).toList();
    if (files.isEmpty()) {
      warnings.addFirst(Warning.of("not injected: " + FILES_ANNOTATION + " names no file"));
      return new Skip(Reason.NO_FILES, warnings);
    }
    files.stream()
        .filter(file -> !file.byRuncToo() && !rules.defaultFiles().contains(file))
        .forEach(file ->
            warnings.add(
                Warning.of(file.path() + ": the pod starts with crun only, runc refuses it")));
    return new Inject(files, reason, warnings);
  }

  private static Skip silently(Reason reason) {
    return new Skip(reason, List.of());
  }

  @FormatMethod
  private static Skip skip(Reason reason, String why, Object... words) {
    return new Skip(
        reason, List.of(Warning.of("not injected: " + String.format(Locale.ROOT, why, words))));
  }
}
