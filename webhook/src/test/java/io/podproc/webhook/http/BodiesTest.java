// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may hold how much memory. */
class BodiesTest {
  private static final int USUAL = 14_000;

  private final Bodies bodies = new Bodies();
  private final Peer apiServer = new Peer();

  /** As many as there is room for. */
  private List<Bodies.Claim> all(Peer peer, int length) {
    List<Bodies.Claim> claims = new ArrayList<>();
    for (Optional<Bodies.Claim> claim = bodies.claim(peer, length);
        claim.isPresent();
        claim = bodies.claim(peer, length)) {
      claims.add(claim.get());
    }
    return claims;
  }

  @Test
  void noNumberOfLargeBodiesTakesTheRoomOfSmallOnes() {
    for (int i = 0; i < 10; i++) {
      List<Bodies.Claim> _ = all(new Peer(), Bodies.MAX);
      List<Bodies.Claim> _ = all(new Peer(), Bodies.SMALL + 1);
    }
    // What an API server has under way at most by default: writes are a third of 600.
    for (int i = 0; i < 200; i++) {
      assertThat(bodies.claim(apiServer, USUAL)).isPresent();
    }
  }

  @Test
  void oneNeighbourLeavesRoomForAnyPod() {
    Peer neighbour = new Peer();
    assertThat(all(neighbour, Bodies.MAX)).hasSize(1);
    assertThat(all(neighbour, 0)).isNotEmpty();
    assertThat(bodies.claim(apiServer, 3 << 20)).isPresent();
    assertThat(bodies.claim(apiServer, USUAL)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, USUAL, Bodies.SMALL, Bodies.SMALL + 1, Bodies.MAX})
  void whatIsGivenBackIsThereAgain(int length) {
    List<Bodies.Claim> first = all(apiServer, length);
    first.forEach(Bodies.Claim::close);
    assertThat(all(apiServer, length)).hasSameSizeAs(first).isNotEmpty();
    assertThat(apiServer.claims.get()).isEqualTo(first.size());
  }
}
