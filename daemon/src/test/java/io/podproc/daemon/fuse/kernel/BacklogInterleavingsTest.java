// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import java.util.Optional;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/** Whatever two threads do to it at once, it is as if one had done it after the other. */
@Param(name = "owner", gen = IntGen.class, conf = "1:2")
public class BacklogInterleavingsTest {
  private static final Connection HERE = new Connection(7);

  private final Backlog backlog = new Backlog();

  @Test
  void noRequestIsLostOrAnsweredTwice() {
    new ModelCheckingOptions()
        .iterations(10)
        .invocationsPerIteration(300)
        .threads(2)
        .actorsPerThread(4)
        .check(BacklogInterleavingsTest.class);
  }

  private static int number(Optional<Backlog.Request> request) {
    return request.map(found -> (int) found.message()[0]).orElse(0);
  }

  private static Backlog.Request request(int number) {
    return new Backlog.Request(HERE, new byte[] {(byte) number});
  }

  @Operation
  public boolean add(@Param(name = "owner") int owner) {
    return backlog.add(owner, request(owner));
  }

  @Operation
  public boolean addUnplaced(@Param(name = "owner") int owner) {
    return backlog.addUnplaced(request(owner));
  }

  @Operation
  public int take() {
    return number(backlog.take(_ -> {}));
  }

  @Operation
  public int takeUnplaced() {
    return number(backlog.takeUnplaced(_ -> {}));
  }

  @Operation
  public int size() {
    return backlog.size();
  }

  @Operation
  public boolean uses() {
    return backlog.uses(HERE);
  }
}
