// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.sys;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SysCpuTest {
  @Test
  void thePathIsTheKernels() {
    assertThat(new SysCpu("online").path()).isEqualTo("/sys/devices/system/cpu/online");
  }
}
