// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.host.NodeAddresses;
import io.podproc.daemon.status.Reply.Ending;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * A page for people with the containers of this node, at the loopback of the daemon's own network,
 * where {@code kubectl port-forward} comes from and no other pod. Its files are read when they are
 * asked for, and what it shows is what {@code podproc -o json} is answered.
 */
public final class NodePage {
  private static final String ADDRESS = "127.0.0.1";

  /** The only names that a browser has for what is forwarded to it. */
  private static final Pattern HOST =
      Pattern.compile(
          "(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]{1,5})?", Pattern.CASE_INSENSITIVE);

  private static final Map<String, String> TYPES =
      Map.of(
          "page.html", "text/html; charset=utf-8",
          "page.css", "text/css; charset=utf-8",
          "page.js", "text/javascript; charset=utf-8",
          "icon.svg", "image/svg+xml");

  private final CommandSocket.Asked asked;
  private final BooleanSupplier serves;
  private final Consumer<Throwable> failed;

  private NodePage(CommandSocket.Asked asked, BooleanSupplier serves, Consumer<Throwable> failed) {
    this.asked = asked;
    this.serves = serves;
    this.failed = failed;
  }

  /**
   * Begins to answer.
   *
   * @param port 0 for any that is free
   * @param node where this process may not be: there any other could ask
   * @param serves whether it is this daemon that knows the containers
   * @param failed is told what nobody else is
   * @throws IOException there can be none; the message is one line for the user
   */
  public static StatusServer open(
      int port,
      NodeAddresses node,
      CommandSocket.Asked asked,
      BooleanSupplier serves,
      Consumer<Throwable> failed)
      throws IOException {
    if (node.areOwn()) {
      throw new IOException(
          "this daemon is in the node's own network, where any process could read it");
    }
    StatusServer server = StatusServer.bind(ADDRESS, port, _ -> false, failed);
    NodePage page = new NodePage(asked, serves, failed);
    server.pages().onlyFor(host -> HOST.matcher(host).matches());
    TYPES.forEach((name, type) -> {
      String path = name.equals("page.html") ? "/" : "/" + name;
      StatusServer _ = server.with(path, () -> new Answer(200, type, file(name)));
    });
    StatusServer _ = server.with("/ps", () -> page.told("ps"));
    server.pages().addBelow("/explain/", pid -> () -> page.told("explain", "--pid", pid));
    server.start();
    return server;
  }

  private static String file(String name) {
    try (InputStream text = NodePage.class.getResourceAsStream(name)) {
      if (text == null) {
        throw new FileNotFoundException(name);
      }
      return new String(text.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Answer told(String... words) {
    if (!serves.getAsBoolean()) {
      return Answer.plain(503, "Another daemon serves this node for now.\n");
    }
    List<String> command = new ArrayList<>(List.of(words));
    command.addAll(List.of("-o", "json"));
    Reply reply = asked.answerOrWhyNot(command, failed);
    return reply.ending() == Ending.REFUSED
        ? Answer.plain(404, reply.text())
        : new Answer(200, "application/json", reply.text());
  }
}
