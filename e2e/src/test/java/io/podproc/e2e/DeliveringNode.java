// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A node with a daemon that brings files to containers, as a pod beside their pods, and an API
 * server of the tests.
 */
final class DeliveringNode implements AutoCloseable {
  private static final int PATIENCE = 60;

  private final String top = "/" + Container.uniqueName();
  private final Path folder;
  private final Path shared;
  private final PodApiServer server;
  private final StandInCluster cluster = new StandInCluster();
  private final KeeperProcess keeper;
  private final String own;
  private final List<String> wrapper;
  private final List<DaemonProcess> daemons = new ArrayList<>();
  private final List<RuncContainer> containers = new ArrayList<>();

  /**
   * Starts the daemon.
   *
   * @param wrapper a command that gets the daemon's appended
   */
  DeliveringNode(String... wrapper) {
    this.wrapper = List.of(wrapper);
    try {
      folder = Files.createTempDirectory("podproc-node");
      shared = Files.createDirectory(folder.resolve("shared"));
      String _ =
          Command.bash("mount --bind %1$s %1$s && mount --make-shared %1$s".formatted(shared)).ok();
      Path _ = Files.createDirectory(folder.resolve("run"));
      server = new PodApiServer(Files.createDirectory(folder.resolve("account")), cluster);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    own = cgroup(UUID.randomUUID().toString(), UUID.randomUUID().toString());
    Container.limitCgroup(own);
    keeper = new KeeperProcess(folder.resolve("run"), PATIENCE);
    try {
      startDaemon();
    } catch (RuntimeException | AssertionError e) {
      close();
      throw e;
    }
  }

  /** The next one, where there has been one that is gone. */
  void startDaemon() {
    launchDaemon();
    DaemonProcess _ = daemon().awaitServing();
  }

  /** As an upgrade does: the next one is on standby before the last is told to stop. */
  void replaceDaemon() {
    DaemonProcess last = daemon();
    launchDaemon();
    awaitSays("standing by");
    int _ = last.stop();
    awaitSays("took over the mount");
  }

  private void awaitSays(String what) {
    Command.await(
        "the daemon says " + what, Machine.deadline(30), () -> daemon().output().contains(what));
  }

  private void launchDaemon() {
    String join =
        Machine.cgroups(own).stream()
            .map(cgroup -> "echo $$ >" + cgroup.resolve("cgroup.procs"))
            .collect(Collectors.joining("; "));
    List<String> within =
        Stream.concat(Stream.of("bash", "-ec", join + "; exec \"$@\"", "bash"), wrapper.stream())
            .toList();
    daemons.add(
        server
            .inPod(
                Start.with(
                        "-Dpodproc.node-delivery=true",
                        "-Dpodproc.node-name=n1",
                        "-Dpodproc.user-namespaces=true",
                        "-Dpodproc.run-directory=" + folder.resolve("run"))
                    .within(within.toArray(String[]::new))
                    .at(shared.resolve("podproc")))
            .launch());
  }

  private String cgroup(String podUid, String name) {
    String id = name.replace("-", "").repeat(2);
    return top + "/kubepods/burstable/pod" + podUid + "/" + id;
  }

  StandInCluster cluster() {
    return cluster;
  }

  PodApiServer server() {
    return server;
  }

  /** What {@code podproc explain} says of it. */
  String explain(RuncContainer container) {
    return Command.run(
            "env",
            "PODPROC_RUN_DIRECTORY=" + folder.resolve("run"),
            Machine.checkout().resolve("daemon/target/podproc").toString(),
            "explain",
            "--pid",
            Integer.toString(container.pid()))
        .text();
  }

  /** The last that was started. */
  DaemonProcess daemon() {
    return daemons.getLast();
  }

  /** Starts a container of a pod, of which the cluster may know or not. */
  RuncContainer run(String podUid) {
    return run(podUid, false);
  }

  /** As {@link #run(String)}; in a user namespace where mapped. */
  RuncContainer run(String podUid, boolean mapped) {
    RuncContainer container = new RuncContainer(top, podUid, mapped);
    containers.add(container);
    return container;
  }

  void end(RuncContainer container) {
    containers.remove(container);
    container.close();
  }

  /** What the daemon has counted, by the name of the metric. */
  long counted(String metric) {
    return (long) Output.number(daemon().get("/q/metrics").body(), "^" + metric + " ([0-9.E]+)$");
  }

  @Override
  public void close() {
    // The last daemon first: else it would mount again what is unmounted after one that was killed.
    Stream.of(containers.stream(), daemons.reversed().stream(), Stream.of(keeper, server))
        .flatMap(parts -> parts)
        .forEach(DeliveringNode::close);
    String _ = Command.run("umount", "-l", shared.toString()).ok();
    Container.removeCgroup(top);
    try {
      DaemonProcess.removeTree(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void close(AutoCloseable part) {
    try {
      part.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
