// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;

/**
 * A port of this machine behind which is one of another network's loopback, as {@code kubectl
 * port-forward} makes it: a runtime, too, starts a program in the pod's network for each
 * connection.
 */
final class ForwardedPort implements AutoCloseable {
  private final ServerSocket socket;
  private final List<String> program;

  /**
   * Begins.
   *
   * @param port of this machine, 0 for any that is free
   * @param pid of a process in the other network
   */
  ForwardedPort(int port, long pid, int remote) {
    program =
        List.of(
            "nsenter",
            "--target",
            Long.toString(pid),
            "--net",
            "bash",
            "-c",
            "exec busybox nc 127.0.0.1 " + remote + " 2>/dev/null");
    try {
      socket = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread _ = Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return socket.getLocalPort();
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket client = socket.accept();
        Thread _ = Thread.ofVirtual().start(() -> forward(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void forward(Socket client) {
    Process process = Command.start(program, Map.of(), ProcessBuilder.Redirect.PIPE);
    try (client) {
      Thread _ = Thread.ofVirtual().start(() -> answer(process, client));
      copy(client.getInputStream(), process.getOutputStream());
    } catch (IOException e) {
      // One of them has gone, and the other goes.
    } finally {
      process.destroy();
    }
  }

  private static void answer(Process process, Socket client) {
    try (client) {
      copy(process.getInputStream(), client.getOutputStream());
    } catch (IOException e) {
      // as well
    }
  }

  /** What has come is passed on at once. */
  private static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] some = new byte[16384];
    for (int count = from.read(some); count >= 0; count = from.read(some)) {
      to.write(some, 0, count);
      to.flush();
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
