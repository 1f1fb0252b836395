// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import com.sun.net.httpserver.HttpExchange;
import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * A node whose daemon an API server of the tests tells of annotations of pods. No namespace has a
 * label: their containers have the files as a webhook mounts them.
 */
final class AnnotatedNode implements AutoCloseable {
  private static final int PATIENCE = 60;

  private final String top = "/" + Container.uniqueName() + "/kubepods/burstable/pod";
  private final Path folder;
  private final Path shared;
  private final KeeperProcess keeper;
  private final PodApiServer server;
  private final List<DaemonProcess> daemons = new ArrayList<>();

  /** By the uids of pods. */
  private final Map<String, Map<String, String>> annotations = new ConcurrentHashMap<>();

  private final List<String> events = new ArrayList<>();

  AnnotatedNode() {
    try {
      folder = Files.createTempDirectory("podproc-annotated");
      shared = Files.createDirectory(folder.resolve("shared"));
      String _ =
          Command.bash("mount --bind %1$s %1$s && mount --make-shared %1$s".formatted(shared)).ok();
      keeper = new KeeperProcess(Files.createDirectory(folder.resolve("run")), PATIENCE);
      server = new PodApiServer(Files.createDirectory(folder.resolve("account")), this::answer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      startDaemon();
    } catch (RuntimeException | AssertionError e) {
      close();
      throw e;
    }
  }

  /** The next one. */
  DaemonProcess startDaemon() {
    daemons.add(
        server
            .inPod(
                Start.with(
                        "-Dpodproc.node-delivery=true",
                        "-Dpodproc.node-name=n1",
                        "-Dpodproc.run-directory=" + folder.resolve("run"))
                    .at(shared.resolve("podproc")))
            .launch());
    return daemon().awaitServing();
  }

  /** The last that was started. */
  DaemonProcess daemon() {
    return daemons.getLast();
  }

  /** A pod, and a container of it to be started, with the daemon's files. */
  Container.Builder container(String pod) {
    String id = UUID.randomUUID().toString().replace("-", "").repeat(2);
    return Container.of(daemon()).cgroup(top + pod + "/" + id);
  }

  /** Makes a pod with these annotations, or changes them. */
  synchronized void annotate(String pod, Map<String, String> said) {
    boolean isNew = annotations.put(pod, said) == null;
    events.add(event(isNew ? "ADDED" : "MODIFIED", pod));
    notifyAll();
  }

  private String event(String type, String pod) {
    return "{\"type\":\"" + type + "\",\"object\":" + object(pod) + "}\n";
  }

  private String object(String pod) {
    return annotations.getOrDefault(pod, Map.of()).entrySet().stream()
        .map(pair -> "\"" + pair.getKey() + "\":\"" + pair.getValue() + "\"")
        .collect(
            Collectors.joining(
                ",",
                "{\"metadata\":{\"uid\":\""
                    + pod
                    + "\",\"namespace\":\"shop\",\"name\":\"web\",\"resourceVersion\":\"7\",\"annotations\":{",
                "}}}"));
  }

  private void answer(HttpExchange exchange) throws IOException {
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    boolean pods = exchange.getRequestURI().getPath().endsWith("/pods");
    if (query.contains("sendInitialEvents")) {
      exchange.sendResponseHeaders(400, -1); // as one that knows lists alone
    } else if (!query.contains("watch=true")) {
      String items;
      synchronized (this) {
        items =
            annotations.keySet().stream()
                .filter(_ -> pods)
                .map(this::object)
                .collect(Collectors.joining(",", "[", "]"));
      }
      byte[] list =
          ("{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":" + items + "}")
              .getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, list.length);
      exchange.getResponseBody().write(list);
    } else {
      exchange.sendResponseHeaders(200, 0);
      watch(exchange, pods);
    }
  }

  /** All events from the first on: twice is once. */
  private void watch(HttpExchange exchange, boolean pods) throws IOException {
    int told = 0;
    exchange.getResponseBody().flush();
    while (true) {
      String line;
      synchronized (this) {
        try {
          while (!pods || told == events.size()) {
            wait();
          }
        } catch (InterruptedException e) {
          throw Command.interrupted(e);
        }
        line = events.get(told++);
      }
      exchange.getResponseBody().write(line.getBytes(StandardCharsets.UTF_8));
      exchange.getResponseBody().flush();
    }
  }

  @Override
  public void close() {
    server.close();
    daemons.forEach(DaemonProcess::close);
    keeper.close();
    String _ = Command.run("umount", "-l", shared.toString()).ok();
    String _ = Command.run("rm", "-r", folder.toString()).text();
  }
}
