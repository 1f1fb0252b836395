// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cluster.Metadata;
import io.podproc.daemon.delivery.PodStatus.Reason;
import io.podproc.rules.OptIn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who asks why a pod has what it has is told what the delivery itself goes by. */
class PodStatusTest {
  private static final DeliveryRules RULES =
      new DeliveryRules("podproc", Set.of("/proc/stat"), Set.of("/proc/stat"));

  private static Map<String, String> labels(String value) {
    return value.equals("-") ? Map.of() : Map.of(OptIn.LABEL, value);
  }

  @ParameterizedTest
  @CsvSource({
    // namespace, its label, the pod's, and its annotation
    "shop, enabled, -, -, NAMESPACE_LABEL",
    "shop, -, enabled, -, POD_LABEL",
    "shop, -, -, -, NOT_OPTED_IN",
    "shop, enabled, disabled, -, OPTED_OUT",
    "shop, disabled, enabled, -, OPTED_OUT",
    "shop, enabled, yes, -, INVALID_LABEL",
    "shop, enabled, enabled, disabled, NOT_ATTACHABLE",
    "podproc, enabled, -, -, OWN_NAMESPACE",
    "kube-system, enabled, -, -, SYSTEM_NAMESPACE"
  })
  void theReasonIsThatOfTheRules(
      String namespace, String ofNamespace, String ofPod, String attach, Reason reason) {
    ClusterSource source =
        ClusterSource.of(
            RULES,
            (pods, namespaces) -> {
              namespaces.all(
                  List.of(new Metadata("1", "", namespace, labels(ofNamespace), Map.of())));
              pods.all(
                  List.of(
                      new Metadata(
                          "uid",
                          namespace,
                          "web",
                          labels(ofPod),
                          attach.equals("-") ? Map.of() : Map.of(DeliveryRules.ATTACH, attach))));
            });
    source.begin(_ -> {});
    assertThat(source.standing("uid"))
        .contains(new PodStatus(namespace, "web", source.wanted("uid"), reason));
    boolean wants = reason == Reason.NAMESPACE_LABEL || reason == Reason.POD_LABEL;
    assertThat(source.wanted("uid").orElseThrow().files().isEmpty()).isEqualTo(!wants);
    assertThat(source.standing("other")).isEmpty();
  }

  @Test
  void beforeNamespacesAreKnownThatIsTheReason() {
    ClusterSource source =
        ClusterSource.of(
            RULES,
            (pods, _) -> pods.all(List.of(new Metadata("uid", "shop", "web", Map.of(), Map.of()))));
    source.begin(_ -> {});
    assertThat(source.standing("uid"))
        .contains(new PodStatus("shop", "web", Optional.empty(), Reason.NAMESPACE_UNKNOWN));
  }

  /** There labels are not known: a reason that speaks of them would be false. */
  @Test
  void foldersTellNamesAsWellAndNoLabels(@TempDir Path logs) throws IOException {
    for (String folder :
        List.of("shop_web-1_uid1", "other_web-2_uid2", "podproc_d_uid3", "kube-system_etcd_uid4")) {
      Path _ = Files.createDirectory(logs.resolve(folder));
    }
    FolderSource source = new FolderSource(RULES, Set.of("shop"), logs);
    assertThat(source.standing("uid1")).as("nobody has looked yet").isEmpty();
    for (String uid : Arrays.asList("uid1", "uid2", "uid3", "uid4")) {
      assertThat(source.wanted(uid)).isPresent();
    }
    assertThat(source.standing("uid1").orElseThrow())
        .extracting(PodStatus::namespace, PodStatus::name, PodStatus::reason)
        .containsExactly("shop", "web-1", Reason.NAMESPACE_NAMED);
    assertThat(Stream.of("uid2", "uid3", "uid4").map(uid -> source.standing(uid).orElseThrow()))
        .extracting(PodStatus::reason)
        .containsExactly(Reason.NAMESPACE_NOT_NAMED, Reason.OWN_NAMESPACE, Reason.SYSTEM_NAMESPACE);
  }
}
