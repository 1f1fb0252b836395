// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import jakarta.json.Json;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParser.Event;
import jakarta.json.stream.JsonParserFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Reads objects and lists of them as they come, and keeps of each what is asked for. All else is
 * passed over, whatever it is: most of it are managedFields, which no API server leaves out.
 */
final class MetadataParser {
  /** Of an object that is the last of a list that a watch begins with. */
  private static final String LIST_ENDS = "k8s.io/initial-events-end";

  private final JsonParserFactory parsers = Json.createParserFactory(Map.of());
  private final Predicate<String> labels;
  private final Predicate<String> annotations;

  /**
   * @param annotations which of them are kept, by their names
   */
  MetadataParser(Set<String> labels, Predicate<String> annotations) {
    this.labels = labels::contains;
    this.annotations = annotations;
  }

  /** The members that are known of an object, be it one of the cluster's or a Status. */
  private static final class Members {
    String type = "";
    String uid = "";
    String namespace = "";
    String name = "";
    String version = "";
    boolean listEnds;
    Map<String, String> labels = Map.of();
    Map<String, String> annotations = Map.of();
    int code;
    String message = "";

    /** Nothing where it is none of the cluster's. */
    Optional<Metadata> metadata() {
      return uid.isEmpty() || name.isEmpty()
          ? Optional.empty()
          : Optional.of(new Metadata(uid, namespace, name, labels, annotations));
    }
  }

  /**
   * An event of a watch.
   *
   * @param type ADDED, MODIFIED, DELETED, BOOKMARK, ERROR or whatever may follow
   * @param object empty where it is none, as in an error
   * @param version up to where the watch has told all; empty where it does not say
   * @param listEnds whether what was told before is all there is
   * @param code of an error, as in HTTP
   */
  record Told(
      String type,
      Optional<Metadata> object,
      Optional<String> version,
      boolean listEnds,
      int code,
      String message) {}

  /**
   * Reads an event.
   *
   * @throws IOException it is no JSON, or too long
   */
  Told event(InputStream line) throws IOException {
    return read(
        line,
        parser -> {
          Members event = new Members();
          object(
              parser,
              key -> {
                switch (key) {
                  case "type" -> event.type = text(parser).orElse("");
                  case "object" -> into(parser, event);
                  default -> pass(parser);
                }
              });
          return new Told(
              event.type,
              event.metadata(),
              version(event),
              event.listEnds,
              event.code,
              event.message);
        });
  }

  /**
   * Reads a list.
   *
   * @param each is given each of its objects
   * @return its version
   * @throws IOException it is no list, it is cut short, or one of its objects is too long
   */
  String list(Lines in, Consumer<Metadata> each) throws IOException {
    Members list = new Members();
    boolean[] complete = new boolean[1];
    String version =
        read(
            in,
            parser -> {
              object(
                  parser,
                  key -> {
                    switch (key) {
                      case "metadata" -> metadata(parser, list);
                      case "items" -> {
                        complete[0] = true;
                        items(parser, in, each);
                      }
                      default -> pass(parser);
                    }
                  });
              return list.version;
            });
    if (!complete[0] || version.isEmpty()) {
      throw new IOException("it answered with what is no list");
    }
    return version;
  }

  private void items(JsonParser parser, Lines in, Consumer<Metadata> each) {
    Event first = parser.next();
    if (first != Event.START_ARRAY) {
      skip(parser, first); // an empty list is null
      return;
    }
    for (Event event = parser.next(); event != Event.END_ARRAY; event = parser.next()) {
      in.renew();
      if (event == Event.START_OBJECT) {
        Members item = new Members();
        members(parser, item);
        item.metadata().ifPresent(each);
      } else {
        skip(parser, event);
      }
    }
  }

  private static Optional<String> version(Members members) {
    return Optional.of(members.version).filter(text -> !text.isEmpty());
  }

  private interface Reading<T> {
    T from(JsonParser parser);
  }

  private <T> T read(InputStream in, Reading<T> reading) throws IOException {
    try (JsonParser parser = parsers.createParser(in, StandardCharsets.UTF_8)) {
      return reading.from(parser);
    } catch (RuntimeException e) { // all that the parser throws; an IOException is its cause
      throw e.getCause() instanceof IOException cause
          ? cause
          : new IOException("it sent what is no JSON, or not all of it", e);
    }
  }

  /** An object whose members are read by whoever is given their names. */
  private static void object(JsonParser parser, Consumer<String> member) {
    Event event = parser.next();
    if (event == Event.START_OBJECT) {
      each(parser, member);
    } else {
      skip(parser, event);
    }
  }

  private static void each(JsonParser parser, Consumer<String> member) {
    while (parser.next() == Event.KEY_NAME) {
      member.accept(parser.getString());
    }
  }

  private void into(JsonParser parser, Members members) {
    Event event = parser.next();
    if (event == Event.START_OBJECT) {
      members(parser, members);
    } else {
      skip(parser, event);
    }
  }

  private void members(JsonParser parser, Members members) {
    each(
        parser,
        key -> {
          switch (key) {
            case "metadata" -> metadata(parser, members);
            case "code" -> members.code = number(parser);
            case "message" -> members.message = text(parser).orElse("");
            default -> pass(parser);
          }
        });
  }

  private void metadata(JsonParser parser, Members members) {
    object(
        parser,
        key -> {
          switch (key) {
            case "uid" -> members.uid = text(parser).orElse("");
            case "namespace" -> members.namespace = text(parser).orElse("");
            case "name" -> members.name = text(parser).orElse("");
            case "resourceVersion" -> members.version = text(parser).orElse("");
            case "labels" -> members.labels = kept(parser, labels);
            case "annotations" -> {
              Map<String, String> kept = kept(parser, annotations);
              members.listEnds = "true".equals(kept.get(LIST_ENDS));
              members.annotations = kept;
            }
            default -> pass(parser);
          }
        });
  }

  private static Map<String, String> kept(JsonParser parser, Predicate<String> keys) {
    Map<String, String> kept = new HashMap<>();
    object(
        parser,
        key -> {
          if (keys.test(key) || key.equals(LIST_ENDS)) {
            text(parser).ifPresent(value -> kept.put(key, value));
          } else {
            pass(parser);
          }
        });
    return Map.copyOf(kept);
  }

  private static Optional<String> text(JsonParser parser) {
    Event event = parser.next();
    if (event != Event.VALUE_STRING) {
      skip(parser, event);
      return Optional.empty();
    }
    String text = parser.getString();
    return Optional.of(
        text.length() <= Metadata.LONGEST ? text : text.substring(0, Metadata.LONGEST));
  }

  private static int number(JsonParser parser) {
    Event event = parser.next();
    if (event == Event.VALUE_NUMBER) {
      return parser.getInt();
    }
    skip(parser, event);
    return 0;
  }

  private static void pass(JsonParser parser) {
    skip(parser, parser.next());
  }

  private static void skip(JsonParser parser, Event begun) {
    if (begun == Event.START_OBJECT) {
      parser.skipObject();
    } else if (begun == Event.START_ARRAY) {
      parser.skipArray();
    }
  }
}
