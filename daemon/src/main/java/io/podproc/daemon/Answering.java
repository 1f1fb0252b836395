// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.host.NodeAddresses;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.status.Answers;
import io.podproc.daemon.status.CommandSocket;
import io.podproc.daemon.status.NodePage;
import io.podproc.daemon.status.StatusServer;
import io.podproc.daemon.task.Failures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

/** Where the node's containers can be asked about: a socket for commands, and a page. */
final class Answering implements AutoCloseable {
  private final Optional<CommandSocket> commands;
  private final Optional<StatusServer> page;

  /**
   * Begins.
   *
   * @param turn of two daemons one is asked: this one, once it is counted down
   */
  Answering(DaemonConfig config, Answers.Known known, CountDownLatch turn) {
    Answers answers = new Answers(config, known);
    commands =
        config
            .runDirectory()
            .map(directory ->
                new CommandSocket(
                    directory, answers, turn, new Failures("command", System::nanoTime)));
    commands.ifPresent(CommandSocket::begin);
    page =
        config
            .uiPort()
            .flatMap(port -> page(port, config.procRoot(), answers, () -> turn.getCount() == 0));
  }

  /** Nobody's files are to wait for it: without its port there is no page, and nothing else. */
  private static Optional<StatusServer> page(
      int port, Path procRoot, Answers answers, BooleanSupplier serves) {
    try {
      StatusServer server =
          NodePage.open(
              port,
              new NodeAddresses(procRoot, System::nanoTime),
              answers,
              serves,
              new Failures("page", System::nanoTime));
      Log.info("the node's page is at port %d of this pod's loopback", server.port());
      return Optional.of(server);
    } catch (IOException e) {
      Log.warn("no page of the node (podproc.ui-port): %s", e.getMessage());
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    commands.ifPresent(CommandSocket::close);
    page.ifPresent(StatusServer::close);
  }
}
