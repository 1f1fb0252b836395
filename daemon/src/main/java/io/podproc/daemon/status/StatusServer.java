// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A few pages over HTTP, by the JDK's own server: a whole web framework would cost each node more
 * than the files do. How many clients it takes, and for how long, is in jvm.options.
 */
public final class StatusServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService clients =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("http-", 1).factory());

  /**
   * What a client gets.
   *
   * @param status as 200
   * @param type the text's media type
   */
  public record Answer(int status, String type, String text) {}

  /** What there is at a path. */
  public interface Page {
    /**
     * Makes it anew for each client.
     *
     * @param accepted the media types that the client takes; empty if it does not say
     */
    Answer answer(String accepted) throws InterruptedException;
  }

  private StatusServer(HttpServer server) {
    this.server = server;
    server.setExecutor(clients);
  }

  /**
   * Takes the port. Nobody is answered yet.
   *
   * @param port 0 for any that is free
   * @throws IOException it can't be had; the message is one line for the user
   */
  public static StatusServer bind(String address, int port) throws IOException {
    try {
      return new StatusServer(
          HttpServer.create(new InetSocketAddress(InetAddress.getByName(address), port), 0));
    } catch (BindException e) {
      throw new IOException(
          "the HTTP port " + port + " at " + address + " can't be had: " + e.getMessage());
    } catch (UnknownHostException e) {
      throw new IOException("there is no HTTP address " + address);
    }
  }

  /** The one that it was given, or that it has found. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Adds a page. */
  public StatusServer with(String path, Page page) {
    server.createContext(path, exchange -> answer(exchange, path, page));
    return this;
  }

  /** From now on clients are answered. */
  public void start() {
    server.start();
  }

  private static void answer(HttpExchange exchange, String path, Page page) throws IOException {
    try (exchange) {
      Answer answer;
      if (!exchange.getRequestURI().getPath().equals(path)) { // it takes all that begin with it
        answer = new Answer(404, "text/plain", "There is " + path + ".\n");
      } else if (!exchange.getRequestMethod().matches("GET|HEAD")) {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        answer = new Answer(405, "text/plain", "It can be got.\n");
      } else {
        answer = made(exchange, page);
      }
      byte[] body = answer.text.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", answer.type);
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(answer.status, head ? -1 : body.length);
      if (!head) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  private static Answer made(HttpExchange exchange, Page page) throws IOException {
    String accepted = exchange.getRequestHeaders().getFirst("Accept");
    try {
      return page.answer(accepted == null ? "" : accepted);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    } catch (RuntimeException e) { // which the server would keep to itself
      Log.error("a page can't be made", e);
      return new Answer(500, "text/plain", "See the log.\n");
    }
  }

  @Override
  public void close() {
    server.stop(0);
    clients.shutdownNow();
  }
}
