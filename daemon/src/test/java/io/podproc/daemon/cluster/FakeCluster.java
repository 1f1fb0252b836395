// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Pods and namespaces that can be listed and watched, as an API server has it. */
final class FakeCluster implements FakeApiServer.Answer {
  private record Event(long version, String resource, String line) {}

  private final Map<String, Map<String, String>> objects =
      Map.of("pods", new LinkedHashMap<>(), "namespaces", new LinkedHashMap<>());
  private final List<Event> events = new ArrayList<>();
  private long version = 100;
  private long oldest;
  private long cut;
  private boolean streams = true;

  private Map<String, String> of(String resource) {
    return java.util.Objects.requireNonNull(objects.get(resource));
  }

  /** In annotations, as most of what an object has. */
  String ballast = "";

  /** Knows no {@code sendInitialEvents}. */
  synchronized FakeCluster withoutStreams() {
    streams = false;
    return this;
  }

  synchronized void pod(String uid, String namespace, String label, String annotations) {
    put("pods", uid, namespace, uid + "-name", label, annotations);
  }

  /** One with the label: others are not watched. */
  synchronized void namespace(String name, String label) {
    put("namespaces", "uid-of-" + name, "", name, label, "");
  }

  synchronized void put(
      String resource,
      String uid,
      String namespace,
      String name,
      String label,
      String annotations) {
    version++;
    String labels = label.isEmpty() ? "" : "\"podproc.io/inject\":\"" + label + "\",";
    String json =
        String.format(
            Locale.ROOT,
            """
            {"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"%s",\
            "namespace":"%s","uid":"%s","resourceVersion":"%d","creationTimestamp":"2026-11-28T22:00:00Z",\
            "labels":{%s"app":"web"},"annotations":{%s"ballast":"%s"},\
            "ownerReferences":[{"uid":"other","name":"other"}],\
            "managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{"f:phase":{}}}}]}}\
            """,
            name,
            namespace,
            uid,
            version,
            labels,
            annotations,
            ballast);
    boolean isNew = of(resource).put(uid, json) == null;
    tell(resource, isNew ? "ADDED" : "MODIFIED", json);
  }

  synchronized void remove(String resource, String uid) {
    version++;
    String json = java.util.Objects.requireNonNull(of(resource).remove(uid));
    tell(
        resource,
        "DELETED",
        json.replaceFirst(
            "\"resourceVersion\":\"\\d+\"", "\"resourceVersion\":\"" + version + "\""));
  }

  /** Whatever it is. */
  synchronized void raw(String resource, String line) {
    version++;
    send(resource, line);
  }

  private void tell(String resource, String type, String object) {
    send(resource, "{\"type\":\"" + type + "\",\"object\":" + object + "}");
  }

  private void send(String resource, String line) {
    events.add(new Event(version, resource, line));
    notifyAll();
  }

  synchronized void bookmark(String resource) {
    version++;
    tell(resource, "BOOKMARK", upToHere(""));
  }

  private String upToHere(String annotations) {
    return String.format(
        Locale.ROOT,
        "{\"kind\":\"PartialObjectMetadata\",\"metadata\":{\"name\":\"\",\"resourceVersion\":\"%d\",\"annotations\":{%s}}}",
        version,
        annotations);
  }

  /** Forgets what happened. */
  synchronized void compact() {
    oldest = version;
    events.clear();
  }

  /** Ends all watches, as a time-out does. */
  synchronized void end() {
    cut++;
    notifyAll();
  }

  @Override
  public void to(HttpExchange exchange) throws IOException, InterruptedException {
    URI uri = exchange.getRequestURI();
    String resource = uri.getPath().replaceFirst("/api/v1/", "");
    Map<String, String> query = query(uri);
    if (!query.containsKey("watch")) {
      list(exchange, resource);
    } else if (query.containsKey("sendInitialEvents") && !streams) {
      exchange.sendResponseHeaders(422, -1);
    } else {
      exchange.sendResponseHeaders(200, 0);
      watch(exchange.getResponseBody(), resource, query);
    }
  }

  static Map<String, String> query(URI uri) {
    Map<String, String> query = new HashMap<>();
    for (String each : uri.getRawQuery().split("&", -1)) {
      String[] pair = each.split("=", 2);
      query.put(pair[0], URLDecoder.decode(pair[1], StandardCharsets.UTF_8));
    }
    return query;
  }

  private void list(HttpExchange exchange, String resource) throws IOException {
    byte[] body;
    synchronized (this) {
      String items =
          of(resource).isEmpty()
              ? "null"
              : of(resource).values().stream().collect(Collectors.joining(",", "[", "]"));
      body =
          String.format(
                  Locale.ROOT,
                  "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"resourceVersion\":\"%d\"},\"items\":%s}\n",
                  version,
                  items)
              .getBytes(StandardCharsets.UTF_8);
    }
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  private void watch(OutputStream out, String resource, Map<String, String> query)
      throws IOException, InterruptedException {
    long seen;
    long until;
    List<String> lines = new ArrayList<>();
    synchronized (this) {
      until = cut;
      if (query.containsKey("sendInitialEvents")) {
        of(resource).values().forEach(o -> lines.add("{\"type\":\"ADDED\",\"object\":" + o + "}"));
        lines.add(
            "{\"type\":\"BOOKMARK\",\"object\":"
                + upToHere("\"k8s.io/initial-events-end\":\"true\"")
                + "}");
        seen = version;
      } else {
        seen = Long.parseLong(query.getOrDefault("resourceVersion", ""));
        if (seen < oldest) {
          lines.add(
              "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"too old resource version\",\"reason\":\"Expired\",\"code\":410}}");
          until = -1;
        }
      }
    }
    while (true) {
      for (String line : lines) {
        out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      }
      out.flush();
      lines.clear();
      synchronized (this) {
        if (cut != until) {
          return;
        }
        for (Event event : List.copyOf(events)) {
          if (event.version > seen && event.resource.equals(resource)) {
            lines.add(event.line);
          }
        }
        seen = version;
        if (lines.isEmpty()) {
          wait();
        }
      }
    }
  }
}
