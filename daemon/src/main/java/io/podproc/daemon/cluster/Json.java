// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON (RFC 8259) into maps, lists, texts, booleans and numbers. What is null is left out: to
 * Kubernetes that is the same.
 */
final class Json {
  /** Deeper than any object of Kubernetes's, and no danger to a stack. */
  private static final int DEPTH = 100;

  private static final Object NULL = new Object();

  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /**
   * Reads an object.
   *
   * @throws IOException it is none
   */
  static Map<String, Object> object(String text) throws IOException {
    Json json = new Json(text);
    Object value = json.value(0);
    json.space();
    if (json.at != text.length()) {
      throw json.wrong();
    }
    return object(value);
  }

  /** A member that is to be an object; where there is none, an empty one. */
  static Map<String, Object> object(Map<String, Object> of, String name) throws IOException {
    return object(of.getOrDefault(name, Map.of()));
  }

  private static Map<String, Object> object(Object value) throws IOException {
    if (!(value instanceof Map<?, ?> members)) {
      throw new IOException("it is no object of JSON");
    }
    Map<String, Object> object = new HashMap<>();
    members.forEach((name, member) -> object.put((String) name, member));
    return object;
  }

  private Object value(int depth) throws IOException {
    if (depth > DEPTH) {
      throw wrong();
    }
    space();
    return switch (peek()) {
      case '{' -> members(depth);
      case '[' -> items(depth);
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", NULL);
      default -> number();
    };
  }

  private Map<String, Object> members(int depth) throws IOException {
    Map<String, Object> members = new HashMap<>();
    at++;
    space();
    while (peek() != '}') {
      if (!members.isEmpty()) {
        expect(',');
        space();
      }
      String name = string();
      space();
      expect(':');
      members.put(name, value(depth + 1));
      space();
    }
    at++;
    members.values().removeIf(value -> value == NULL);
    return members;
  }

  private List<Object> items(int depth) throws IOException {
    List<Object> items = new ArrayList<>();
    at++;
    space();
    while (peek() != ']') {
      if (!items.isEmpty()) {
        expect(',');
      }
      items.add(value(depth + 1));
      space();
    }
    at++;
    items.removeIf(item -> item == NULL);
    return items;
  }

  private String string() throws IOException {
    expect('"');
    StringBuilder string = new StringBuilder();
    while (peek() != '"') {
      char c = text.charAt(at++);
      if (c < ' ') {
        throw wrong();
      }
      string.append(c == '\\' ? escaped() : c);
    }
    at++;
    return string.toString();
  }

  private char escaped() throws IOException {
    char c = peek();
    at++;
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        if (text.length() < at + 4) {
          throw wrong();
        }
        at += 4;
        try {
          yield (char) Integer.parseUnsignedInt(text, at - 4, at, 16);
        } catch (NumberFormatException e) {
          throw wrong();
        }
      }
      default -> throw wrong();
    };
  }

  private Object word(String word, Object value) throws IOException {
    if (!text.startsWith(word, at)) {
      throw wrong();
    }
    at += word.length();
    return value;
  }

  private Object number() throws IOException {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    try {
      return Double.valueOf(text.substring(start, at));
    } catch (NumberFormatException e) {
      throw wrong();
    }
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private char peek() throws IOException {
    if (at >= text.length()) {
      throw wrong();
    }
    return text.charAt(at);
  }

  private void expect(char c) throws IOException {
    if (peek() != c) {
      throw wrong();
    }
    at++;
  }

  private IOException wrong() {
    return new IOException("it is no JSON at character " + at + " of " + text.length());
  }
}
