// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.rules.CpuWish;
import io.podproc.rules.Shown;
import io.podproc.rules.ViewWish;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Annotations of any text, which whoever may make a pod chooses: lines of a name, = and a value.
 */
public final class ViewWishFuzz {
  private ViewWishFuzz() {}

  /** An input of the fuzzer's. */
  public static void fuzzerTestOneInput(byte[] input) {
    Map<String, String> annotations = new HashMap<>();
    new String(input, StandardCharsets.UTF_8)
        .lines()
        .map(line -> line.split("=", 2))
        .filter(pair -> pair.length == 2)
        .forEach(pair -> annotations.put(pair[0], pair[1]));
    ViewWish wish = ViewWish.of(annotations);
    assertThat(ViewWish.of(wish.annotations())).isEqualTo(wish);
    assertThat(wish.annotations()).hasSizeLessThanOrEqualTo(64);
    assertThat(wish.faults()).hasSizeLessThanOrEqualTo(wish.annotations().size());
    assertThat(wish.containers()).hasSizeLessThanOrEqualTo(wish.annotations().size());
    assertSensible(wish.shown(Optional.empty()));
    wish.containers().forEach(name -> assertSensible(wish.shown(Optional.of(name))));
  }

  private static void assertSensible(Shown shown) {
    if (shown.cpus().kind() == CpuWish.Kind.NUMBER) {
      assertThat(shown.cpus().most()).isBetween(CpuWish.LEAST, CpuWish.MOST);
    } else {
      assertThat(shown.cpus().most()).isZero();
    }
    assertThat(shown.memory().orElse(ViewWish.LEAST_MEMORY))
        .isGreaterThanOrEqualTo(ViewWish.LEAST_MEMORY);
  }
}
