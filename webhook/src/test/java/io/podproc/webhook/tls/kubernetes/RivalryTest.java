// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RivalryTest {
  private Instant now = Instant.parse("2026-11-23T10:00:00Z");
  private final Rivalry rivalry = new Rivalry(() -> now);

  /** Patches whenever it may, and is undone at once, each second. */
  private int patches(Duration time) {
    int patches = 0;
    for (Instant end = now.plus(time); now.isBefore(end); now = now.plusSeconds(1)) {
      if (!rivalry.isPaused()) {
        rivalry.patched();
        patches++;
      }
    }
    return patches;
  }

  @Test
  void threeInAMinuteAndThenLessAndLess() {
    assertThat(patches(Duration.ofMinutes(1))).isEqualTo(3);
    // After 1, 2, 4, 8, 15 minutes.
    assertThat(patches(Duration.ofMinutes(30))).isEqualTo(5);
    assertThat(patches(Duration.ofHours(10))).isBetween(38, 41);
  }

  @Test
  void whatHappensNowAndThenIsMendedAtOnce() {
    for (int i = 0; i < 100; i++) {
      assertThat(rivalry.isPaused()).isFalse();
      rivalry.patched();
      now = now.plusSeconds(40);
    }
  }

  @Test
  void afterAQuietTimeAllIsForgotten() {
    int _ = patches(Duration.ofHours(2));
    now = now.plus(Duration.ofMinutes(31));
    assertThat(patches(Duration.ofMinutes(1))).isEqualTo(3);
  }

  @Test
  void aClockThatIsSetBackMakesNoPauseLonger() {
    int _ = patches(Duration.ofMinutes(1));
    assertThat(rivalry.isPaused()).isTrue();
    now = now.minus(Duration.ofDays(365));
    assertThat(rivalry.isPaused()).isFalse();
  }

  private static ManagedFieldsEntry entry(String manager, String field) {
    FieldsV1 fields = new FieldsV1();
    fields.setAdditionalProperty(
        "f:webhooks",
        Map.of("k:{\"name\":\"x\"}", Map.of("f:clientConfig", Map.of(field, Map.of()))));
    return new ManagedFieldsEntryBuilder()
        .withManager(manager)
        .withTime("2026-11-23T09:59:58Z")
        .withFieldsV1(fields)
        .build();
  }

  private static String writers(ManagedFieldsEntry... entries) {
    MutatingWebhookConfiguration configuration =
        new MutatingWebhookConfigurationBuilder()
            .withNewMetadata()
            .withManagedFields(entries)
            .endMetadata()
            .build();
    return Rivalry.writers(configuration, RegisteredWebhook.MANAGER);
  }

  @Test
  void managedFieldsTellWhoWrites() {
    assertThat(
            writers(
                entry("podproc-webhook", "f:caBundle"),
                entry("helm", "f:service"),
                entry("cainjector\u001b[31m", "f:caBundle")))
        .isEqualTo("by managedFields cainjector?[31m at 2026-11-23T09:59:58Z");
    assertThat(writers()).isEqualTo("managedFields do not tell who");
    assertThat(writers(new ManagedFieldsEntry())).isEqualTo("managedFields do not tell who");
  }
}
