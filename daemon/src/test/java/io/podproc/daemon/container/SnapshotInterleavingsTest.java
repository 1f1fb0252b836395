// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.container;

import io.podproc.daemon.view.Load;
import java.time.Duration;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/** Readers see one census or the other while the sampler makes them, and no halves of two. */
@Param(name = "threads", gen = IntGen.class, conf = "1:3")
public class SnapshotInterleavingsTest {
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  private final LoadAccount account = new LoadAccount();

  @Test
  void aReaderSeesOneCensusAtATime() {
    new ModelCheckingOptions()
        .iterations(10)
        .invocationsPerIteration(300)
        .threads(3)
        .actorsPerThread(3)
        .check(SnapshotInterleavingsTest.class);
  }

  private static Census census(int threads) {
    return new Census(
        threads, threads, Duration.ofSeconds(threads), threads, 0, threads, threads, 0);
  }

  @Operation
  public void take(@Param(name = "threads") int threads) {
    account.take(census(threads));
  }

  @Operation
  public void sample() {
    account.sample(1, INTERVAL);
  }

  @Operation
  public String load() {
    Load load = account.load();
    return load.running() + "/" + load.total() + " " + load.lastPid() + " " + load.averages();
  }

  @Operation
  public String census() {
    return account.census().map(Census::toString).orElse("none");
  }
}
