// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse.kernel;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

/**
 * Two threads serve while a keeper is replaced: in no order of their steps does one read, or
 * answer, through a descriptor that was closed. Another file may have its number by then.
 */
public class HandoffInterleavingsTest {
  private static final Connection FORMER = new Connection(7);
  private static final Connection LATTER = new Connection(8);
  private static final byte[] NOTHING = new byte[0];

  private final CurrentConnection current = new CurrentConnection(FORMER);
  private final Backlog backlog = new Backlog();
  private final CurrentConnection.User first = current.user();
  private final CurrentConnection.User second = current.user();
  private volatile boolean formerIsClosed;

  @Test
  void nothingIsDoneThroughAClosedDescriptor() {
    new ModelCheckingOptions()
        .iterations(10)
        .invocationsPerIteration(300)
        .threads(3)
        .actorsPerThread(3)
        .actorsBefore(0)
        .actorsAfter(0)
        .check(HandoffInterleavingsTest.class);
  }

  private boolean isOpen(Connection connection) {
    return connection.descriptor() != FORMER.descriptor() || !formerIsClosed;
  }

  /** Takes a request over, as one that is known or as one whose owner is to be looked for. */
  private boolean gather(CurrentConnection.User user, boolean isPlaced) {
    Connection from = user.current();
    boolean isOpen = isOpen(from);
    Backlog.Request request = new Backlog.Request(from, NOTHING);
    boolean _ = isPlaced ? backlog.add("web", request) : backlog.addUnplaced(request);
    return isOpen;
  }

  private boolean answer(CurrentConnection.User user) {
    Backlog.Request unplaced = backlog.takeUnplaced(user::use).orElse(null);
    if (unplaced != null) {
      boolean _ = backlog.add("log", unplaced);
    }
    Backlog.Request request = backlog.take(user::use).orElse(null);
    return request == null || isOpen(request.from());
  }

  // Each is to be true, whatever the others do.

  @Operation(nonParallelGroup = "first")
  public boolean firstGathers() {
    return gather(first, true);
  }

  @Operation(nonParallelGroup = "first")
  public boolean firstGathersUnplaced() {
    return gather(first, false);
  }

  @Operation(nonParallelGroup = "first")
  public boolean firstAnswers() {
    return answer(first);
  }

  @Operation(nonParallelGroup = "second")
  public boolean secondGathers() {
    return gather(second, true);
  }

  @Operation(nonParallelGroup = "second")
  public boolean secondAnswers() {
    return answer(second);
  }

  /** As at each sign of life: moves on, and closes what nobody uses any more. */
  @Operation(nonParallelGroup = "heartbeat")
  public boolean sendsAHeartbeat() {
    if (current.get().descriptor() == FORMER.descriptor()) {
      current.move(LATTER);
    }
    if (!backlog.uses(FORMER) && !current.isUsed(FORMER)) {
      formerIsClosed = true;
    }
    return true;
  }
}
