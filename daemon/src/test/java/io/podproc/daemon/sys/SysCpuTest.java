// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.sys;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SysCpuTest {
  @Test
  void oneCpuIsANumberAndMoreAreARange() {
    assertThat(SysCpu.render(1)).isEqualTo("0\n");
    assertThat(SysCpu.render(2)).isEqualTo("0-1\n");
    assertThat(SysCpu.render(128)).isEqualTo("0-127\n");
  }

  @Test
  void thePathIsTheKernels() {
    assertThat(new SysCpu("online").path()).isEqualTo("/sys/devices/system/cpu/online");
  }
}
