// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.host;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.kernel.KernelFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The addresses of the node itself, in the network namespace of its first process. What comes from
 * one of them to a pod of the node comes from the node: the kubelet, but no pod with a network of
 * its own.
 */
public final class NodeAddresses {
  /** How long one that is not known waits to be looked for: it may come as often as it likes. */
  private static final Duration MAX_AGE = Duration.ofSeconds(1);

  private static final int OF_IPV4 = 4;
  private static final int HEX_DIGITS_OF_IPV6 = 32;

  private final Path procRoot;
  private final LongSupplier nanoTime;

  /** In hexadecimal digits. */
  @GuardedBy("this")
  private Set<String> known = Set.of();

  @GuardedBy("this")
  private long readNanos;

  /**
   * @param nanoTime a clock as {@link System#nanoTime()}
   */
  public NodeAddresses(Path procRoot, LongSupplier nanoTime) {
    this.procRoot = procRoot;
    this.nanoTime = nanoTime;
    this.readNanos = nanoTime.getAsLong() - MAX_AGE.toNanos();
  }

  /**
   * Whether this process is in that namespace itself: a pod with a network of its own has other
   * addresses. The namespaces themselves not everybody may compare. True where it can't be told.
   */
  public boolean areOwn() {
    return read("1").equals(read("self"));
  }

  /**
   * Whether it is the node's. False where that can't be told.
   *
   * @param address of 4 or 16 bytes, in the network's order
   */
  public synchronized boolean contains(byte[] address) {
    if (address.length == OF_IPV4 && address[0] == 127) { // fib_trie has the network alone
      return true;
    }
    String digits = HexFormat.of().formatHex(address);
    if (!known.contains(digits) && nanoTime.getAsLong() - readNanos >= MAX_AGE.toNanos()) {
      readNanos = nanoTime.getAsLong();
      known = read("1");
    }
    return known.contains(digits);
  }

  private Set<String> read(String process) {
    Path net = procRoot.resolve(process).resolve("net");
    Set<String> found = new HashSet<>();
    try {
      new KernelFile(net, "fib_trie").readIfPresent().ifPresent(text -> addV4(text, found));
      new KernelFile(net, "if_inet6").readIfPresent().ifPresent(text -> addV6(text, found));
    } catch (IOException | IllegalArgumentException e) {
      // Then nobody is known to be the node, and all share alike.
    }
    return found;
  }

  /** "|-- 10.0.0.1", and below it "/32 host LOCAL" (net/ipv4/fib_trie.c:fib_trie_seq_show). */
  private static void addV4(String text, Set<String> found) {
    String last = "";
    for (String line : text.split("\n", -1)) {
      int leaf = line.indexOf("|-- ");
      if (leaf >= 0) {
        last = line.substring(leaf + "|-- ".length()).strip();
      } else if (line.contains("/32 host LOCAL")) {
        found.add(hex(last));
      }
    }
  }

  private static String hex(String dotted) {
    StringBuilder digits = new StringBuilder();
    for (String number : dotted.split("\\.", -1)) {
      digits.append(HexFormat.of().toHexDigits((byte) Integer.parseInt(number)));
    }
    return digits.toString();
  }

  /** "fe80…0001 02 40 20 80 eth0" (net/ipv6/addrconf.c:if6_seq_show). */
  private static void addV6(String text, Set<String> found) {
    for (String line : text.split("\n", -1)) {
      if (line.indexOf(' ') == HEX_DIGITS_OF_IPV6) {
        found.add(line.substring(0, HEX_DIGITS_OF_IPV6));
      }
    }
  }
}
