// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client gets.
 *
 * @param status of HTTP, as 200
 * @param type the text's media type
 */
public record Answer(int status, String type, String text) {
  /** A browser guesses nothing, keeps nothing, and gives nothing to pages of others. */
  private static final List<String> ALWAYS =
      List.of(
          "X-Content-Type-Options: nosniff",
          "Cache-Control: no-store",
          "Cross-Origin-Resource-Policy: same-origin");

  /** Nothing of another origin, and nothing that stands in the text itself, is loaded or run. */
  private static final List<String> OF_HTML =
      List.of(
          "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none';"
              + " frame-ancestors 'none'",
          "Referrer-Policy: no-referrer");

  static Answer plain(int status, String text) {
    return new Answer(status, "text/plain", text);
  }

  /** As it is sent. There is one answer for each connection. */
  ByteBuffer message(boolean withText) {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    List<String> lines = new ArrayList<>();
    lines.add("HTTP/1.1 " + status + " " + reason());
    lines.add("Content-Type: " + type);
    lines.add("Content-Length: " + body.length);
    lines.add("Connection: close");
    if (status == 405) {
      lines.add("Allow: GET, HEAD");
    }
    lines.addAll(ALWAYS);
    lines.addAll(type.startsWith("text/html") ? OF_HTML : List.of());
    byte[] head = (String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer message = ByteBuffer.allocate(head.length + body.length).put(head);
    return (withText ? message.put(body) : message).flip();
  }

  private String reason() {
    return switch (status) {
      case 200 -> "OK";
      case 400 -> "Bad Request";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 431 -> "Request Header Fields Too Large";
      case 503 -> "Service Unavailable";
      default -> "Internal Server Error";
    };
  }
}
