// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.injection;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Pods that may run on virtual nodes: services of a cloud behind a node's name, which run no
 * DaemonSet and refuse hostPath. What each is known by, from its documentation:
 *
 * <ul>
 *   <li>Virtual Kubelet, and all that are made of it: nodes have the label {@code
 *       type=virtual-kubelet} and the taint {@code virtual-kubelet.io/provider}
 *   <li>Alibaba Cloud, ECI: a label of the pod or its namespace (ECI user guide, "Schedule pods to
 *       an x86-based virtual node"; the shorter one is the older), or an annotation, which may send
 *       a pod there later ("ECI-based scheduling"); ACS: a label ("Use ACS compute power")
 *   <li>Tencent Cloud, super nodes of TKE (once EKS): nodes' instance type and taint (TKE,
 *       "Supernodes FAQs", 457/40027)
 *   <li>Huawei Cloud, CCI: a label of the pod that says when, or off (CCE, "Scheduling Pods to
 *       CCI", cci_01_0116; for CCI 2.0 cci_01_0026), of old an annotation
 *   <li>Azure, ACI: the taint of virtual nodes (AKS, "Virtual nodes"), the label of those of
 *       version 2 (AKS, "Use Virtual Nodes v2")
 *   <li>AWS, Fargate: a label and a scheduler, which its admission controller gives to pods, and
 *       the label and taint of nodes (EKS user guide, "Simplify compute management with AWS
 *       Fargate", "Define which Pods use AWS Fargate")
 * </ul>
 */
final class VirtualNodes {
  private static final Set<String> TRUE = Set.of("true");
  private static final Set<String> BURST = Set.of("auto", "enforce", "localPrefer", "true");

  /** Of pods, or of namespaces for those in them that do not say. */
  private static final Map<String, Set<String>> LABELS_OF_BOTH =
      Map.of("alibabacloud.com/eci", TRUE, "eci", TRUE, "alibabacloud.com/acs", TRUE);

  /** Of pods, as labels or annotations. */
  private static final Map<String, Set<String>> MARKS =
      Map.of(
          "alibabacloud.com/burst-resource", Set.of("eci", "eci_only"),
          "virtual-kubelet.io/burst-to-cci", BURST,
          "bursting.cci.io/burst-to-cci", BURST);

  private static final String FARGATE_PROFILE = "eks.amazonaws.com/fargate-profile";
  private static final String FARGATE_SCHEDULER = "fargate-scheduler";

  private static final Map<String, String> NODE_LABELS =
      Map.of(
          "type", "virtual-kubelet",
          "node.kubernetes.io/instance-type", "eklet",
          "virtualization", "virtualnode2",
          "eks.amazonaws.com/compute-type", "fargate");

  private static final List<String> TAINTS =
      List.of(
          "virtual-kubelet.io/provider",
          "eks.tke.cloud.tencent.com/eklet",
          "azure.com/aci",
          "eks.amazonaws.com/compute-type");

  private VirtualNodes() {}

  /**
   * What says that a pod may run there, in words that its user has written, as {@code label eci}.
   *
   * @param namespaceLabels those of its namespace
   */
  static Optional<String> sign(Pod pod, Map<String, String> namespaceLabels) {
    return Stream.of(
            labels(pod, namespaceLabels), marks(pod), fargate(pod), nodeLabels(pod), taints(pod))
        .flatMap(signs -> signs)
        .sorted() // of several always the same, whatever the order of the maps
        .findFirst();
  }

  private static Stream<String> labels(Pod pod, Map<String, String> namespaceLabels) {
    return LABELS_OF_BOTH.entrySet().stream()
        .filter(label -> {
          String ofNamespace = namespaceLabels.getOrDefault(label.getKey(), "");
          return label.getValue().contains(pod.label(label.getKey()).orElse(ofNamespace));
        })
        .map(label ->
            (pod.label(label.getKey()).isPresent() ? "label " : "namespace's label ")
                + label.getKey());
  }

  private static Stream<String> marks(Pod pod) {
    return MARKS.entrySet().stream()
        .flatMap(mark ->
            Stream.concat(
                said("label ", pod.label(mark.getKey()), mark),
                said("annotation ", pod.annotation(mark.getKey()), mark)));
  }

  private static Stream<String> said(
      String kind, Optional<String> value, Map.Entry<String, Set<String>> mark) {
    return value.filter(mark.getValue()::contains).map(v -> kind + mark.getKey()).stream();
  }

  private static Stream<String> fargate(Pod pod) {
    return Stream.concat(
        pod.label(FARGATE_PROFILE).map(profile -> "label " + FARGATE_PROFILE).stream(),
        Stream.of(FARGATE_SCHEDULER)
            .filter(pod.spec().path("schedulerName").asText()::equals)
            .map(scheduler -> "scheduler " + scheduler));
  }

  private static Stream<String> nodeLabels(Pod pod) {
    Placement placement = new Placement(pod.spec());
    return NODE_LABELS.entrySet().stream()
        .filter(label -> placement.names(label.getKey(), label.getValue()))
        .map(label -> "node label " + label.getKey() + "=" + label.getValue());
  }

  private static Stream<String> taints(Pod pod) {
    return pod.spec()
        .path("tolerations")
        .valueStream()
        .map(toleration -> toleration.path("key"))
        .map(JsonNode::asText)
        .filter(TAINTS::contains)
        .map(taint -> "toleration " + taint);
  }
}
