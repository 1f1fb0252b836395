// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.fake.FakeKernel;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeAddressesTest {
  private static final String TRIE =
      """
      Main:
        +-- 0.0.0.0/0 3 0 5
           |-- 0.0.0.0
              /0 universe UNICAST
           +-- 10.244.1.0/24 2 0 2
              |-- 10.244.1.0
                 /24 link UNICAST
              |-- 10.244.1.1
                 /32 host LOCAL
              |-- 10.244.1.77
                 /32 link UNICAST
              |-- 10.244.1.255
                 /32 link BROADCAST
      Local:
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 192.168.0.9
              /32 host LOCAL
      """;
  private static final String V6 =
      """
      fd000000000000000000000000000002 04 40 00 82     eth0
      00000000000000000000000000000001 01 80 10 80       lo
      """;

  @TempDir Path root;
  private FakeKernel kernel;
  private final AtomicLong nanos = new AtomicLong();
  private NodeAddresses addresses;

  @BeforeEach
  void boot() {
    kernel = new FakeKernel(root);
    addresses = new NodeAddresses(kernel.path("proc"), nanos::get);
  }

  private boolean contains(String address) throws IOException {
    return addresses.contains(InetAddress.getByName(address).getAddress());
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.244.1.1", "192.168.0.9", "127.0.0.1", "127.9.9.9", "fd00::2", "::1"})
  void theNodeHasThese(String address) throws IOException {
    kernel.write("proc/1/net/fib_trie", TRIE).write("proc/1/net/if_inet6", V6);
    assertThat(contains(address)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.244.1.0", "10.244.1.77", "10.244.1.255", "0.0.0.0", "fd00::3"})
  void othersAreNotTheNodes(String address) throws IOException {
    kernel.write("proc/1/net/fib_trie", TRIE).write("proc/1/net/if_inet6", V6);
    assertThat(contains(address)).isFalse();
  }

  @Test
  void aNewOneIsKnownAfterASecondAndStrangersCostNoMore() throws IOException {
    kernel.write("proc/1/net/fib_trie", "").write("proc/1/net/if_inet6", V6);
    assertThat(contains("10.244.1.1")).isFalse();
    kernel.write("proc/1/net/fib_trie", TRIE);
    assertThat(contains("10.244.1.1")).isFalse();
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    assertThat(contains("10.244.1.1")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "|-- x.y\n/32 host LOCAL",
        "|-- 1\n/32 host LOCAL\n",
        "/32 host LOCAL"
      })
  void whereItCantBeToldNobodyIs(String text) throws IOException {
    assertThat(contains("10.244.1.1")).isFalse(); // no files
    kernel.write("proc/1/net/fib_trie", text).write("proc/1/net/if_inet6", text);
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    assertThat(contains("10.244.1.1")).isFalse();
  }

  @Test
  void areOwnWhereThisProcessIsInTheNodesNetwork() {
    kernel.write("proc/1/net/fib_trie", TRIE);
    kernel.write("proc/self/net/fib_trie", TRIE);
    assertThat(addresses.areOwn()).isTrue();
    kernel.write("proc/self/net/fib_trie", TRIE.replace("192.168.0.9", "10.244.1.5"));
    assertThat(addresses.areOwn()).isFalse();
    kernel.write("proc/self/net/fib_trie", "Local:\n");
    assertThat(addresses.areOwn()).isFalse();
  }
}
