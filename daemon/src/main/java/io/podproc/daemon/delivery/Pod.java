// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import io.podproc.daemon.cluster.Metadata;
import io.podproc.rules.FilesWish;
import io.podproc.rules.OptIn;
import io.podproc.rules.ViewWish;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A pod of this node, as far as its metadata tells.
 *
 * @param uid of the pod in the cluster
 * @param cgroupUid as its cgroup has it. A static pod's is the hash of its file, of which the pod
 *     in the cluster is a mirror (pkg/kubelet/config/common.go:applyDefaults)
 * @param wish its label {@link OptIn#LABEL}
 * @param files its annotation {@link FilesWish#ANNOTATION}
 * @param attachable false where it asks that nothing is attached
 * @param view what it asks its containers to be shown
 */
record Pod(
    String uid,
    String cgroupUid,
    String namespace,
    String name,
    Optional<String> wish,
    Optional<String> files,
    boolean attachable,
    ViewWish view) {
  private static final String MIRROR = "kubernetes.io/config.mirror";

  /** MD5, in hex. Anybody may annotate a pod with the uid of another, which has hyphens. */
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{32}");

  /** What is to be known of pods. */
  static final Set<String> LABELS = Set.of(OptIn.LABEL);

  private static final Set<String> ANNOTATIONS =
      Set.of(FilesWish.ANNOTATION, DeliveryRules.ATTACH, MIRROR);

  /** Whether an annotation is to be known. */
  static boolean concerns(String annotation) {
    return ANNOTATIONS.contains(annotation) || ViewWish.concerns(annotation);
  }

  static Pod of(Metadata object) {
    return new Pod(
        object.uid(),
        Optional.ofNullable(object.annotations().get(MIRROR))
            .filter(hash -> HASH.matcher(hash).matches())
            .orElse(object.uid()),
        object.namespace(),
        object.name(),
        Optional.ofNullable(object.labels().get(OptIn.LABEL)),
        Optional.ofNullable(object.annotations().get(FilesWish.ANNOTATION)),
        !OptIn.DISABLED.equals(object.annotations().get(DeliveryRules.ATTACH)),
        ViewWish.of(object.annotations()));
  }

  /** Whether it is that one, or the same made anew. */
  boolean replaces(Pod other) {
    return namespace.equals(other.namespace) && name.equals(other.name);
  }
}
