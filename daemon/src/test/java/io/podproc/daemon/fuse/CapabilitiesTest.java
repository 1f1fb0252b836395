// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CapabilitiesTest {
  @ParameterizedTest
  @ValueSource(strings = {"000001ffffffffff", "0000000000200000", "ffffffffffffffff"})
  void whoeverHasTheCapabilityCanMount(String mask) {
    assertThat(Capabilities.parse("CapPrm:\t0\nCapEff:\t" + mask + "\n"))
        .hasValueSatisfying(own -> assertThat(own.canMount()).isTrue());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0000000000000000", "00000000a80425fb", "00000000ffdfffff"})
  void whoeverHasItNotCannot(String mask) {
    assertThat(Capabilities.parse("CapPrm:\tffffffffffffffff\nCapEff:\t" + mask + "\n"))
        .hasValueSatisfying(own -> assertThat(own.canMount()).isFalse());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "CapEff:", "CapEff:\tx", "CapEff:\t-1", "CapEff:\t00000000000000000"})
  void whatTheKernelDoesNotTellIsNotMadeUp(String status) {
    assertThat(Capabilities.parse(status)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0000000000000002", "0000000000000004", "00000000a80425fb"})
  void whoMayPassByModesCanReadAll(String mask) {
    assertThat(Capabilities.parse("CapEff:\t" + mask + "\n"))
        .hasValueSatisfying(own -> assertThat(own.canReadAll()).isTrue());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0000000000000000", "fffffffffffffff9"})
  void whoMayNotCanNot(String mask) {
    assertThat(Capabilities.parse("CapEff:\t" + mask + "\n"))
        .hasValueSatisfying(own -> assertThat(own.canReadAll()).isFalse());
  }

  @Property
  void anyTextIsRead(@ForAll @CharRange(from = ' ', to = '~') String text) {
    assertThat(Capabilities.parse("CapEff:" + text)).isNotNull();
  }
}
