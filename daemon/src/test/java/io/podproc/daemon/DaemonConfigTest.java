// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.fuse.TransportKind;
import io.podproc.daemon.view.CpuPolicy;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DaemonConfigTest {
  private static SmallRyeConfig configured(Map<String, String> settings) {
    return new SmallRyeConfigBuilder()
        .addDiscoveredConverters()
        .withMapping(DaemonConfig.class)
        .withSources(new PropertiesConfigSource(settings, "test", 100))
        .build();
  }

  private static DaemonConfig config(Map<String, String> settings) {
    return configured(settings).getConfigMapping(DaemonConfig.class);
  }

  @Test
  void theDefaultsAreThese() {
    DaemonConfig config = config(Map.of());
    assertThat(config.mountPoint()).isEqualTo(Path.of("/var/lib/podproc"));
    assertThat(config.seeds()).isTrue();
    assertThat(config.transport()).isEqualTo(TransportKind.KERNEL);
    assertThat(config.repair()).isTrue();
    assertThat(config.repairSeeds()).isTrue();
    assertThat(config.procRoot()).isEqualTo(Path.of("/proc"));
    assertThat(config.sysRoot()).isEqualTo(Path.of("/sys"));
    assertThat(config.cgroupRoot()).isEqualTo(Path.of("/sys/fs/cgroup"));
    assertThat(config.cpuPolicy()).isEqualTo(CpuPolicy.QUOTA);
    assertThat(config.swap()).isTrue();
    assertThat(config.memoryHigh()).isFalse();
    assertThat(config.samplerInterval()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.hostMaxAge()).isEqualTo(Duration.ofMillis(100));
    assertThat(config.readinessDeadline()).isEqualTo(Duration.ofSeconds(2));
    assertThat(config.httpAddress()).isEqualTo("0.0.0.0");
    assertThat(config.httpPort()).isEqualTo(9464);
    assertThat(config.nodeName()).isEmpty();
    assertThat(config.daemonSet()).isEmpty();
  }

  @Test
  void theSettingsAreNamedThus() {
    assertThat(
            StreamSupport.stream(
                    configured(Map.of("podproc.node-name", "n1", "podproc.daemon-set", "podproc/d"))
                        .getPropertyNames()
                        .spliterator(),
                    false)
                .filter(name -> name.startsWith("podproc.")))
        .containsExactlyInAnyOrder(
            "podproc.mount-point",
            "podproc.seeds",
            "podproc.transport",
            "podproc.repair",
            "podproc.repair-seeds",
            "podproc.proc-root",
            "podproc.sys-root",
            "podproc.cgroup-root",
            "podproc.cpu-policy",
            "podproc.swap",
            "podproc.memory-high",
            "podproc.sampler-interval",
            "podproc.host-max-age",
            "podproc.readiness-deadline",
            "podproc.http-address",
            "podproc.http-port",
            "podproc.node-name",
            "podproc.daemon-set");
  }

  @Test
  void eachCanBeGiven() {
    DaemonConfig config =
        config(
            Map.of(
                "podproc.cpu-policy",
                "cpuset",
                "podproc.swap",
                "false",
                "podproc.sampler-interval",
                "10s",
                "podproc.mount-point",
                "/mnt/p"));
    assertThat(config.cpuPolicy()).isEqualTo(CpuPolicy.CPUSET);
    assertThat(config.swap()).isFalse();
    assertThat(config.samplerInterval()).isEqualTo(Duration.ofSeconds(10));
    assertThat(config.mountPoint()).isEqualTo(Path.of("/mnt/p"));
  }

  @Test
  void aNameThatIsNoSettingIsRefused() {
    assertThatThrownBy(() -> config(Map.of("podproc.mount-piont", "/x")))
        .isInstanceOf(ConfigValidationException.class)
        .hasMessageContaining("podproc.mount-piont");
  }

  @ParameterizedTest
  @CsvSource({
    "cpu-policy,half",
    "sampler-interval,often",
    "cpu-policy,''",
    "swap,yes",
    "seeds,1",
    "memory-high,maybe"
  })
  void aValueThatIsNoneIsRefused(String name, String value) {
    assertThatThrownBy(() -> config(Map.of("podproc." + name, value)))
        .isInstanceOf(RuntimeException.class)
        .hasMessageContaining("podproc." + name);
  }

  @ParameterizedTest
  @CsvSource({
    "mount-point,relative/path",
    "sampler-interval,0s",
    "sampler-interval,0.999s",
    "sampler-interval,61s",
    "sampler-interval,-5s",
    "host-max-age,-1s",
    "host-max-age,11s",
    "readiness-deadline,0.05s",
    "readiness-deadline,2m",
    "http-port,-1",
    "http-port,65536",
    "node-name,a/b",
    "node-name,Node",
    "node-name,-a",
    "node-name,a..b",
    "daemon-set,podproc-daemon",
    "daemon-set,podproc/a/b",
    "daemon-set,podproc/../nodes",
    "daemon-set,a.b/podproc",
    "daemon-set,/podproc"
  })
  void aValueOutOfItsRangeIsRefusedByName(String name, String value) {
    DaemonConfig config = config(Map.of("podproc." + name, value));
    assertThatThrownBy(() -> SettingsCheck.check(config, Set.of()))
        .isInstanceOf(SettingsCheck.Invalid.class)
        .hasMessageContaining("podproc." + name)
        .message()
        .hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource({
    "sampler-interval,1s",
    "sampler-interval,60s",
    "host-max-age,0s",
    "host-max-age,10s",
    "readiness-deadline,0.1s",
    "readiness-deadline,1m",
    "node-name,''",
    "node-name,ip-10-0-0-1.eu-west-1.compute.internal",
    "daemon-set,''",
    "daemon-set,kube-system/podproc.daemon-1"
  })
  void theEndsOfARangeAreIn(String name, String value) {
    assertThatCode(() -> SettingsCheck.check(config(Map.of("podproc." + name, value)), Set.of()))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PODPROC_MOUNT_PIONT", "PODPROC_SERVICE", "PODPROC_"})
  void aMisspeltSettingInTheEnvironmentIsRefused(String name) {
    assertThatThrownBy(() -> SettingsCheck.check(config(Map.of()), Set.of(name)))
        .isInstanceOf(SettingsCheck.Invalid.class)
        .hasMessage("there is no setting " + name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PODPROC_MOUNT_POINT",
        "PODPROC_MEMORY_HIGH",
        "PATH",
        // What Kubernetes tells a pod of services called podproc and podproc-webhook.
        "PODPROC_SERVICE_HOST",
        "PODPROC_PORT",
        "PODPROC_WEBHOOK_SERVICE_PORT_HTTPS",
        "PODPROC_WEBHOOK_PORT_443_TCP_ADDR"
      })
  void whatElseIsInTheEnvironmentStopsNothing(String name) {
    assertThatCode(() -> SettingsCheck.check(config(Map.of()), Set.of(name)))
        .doesNotThrowAnyException();
  }
}
