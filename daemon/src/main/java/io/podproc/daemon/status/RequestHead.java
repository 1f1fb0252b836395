// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import java.util.Arrays;
import java.util.List;

/**
 * What a client asks for: the head of a request of HTTP/1 (RFC 9112). There is no body to any.
 *
 * @param path without a query
 * @param accepted the media types that the client takes; empty if it does not say
 * @param host whom it asks, as {@code localhost:9464}; empty if it does not say
 */
record RequestHead(String method, String path, String accepted, String host) {
  /** What is no head. */
  static final RequestHead NONE = new RequestHead("", "", "", "");

  /** Whether it is whole. */
  static boolean isWhole(String text) {
    return text.contains("\r\n\r\n") || text.contains("\n\n");
  }

  /**
   * {@link #NONE} where it can't be read.
   *
   * @param text a whole one, and what follows it
   */
  static RequestHead parse(String text) {
    String[] lines = text.split("\r?\n", -1);
    String[] words = lines[0].split(" ", -1);
    if (words.length != 3 || !words[1].startsWith("/") || !words[2].startsWith("HTTP/1.")) {
      return NONE;
    }
    List<String> hosts = fields(lines, "Host:");
    if (hosts.size() > 1) { // RFC 9112, 3.2: whom it means can't be told
      return NONE;
    }
    int query = words[1].indexOf('?');
    return new RequestHead(
        words[0],
        query < 0 ? words[1] : words[1].substring(0, query),
        fields(lines, "Accept:").stream().reduce("", (_, last) -> last),
        hosts.isEmpty() ? "" : hosts.getFirst());
  }

  private static List<String> fields(String[] lines, String name) {
    return Arrays.stream(lines)
        .skip(1)
        .takeWhile(line -> !line.isEmpty())
        .filter(line -> line.regionMatches(true, 0, name, 0, name.length()))
        .map(line -> line.substring(name.length()).strip())
        .toList();
  }
}
