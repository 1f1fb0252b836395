// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.webhook.injection.InjectableFile;
import io.podproc.webhook.injection.InjectionRules;
import io.podproc.webhook.injection.PodSecurityLevel;
import io.smallrye.config.ConfigValidationException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookConfigTest {
  private static void check(Map<String, String> settings) throws SettingsCheck.Invalid {
    SettingsCheck.check(Configs.of(settings), Set.of());
  }

  @Test
  void theDefaultsAreThese() throws SettingsCheck.Invalid {
    check(Map.of());
    assertThat(SettingsCheck.rules(Configs.of(Map.of())))
        .isEqualTo(
            new InjectionRules(
                "/var/lib/podproc",
                "podproc",
                InjectableFile.all().stream()
                    .filter(file -> file.byRuncToo())
                    .filter(
                        file -> !file.path().matches(".*/(present|possible|offline)|.*/node/.*"))
                    .toList(),
                List.of("gvisor*", "runsc*", "kata*"),
                true,
                true,
                false,
                PodSecurityLevel.PRIVILEGED,
                false,
                false));
  }

  @Test
  void whatRuncRefusesIsNoDefault() {
    assertThat(Configs.of(Map.of()).files()).noneMatch(path -> path.contains("pressure"));
  }

  @Test
  void noRuntimeClassNeedBeSkipped() throws SettingsCheck.Invalid {
    assertThat(
            SettingsCheck.rules(Configs.of(Map.of("podproc.skip-runtime-classes", "")))
                .skippedRuntimeClasses())
        .isEmpty();
  }

  @Test
  void aNameThatIsNoSettingIsRefused() {
    assertThatThrownBy(() -> Configs.of(Map.of("podproc.mount-piont", "/x")))
        .isInstanceOf(ConfigValidationException.class)
        .hasMessageContaining("podproc.mount-piont");
  }

  @ParameterizedTest
  @CsvSource({
    "skip-host-pid,yes",
    "skip-privileged,''",
    "default-pod-security,none",
    "drain,soon",
    "certificate-source,magic",
    "files,''"
  })
  void aValueThatIsNoneIsRefused(String name, String value) {
    assertThatThrownBy(() -> check(Map.of("podproc." + name, value)))
        .isInstanceOf(RuntimeException.class)
        .hasMessageContaining("podproc." + name);
  }

  @ParameterizedTest
  @CsvSource({
    "mount-point,relative/path",
    "certificate-directory,tls",
    "client-authorities,ca.crt",
    "namespace,a_b",
    "namespace,a.b",
    "service,Service",
    "webhook-configuration,-x",
    "certificate-secret,a..b",
    "certificate-lease,a/b",
    "drain,-1s",
    "drain,61s",
    "files,/etc/passwd",
    "files,'/proc/stat,/proc/memminfo'",
    "files,default",
    "files,proc/stat"
  })
  void aValueOutOfItsRangeIsRefusedByName(String name, String value) {
    assertThatThrownBy(() -> check(Map.of("podproc." + name, value)))
        .isInstanceOf(SettingsCheck.Invalid.class)
        .hasMessageContaining("podproc." + name)
        .message()
        .hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource({
    "drain,0s",
    "drain,1m",
    "files,'/proc/pressure/io, /proc/stat'",
    "webhook-configuration,podproc.example.org"
  })
  void theEndsOfARangeAreIn(String name, String value) {
    assertThatCode(() -> check(Map.of("podproc." + name, value))).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PODPROC_MOUNT_PIONT", "PODPROC_SERVICES", "PODPROC_"})
  void aMisspeltSettingInTheEnvironmentIsRefused(String name) {
    assertThatThrownBy(() -> SettingsCheck.check(Configs.of(Map.of()), Set.of(name)))
        .isInstanceOf(SettingsCheck.Invalid.class)
        .hasMessage("there is no setting " + name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PODPROC_MOUNT_POINT",
        "PODPROC_SKIP_HOST_PID",
        "PATH",
        // What Kubernetes tells a pod of services called podproc and podproc-webhook.
        "PODPROC_SERVICE_HOST",
        "PODPROC_WEBHOOK_SERVICE_PORT_HTTPS",
        "PODPROC_WEBHOOK_PORT_443_TCP_ADDR"
      })
  void whatElseIsInTheEnvironmentStopsNothing(String name) {
    assertThatCode(() -> SettingsCheck.check(Configs.of(Map.of()), Set.of(name)))
        .doesNotThrowAnyException();
  }
}
