// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * All seeds of all fuzz targets, and what a fuzzer makes of them in some seconds. It is to be given
 * more time now and then, by hand.
 */
@Tag("fuzz")
class FuzzIT {
  private static final String RUN = Machine.checkout().resolve("e2e/fuzz/run").toString();
  private static final int SECONDS = 4;

  static Stream<String> targets() {
    return Command.run(RUN, "--list").ok().lines();
  }

  @ParameterizedTest
  @MethodSource("targets")
  void nothing_upsets(String target) {
    String said =
        Command.run(Duration.ofMinutes(5), RUN, "--seconds", Integer.toString(SECONDS), target)
            .ok();
    System.out.print(said);
    assertThat(said).containsPattern("Done [1-9]\\d+ runs").containsPattern("cov: [1-9]\\d+ ");
  }
}
