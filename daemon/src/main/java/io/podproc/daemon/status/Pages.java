// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/** What there is at which path of a server, and for whom. */
final class Pages {
  /** Of pages that are made for one client alone, so many are made at a time. */
  private static final int MOST = 4;

  private final Executor threads;
  private final Consumer<Throwable> failed;
  private final Map<String, Map<String, SharedPage>> byPath = new LinkedHashMap<>();
  private final Map<String, Function<String, Page>> byPrefix = new LinkedHashMap<>();
  private final Semaphore room = new Semaphore(MOST);
  private Predicate<String> hosts = _ -> true;

  /**
   * @param threads that make them
   * @param failed is told what making one throws
   */
  Pages(Executor threads, Consumer<Throwable> failed) {
    this.threads = threads;
    this.failed = failed;
  }

  /** Adds one for those who accept a media type; empty for all others. */
  void add(String path, String type, Page page) {
    SharedPage _ =
        byPath
            .computeIfAbsent(path, _ -> new HashMap<>())
            .put(type, new SharedPage(page, threads, failed));
  }

  /**
   * Adds one for each path that begins so, made for each client alone, and some at a time.
   *
   * @param page is given what follows, of whatever kind
   */
  void addBelow(String prefix, Function<String, Page> page) {
    Function<String, Page> _ = byPrefix.put(prefix, page);
  }

  /**
   * Has only those answered who ask for such a host. Else a page of another site, whose name comes
   * to mean this address, would be told all that its visitor may see.
   *
   * @param hosts is given what the client says, as {@code localhost:9464}, or nothing
   */
  void onlyFor(Predicate<String> hosts) {
    this.hosts = hosts;
  }

  /** Has a client answered, by this thread or another. */
  void ask(RequestHead head, Consumer<Answer> client) {
    Map<String, SharedPage> byType = byPath.get(head.path());
    Optional<Map.Entry<String, Function<String, Page>>> below =
        byPrefix.entrySet().stream()
            .filter(entry -> head.path().startsWith(entry.getKey()))
            .findFirst();
    if (head.equals(RequestHead.NONE)) {
      client.accept(Answer.plain(400, "That is no request.\n"));
    } else if (!hosts.test(head.host())) {
      client.accept(Answer.plain(403, "Ask for localhost.\n"));
    } else if (byType == null && below.isEmpty()) {
      client.accept(Answer.plain(404, "There is " + String.join(", ", byPath.keySet()) + ".\n"));
    } else if (!head.method().equals("GET") && !head.method().equals("HEAD")) {
      client.accept(Answer.plain(405, "It can be got.\n"));
    } else if (byType != null) {
      byType.entrySet().stream()
          .filter(entry -> head.accepted().contains(entry.getKey()))
          .max(Comparator.comparingInt(entry -> entry.getKey().length()))
          .map(Map.Entry::getValue)
          .ifPresent(page -> page.begin(client));
    } else {
      String prefix = below.get().getKey();
      makeAlone(below.get().getValue().apply(head.path().substring(prefix.length())), client);
    }
  }

  private void makeAlone(Page page, Consumer<Answer> client) {
    if (!room.tryAcquire()) {
      client.accept(Answer.plain(503, "Too many ask at a time.\n"));
      return;
    }
    Executor once =
        task ->
            threads.execute(() -> {
              try {
                task.run();
              } finally {
                room.release();
              }
            });
    new SharedPage(page, once, failed).begin(client);
  }
}
