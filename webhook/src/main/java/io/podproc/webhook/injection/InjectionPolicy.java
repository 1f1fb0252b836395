// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.FormatMethod;
import io.podproc.rules.FilesWish;
import io.podproc.rules.OptIn;
import io.podproc.webhook.injection.Decision.Inject;
import io.podproc.webhook.injection.Decision.Skip;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Decides which pods get which files. When in doubt, a pod stays as it is and is told why. */
public final class InjectionPolicy {
  public static final String ENFORCE_LABEL = "pod-security.kubernetes.io/enforce";

  private static final String WINDOWS = "windows";

  /** The second is the older name, which kubelets still set. */
  private static final List<String> OS_LABELS =
      List.of("kubernetes.io/os", "beta.kubernetes.io/os");

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
    Optional<String> wish = pod.label(OptIn.LABEL);
    Optional<OptIn> anywhere = OptIn.anywhere(wish, namespace, rules.ownNamespace());
    if (anywhere.isPresent()) {
      return silently(Reason.of(anywhere.get()));
    }
    Optional<Map<String, String>> known = namespaceLabels.get();
    if (known.isEmpty()) {
      return skip(
          Reason.NAMESPACE_UNKNOWN, "the labels of namespace %s can't be known now", namespace);
    }
    OptIn optIn = OptIn.within(known.get(), wish);
    if (optIn == OptIn.INVALID_LABEL) {
      return skip(
          Reason.INVALID_LABEL,
          "the label %s is \"%s\", not enabled or disabled",
          OptIn.LABEL,
          wish.orElseThrow());
    }
    Reason reason = Reason.of(optIn);
    return optIn.isIn()
        ? obstacle(pod, known.get())
            .orElseGet(() -> files(pod, reason))
            .with(ViewWarnings.of(pod, rules.nodeDelivery()))
        : silently(reason);
  }

  private Optional<Decision> obstacle(Pod pod, Map<String, String> namespaceLabels) {
    JsonNode spec = pod.spec();
    String runtimeClass = spec.path("runtimeClassName").asText("");
    Optional<String> virtualNode = VirtualNodes.sign(pod, namespaceLabels);
    Skip obstacle = null;
    if (pod.annotation("kubernetes.io/config.mirror").isPresent()) {
      obstacle = skip(Reason.STATIC_POD, "static pods are the kubelet's, not the API server's");
    } else if (isForWindows(pod)) {
      obstacle = skip(Reason.WINDOWS, "Windows has no /proc");
    } else if (!runtimeClass.isEmpty() && runtimeClasses.matcher(runtimeClass).matches()) {
      obstacle =
          skip(Reason.RUNTIME_CLASS, "the runtime class %s has a kernel of its own", runtimeClass);
    } else if (virtualNode.isPresent()) {
      obstacle =
          skip(Reason.VIRTUAL_NODE, "no daemon runs on virtual nodes (%s)", virtualNode.get());
    } else if (spec.path("hostUsers").isBoolean()
        && !spec.path("hostUsers").asBoolean()
        && !rules.userNamespaces()) {
      obstacle = leave(Reason.USER_NAMESPACE, "with hostUsers: false its mounts can't be mapped");
    } else if (rules.skipHostPid() && spec.path("hostPID").asBoolean()) {
      obstacle = skip(Reason.HOST_PID, "with hostPID it keeps the node's view");
    } else {
      String enforced =
          namespaceLabels.getOrDefault(
              ENFORCE_LABEL, rules.defaultPodSecurity().name().toLowerCase(Locale.ROOT));
      // What is no level at all is enforced as restricted.
      if (!enforced.equals("privileged")) {
        obstacle =
            leave(
                Reason.POD_SECURITY,
                "Pod Security \"%s\" of its namespace forbids hostPath",
                enforced);
      }
    }
    return Optional.ofNullable(obstacle);
  }

  /** By its word on itself, by what it asks of nodes, or by what there is on Windows alone. */
  private static boolean isForWindows(Pod pod) {
    JsonNode spec = pod.spec();
    Placement placement = new Placement(spec);
    return spec.path("os").path("name").asText().equals(WINDOWS)
        || OS_LABELS.stream()
            .anyMatch(label -> placement.names(label, WINDOWS) || placement.avoids(label, "linux"))
        || pod.isHostProcess();
  }

  private Decision files(Pod pod, Reason reason) {
    Optional<String> annotation = pod.annotation(FilesWish.ANNOTATION);
    if (annotation.isEmpty()) {
      return new Inject(rules.defaultFiles(), reason, List.of());
    }
    FilesWish<InjectableFile> wish =
        FilesWish.read(annotation.get(), rules.defaultFiles(), InjectableFile::at);
    List<String> warnings = new ArrayList<>();
    for (String word : wish.unknown()) {
      warnings.add(Warning.of(FilesWish.ANNOTATION + " names no such file: " + word));
    }
    if (!warnings.isEmpty()) {
      warnings.addAll(
          Warning.listing(
              "there are:",
              Stream.concat(
                      Stream.of(FilesWish.DEFAULT),
                      InjectableFile.all().stream().map(InjectableFile::path))
                  .toList()));
    }
    List<InjectableFile> files =
        InjectableFile.all().stream().filter(wish.files()::contains).toList();
    if (files.isEmpty()) {
      warnings.addFirst(Warning.of("not injected: " + FilesWish.ANNOTATION + " names no file"));
      return new Skip(Reason.NO_FILES, warnings);
    }
    if (rules.nodeDelivery()) {
      return forNodeToo(files, reason, warnings);
    }
    files.stream()
        .filter(this::stopsRunc)
        .forEach(file ->
            warnings.add(
                Warning.of(file.path() + ": the pod starts with crun only, runc refuses it")));
    return new Inject(files, reason, warnings);
  }

  /** What runc refuses to mount is no matter for a node, which brings it afterwards. */
  private Decision forNodeToo(List<InjectableFile> wanted, Reason reason, List<String> warnings) {
    List<InjectableFile> files = wanted.stream().filter(file -> !stopsRunc(file)).toList();
    return files.isEmpty()
        ? new Skip(Reason.LEFT_TO_NODE, warnings)
        : new Inject(files, reason, warnings);
  }

  private boolean stopsRunc(InjectableFile file) {
    return !file.byRuncToo() && !rules.defaultFiles().contains(file);
  }

  private static Skip silently(Reason reason) {
    return new Skip(reason, List.of());
  }

  /** What a webhook can't do, and a node can. */
  @FormatMethod
  private Skip leave(Reason reason, String why, Object... words) {
    return rules.nodeDelivery()
        ? warned(reason, "its node brings the files: " + String.format(Locale.ROOT, why, words))
        : skip(reason, why, words);
  }

  @FormatMethod
  private static Skip skip(Reason reason, String why, Object... words) {
    return warned(reason, "not injected: " + String.format(Locale.ROOT, why, words));
  }

  private static Skip warned(Reason reason, String text) {
    return new Skip(reason, List.of(Warning.of(text)));
  }
}
