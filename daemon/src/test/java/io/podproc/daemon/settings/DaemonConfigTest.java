// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.fuse.TransportKind;
import io.podproc.daemon.view.CpuPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DaemonConfigTest {
  private static DaemonConfig config(Map<String, String> settings, Map<String, String> environment)
      throws InvalidSettingException {
    Properties properties = new Properties();
    properties.putAll(settings);
    return DaemonConfig.of(properties, environment);
  }

  private static DaemonConfig config(Map<String, String> settings) throws InvalidSettingException {
    return config(settings, Map.of());
  }

  @Test
  void theDefaultsAreThese() throws InvalidSettingException {
    DaemonConfig config = config(Map.of());
    assertThat(config.mountPoint()).isEqualTo(Path.of("/var/lib/podproc"));
    assertThat(config.placeholders()).isTrue();
    assertThat(config.transport()).isEqualTo(TransportKind.KERNEL);
    assertThat(config.selinuxContext()).hasValue("system_u:object_r:container_file_t:s0");
    assertThat(config.repair()).isTrue();
    assertThat(config.repairPlaceholders()).isTrue();
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
    assertThat(config.probePort()).isEmpty();
    assertThat(config.uiPort()).isEmpty();
    assertThat(config.nodeName()).isEmpty();
    assertThat(config.daemonSet()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "mount-point, /x",
    "placeholders, false",
    "transport, libfuse",
    "selinux-context, u:object_r:t:s0",
    "run-directory, /x",
    "repair, false",
    "repair-placeholders, false",
    "proc-root, /x",
    "sys-root, /x",
    "cgroup-root, /x",
    "cpu-policy, cpuset",
    "swap, false",
    "memory-high, true",
    "sampler-interval, 7s",
    "host-max-age, 7s",
    "readiness-deadline, 7s",
    "http-address, 127.0.0.1",
    "http-port, 7",
    "probe-port, 7",
    "ui-port, 7",
    "node-name, n1",
    "daemon-set, podproc/d",
    "node-label, false",
    "delivery-namespaces, shop",
    "pod-logs, /x",
    "namespace, x"
  })
  void theSettingsAreNamedThus(String name, String value) throws InvalidSettingException {
    DaemonConfig config = config(Map.of("podproc." + name, value));
    assertThat(config).isNotEqualTo(config(Map.of()));
    assertThat(config.toString().toLowerCase(Locale.ROOT)).contains(value.replace("7s", "pt7s"));
    String variable = "PODPROC_" + name.replace('-', '_').toUpperCase(Locale.ROOT);
    assertThat(config(Map.of(), Map.of(variable, value))).isEqualTo(config);
    assertThat(config(Map.of("podproc." + name, value), Map.of(variable, "no value")))
        .isEqualTo(config);
  }

  @ParameterizedTest
  @CsvSource({"seeds, PODPROC_PLACEHOLDERS", "repair-seeds, PODPROC_REPAIR_PLACEHOLDERS"})
  void aFormerNameHoldsBesideWhatTheChartGives(String former, String now)
      throws InvalidSettingException {
    DaemonConfig config = config(Map.of(), Map.of(now, "false"));
    assertThat(config(Map.of("podproc." + former, "false"), Map.of(now, "true"))).isEqualTo(config);
    String variable = "PODPROC_" + former.replace('-', '_').toUpperCase(Locale.ROOT);
    assertThat(config(Map.of(), Map.of(variable, "false", now, "true"))).isEqualTo(config);
  }

  /**
   * The chart gives the default with a user's former name: only another value is the user's own.
   */
  @ParameterizedTest
  @CsvSource({
    "seeds, placeholders, PODPROC_PLACEHOLDERS",
    "repair-seeds, repair-placeholders, PODPROC_REPAIR_PLACEHOLDERS"
  })
  void ofANameAndItsFormerOneTheValueThatHoldsIsTold(String former, String name, String variable)
      throws InvalidSettingException {
    List<String> told = new ArrayList<>();
    Handler handler = handler(told);
    Logger.getLogger("podproc").addHandler(handler);
    try {
      DaemonConfig off = config(Map.of("podproc." + name, "false"));
      assertThat(config(Map.of("podproc." + former, "true"), Map.of(variable, "false")))
          .isEqualTo(off);
      assertThat(config(Map.of("podproc." + former, "false"), Map.of(variable, "true")))
          .isEqualTo(off);
      assertThat(config(Map.of("podproc." + former, "false"))).isEqualTo(off);
    } finally {
      Logger.getLogger("podproc").removeHandler(handler);
    }
    String renamed =
        "the setting podproc.%s is called podproc.%s since 0.2.0: rename it, 0.3.0 won't know the old name"
            .formatted(former, name);
    assertThat(told)
        .containsExactly(
            renamed + "; podproc." + name + "=false holds, and not podproc." + former + "=true",
            renamed + "; podproc." + former + "=false holds, and not podproc." + name + "=true",
            renamed);
  }

  private static Handler handler(List<String> told) {
    return new Handler() {
      @Override
      public void publish(LogRecord line) {
        told.add(line.getMessage());
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
  }

  @Test
  void whatIsWrongIsToldByTheNameThatWasGiven() {
    assertThatThrownBy(() -> config(Map.of("podproc.seeds", "maybe")))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessage("podproc.seeds can't be \"maybe\": allowed values: true,false");
    assertThatThrownBy(
            () -> config(Map.of("podproc.seeds", "false", "podproc.placeholders", "maybe")))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessage("podproc.placeholders can't be \"maybe\": allowed values: true,false");
  }

  @ParameterizedTest
  @CsvSource({"7, 7000", "500ms, 500", "0.5s, 500", "PT5S, 5000", "1m, 60000", "0m5s, 5000"})
  void aDurationIsWrittenInManyWays(String text, long millis) throws InvalidSettingException {
    assertThat(config(Map.of("podproc.host-max-age", "0", "podproc.readiness-deadline", text)))
        .returns(Duration.ofMillis(millis), DaemonConfig::readinessDeadline)
        .returns(Duration.ZERO, DaemonConfig::hostMaxAge);
  }

  @Test
  void allThatIsWrongIsToldInOneLine() {
    assertThatThrownBy(() ->
            config(
                Map.of("podproc.cpu-policy", "half", "podproc.http-port", "x"),
                Map.of("PODPROC_FOO", "1", "PODPROC_SWAP", "")))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessage(
            "podproc.cpu-policy can't be \"half\": allowed values: quota,cpuset,bindable; podproc.swap can't"
                + " be \"\": a value is asked for; podproc.http-port can't be \"x\": a whole number"
                + " is asked for; there is no setting PODPROC_FOO");
  }

  @Test
  void eachCanBeGiven() throws InvalidSettingException {
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
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("podproc.mount-piont");
  }

  @ParameterizedTest
  @CsvSource({
    "cpu-policy,half",
    "sampler-interval,often",
    "cpu-policy,''",
    "swap,yes",
    "placeholders,1",
    "memory-high,maybe",
    "probe-port,x"
  })
  void aValueThatIsNoneIsRefused(String name, String value) {
    assertThatThrownBy(() -> config(Map.of("podproc." + name, value)))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("podproc." + name);
  }

  @ParameterizedTest
  @CsvSource({
    "mount-point,relative/path",
    "selinux-context,container_file_t",
    "selinux-context,'u:r:t:s0:c1,c2'",
    "selinux-context,u:r:t:s0:",
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
    "probe-port,65536",
    "ui-port,65536",
    "node-name,a/b",
    "node-name,Node",
    "node-name,-a",
    "node-name,a..b",
    "daemon-set,podproc-daemon",
    "daemon-set,podproc/a/b",
    "daemon-set,podproc/../nodes",
    "daemon-set,a.b/podproc",
    "daemon-set,/podproc",
    "delivery-namespaces,Shop",
    "delivery-namespaces,'a,,b'",
    "delivery-namespaces,a/b",
    "node-delivery,true" // for which node, or for which namespaces?
  })
  void aValueOutOfItsRangeIsRefusedByName(String name, String value) {
    assertThatThrownBy(() -> config(Map.of("podproc." + name, value)))
        .isInstanceOf(InvalidSettingException.class)
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
    "selinux-context,none",
    "selinux-context,u:r:t",
    "selinux-context,system_u:object_r:container_file_t:s0-s0:c0.c1023",
    "node-name,''",
    "node-name,ip-10-0-0-1.eu-west-1.compute.internal",
    "daemon-set,''",
    "daemon-set,kube-system/podproc.daemon-1",
    "delivery-namespaces,''",
    "delivery-namespaces,'shop,bank-2'"
  })
  void theEndsOfARangeAreIn(String name, String value) {
    assertThatCode(() -> config(Map.of("podproc." + name, value))).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"PODPROC_MOUNT_PIONT", "PODPROC_SERVICE", "PODPROC_"})
  void aMisspeltSettingInTheEnvironmentIsRefused(String name) {
    assertThatThrownBy(() -> config(Map.of(), Map.of(name, "/x")))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessage("there is no setting " + name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PODPROC_MOUNT_POINT",
        "PODPROC_PROC_ROOT",
        "PATH",
        // What Kubernetes tells a pod of services called podproc and podproc-webhook.
        "PODPROC_SERVICE_HOST",
        "PODPROC_PORT",
        "PODPROC_WEBHOOK_SERVICE_PORT_HTTPS",
        "PODPROC_WEBHOOK_PORT_443_TCP_ADDR"
      })
  void whatElseIsInTheEnvironmentStopsNothing(String name) {
    assertThatCode(() -> config(Map.of(), Map.of(name, "/x"))).doesNotThrowAnyException();
  }
}
