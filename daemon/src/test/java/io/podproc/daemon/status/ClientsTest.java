// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ClientsTest {
  private final Clients<String> clients = new Clients<>(5, 3);

  @Test
  void whoComesFirstGivesWayToTheSamePeers() {
    assertThat(clients.add("a", "a1")).isEmpty();
    assertThat(clients.add("a", "a2")).isEmpty();
    assertThat(clients.add("a", "a3")).isEmpty();
    assertThat(clients.add("a", "a4")).contains("a1");
    assertThat(clients.add("b", "b1")).isEmpty();
  }

  @Test
  void whereThereAreTooManyThePeerWithMostGivesWay() {
    for (String client : new String[] {"c1", "a1", "a2", "b1", "b2"}) {
      assertThat(clients.add(client.charAt(0), client)).isEmpty();
    }
    assertThat(clients.add('c', "c2")).contains("a1");
    assertThat(clients.add('d', "d1")).contains("c1");
  }

  @Test
  void whoHasLeftTakesNoRoom() {
    for (int i = 0; i < 100; i++) {
      assertThat(clients.add("a", "a" + i)).isEmpty();
      clients.remove("a", "a" + i);
      clients.remove("a", "a" + i);
    }
    assertThat(clients.isEmpty()).isTrue();
  }
}
