// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static java.util.Objects.requireNonNull;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Pods of one node and namespaces, which can be listed and watched as an API server has it,
 * metadata alone; and what may come over an API server. Whatever else is asked is answered with
 * 200.
 */
final class StandInCluster implements HttpHandler {
  private static final String LABEL = "podproc.io/inject";

  /** Some 3 KiB, as pods have. */
  private static final String MANAGED_FIELDS =
      IntStream.range(0, 80)
          .mapToObj("\"f:containerStatuses-of-%d\":{\"f:state\":{}}"::formatted)
          .collect(Collectors.joining(","));

  /** How it answers. */
  enum Weather {
    CLEAR,
    /** 403: a role was taken away, or is not known yet. */
    FORBIDDEN,
    /** 429, and to come again in a second. */
    BUSY,
    /** 500. */
    FAILING,
    /** The same for namespaces alone. */
    FAILING_NAMESPACES,
    /** Each answer ends in the middle. */
    CUT
  }

  /** What it has of an object. */
  private record Kept(
      String resource,
      String uid,
      String namespace,
      String name,
      Map<String, String> labels,
      Map<String, String> annotations) {
    String json(long version) {
      return String.format(
          Locale.ROOT,
          """
          {"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"%s","namespace":"%s",\
          "uid":"%s","resourceVersion":"%d","labels":%s,"annotations":%s,\
          "managedFields":[{"manager":"kubelet","fieldsV1":{%s}}]}}\
          """,
          name,
          namespace,
          uid,
          version,
          pairs(labels),
          pairs(annotations),
          MANAGED_FIELDS);
    }

    private static String pairs(Map<String, String> pairs) {
      return pairs.entrySet().stream()
          .map(pair -> "\"" + pair.getKey() + "\":\"" + pair.getValue() + "\"")
          .collect(Collectors.joining(",", "{", "}"));
    }
  }

  private record Event(long version, String resource, String line) {}

  private final Map<String, Kept> objects = new LinkedHashMap<>();
  private final List<Event> events = new ArrayList<>();
  private final List<String> asked = new ArrayList<>();
  private Weather weather = Weather.CLEAR;
  private long version = 1000;
  private long oldest;

  /** Of the watches: all of an earlier one end. */
  private int season;

  // ---- what kubectl does ----

  /** Makes a namespace, which has no label, and returns its uid. */
  synchronized String createNamespace(String name) {
    String uid = UUID.randomUUID().toString();
    objects.put(uid, new Kept("namespaces", uid, "", name, Map.of(), Map.of()));
    return uid;
  }

  synchronized void deleteNamespace(String uid) {
    tell("DELETED", requireNonNull(objects.remove(uid)));
  }

  synchronized void labelNamespace(String uid, String value) {
    label(uid, Map.of(LABEL, value));
  }

  synchronized void unlabelNamespace(String uid) {
    label(uid, Map.of());
  }

  private void label(String uid, Map<String, String> labels) {
    Kept old = requireNonNull(objects.get(uid));
    Kept now = new Kept("namespaces", uid, "", old.name, labels, Map.of());
    objects.put(uid, now);
    // To those who watch the ones with a label, one that gets it is new, and one that loses it
    // gone.
    boolean was = !old.labels.isEmpty();
    boolean is = !labels.isEmpty();
    if (was || is) {
      tell(was ? is ? "MODIFIED" : "DELETED" : "ADDED", now);
    }
  }

  /** Makes a pod, or changes it. */
  synchronized void pod(
      String uid, String namespace, Map<String, String> labels, Map<String, String> annotations) {
    Kept pod = new Kept("pods", uid, namespace, "pod-" + uid, labels, annotations);
    tell(objects.put(uid, pod) == null ? "ADDED" : "MODIFIED", pod);
  }

  synchronized void deletePod(String uid) {
    tell("DELETED", requireNonNull(objects.remove(uid)));
  }

  private void tell(String type, Kept object) {
    version++;
    String line = "{\"type\":\"" + type + "\",\"object\":" + object.json(version) + "}\n";
    events.add(new Event(version, object.resource, line));
    notifyAll();
  }

  // ---- what comes over an API server ----

  /** From now on; whoever watches is cut off. */
  synchronized void weather(Weather next) {
    weather = next;
    season++;
    notifyAll();
  }

  /** Forgets what has happened, as etcd does after five minutes. */
  synchronized void compact() {
    version++;
    oldest = version;
    events.clear();
  }

  /** What lists and watches were asked for, as "pods", or "pods from 1017". */
  synchronized List<String> asked() {
    return List.copyOf(asked);
  }

  // ---- what it answers ----

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    String resource = exchange.getRequestURI().getPath().replaceFirst("^/api/v1/", "");
    if (!List.of("pods", "namespaces").contains(resource)) {
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    Map<String, String> query = query(exchange);
    Weather now;
    synchronized (this) {
      String from = query.get("resourceVersion");
      asked.add(
          from == null || query.containsKey("resourceVersionMatch")
              ? resource
              : resource + " from " + from);
      now = weather(resource);
    }
    switch (now) {
      case FORBIDDEN -> exchange.sendResponseHeaders(403, -1);
      case BUSY -> {
        exchange.getResponseHeaders().add("Retry-After", "1");
        exchange.sendResponseHeaders(429, -1);
      }
      case FAILING, FAILING_NAMESPACES -> exchange.sendResponseHeaders(500, -1);
      case CUT -> {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().write(half(events(resource).toString()));
        exchange.getResponseBody().flush();
      }
      case CLEAR -> {
        exchange.sendResponseHeaders(200, 0);
        watch(exchange.getResponseBody(), resource, query);
      }
    }
  }

  private synchronized Weather weather(String resource) {
    if (weather != Weather.FAILING_NAMESPACES) {
      return weather;
    }
    return resource.equals("namespaces") ? Weather.FAILING : Weather.CLEAR;
  }

  private static Map<String, String> query(HttpExchange exchange) {
    return java.util.Arrays.stream(exchange.getRequestURI().getRawQuery().split("&", -1))
        .map(pair -> pair.split("=", 2))
        .collect(
            Collectors.toMap(
                pair -> pair[0], pair -> URLDecoder.decode(pair[1], StandardCharsets.UTF_8)));
  }

  private static byte[] half(String text) {
    return text.substring(0, text.length() / 2).getBytes(StandardCharsets.UTF_8);
  }

  /** All that is, as a watch begins that is to be told of it, and that this was all. */
  private synchronized StringBuilder events(String resource) {
    StringBuilder lines = new StringBuilder();
    Predicate<Kept> seen = object -> object.resource.equals("pods") || !object.labels.isEmpty();
    objects.values().stream()
        .filter(object -> object.resource.equals(resource))
        .filter(seen)
        .forEach(object ->
            lines
                .append("{\"type\":\"ADDED\",\"object\":")
                .append(object.json(version))
                .append("}\n"));
    return lines.append(
        String.format(
            Locale.ROOT,
            """
            {"type":"BOOKMARK","object":{"kind":"PartialObjectMetadata","metadata":{"resourceVersion":"%d",\
            "annotations":{"k8s.io/initial-events-end":"true"}}}}
            """,
            version));
  }

  private void watch(OutputStream out, String resource, Map<String, String> query)
      throws IOException {
    int begun;
    long seen;
    String lines = "";
    synchronized (this) {
      begun = season;
      seen = version;
      if (query.containsKey("sendInitialEvents")) {
        lines = events(resource).toString();
      } else {
        seen = Long.parseLong(requireNonNull(query.get("resourceVersion")));
        if (seen < oldest) {
          begun = -1;
          lines =
              """
              {"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410,\
              "message":"too old resource version"}}
              """;
        }
      }
    }
    while (true) {
      out.write(lines.getBytes(StandardCharsets.UTF_8));
      out.flush();
      synchronized (this) {
        awaitNews(begun, seen);
        if (begun != season) {
          return;
        }
        long from = seen;
        lines =
            events.stream()
                .filter(event -> event.version > from && event.resource.equals(resource))
                .map(Event::line)
                .collect(Collectors.joining());
        seen = version;
      }
    }
  }

  private synchronized void awaitNews(int begun, long seen) {
    try {
      while (begun == season && seen == version) {
        wait();
      }
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }
}
