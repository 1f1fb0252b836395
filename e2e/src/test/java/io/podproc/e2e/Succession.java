// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Daemons that follow one another at one mount point, and their keeper. What is done to the one
 * that serves returns for how long nobody did: from the signal to the log line of the next.
 */
final class Succession implements AutoCloseable {
  private static final int PATIENCE = 60;
  private static final String STANDS_BY = DaemonProcess.SERVING;
  private static final String WENT_ON = "took over the mount";

  private final Path run;
  private final Path mountPoint = DaemonProcess.newMountPoint();
  private final List<DaemonProcess> started = new ArrayList<>();
  private final List<KeeperProcess> keepers = new ArrayList<>();
  private KeeperProcess keeper;
  private DaemonProcess serving;

  /** Starts a keeper and the first daemon. */
  Succession() {
    try {
      run = Files.createTempDirectory("podproc-run");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    keeper = newKeeper();
    try {
      serving = launch().awaitServing();
    } catch (RuntimeException | AssertionError e) {
      close();
      throw e;
    }
  }

  private KeeperProcess newKeeper() {
    KeeperProcess next = new KeeperProcess(run, PATIENCE);
    keepers.add(next);
    return next;
  }

  DaemonProcess serving() {
    return serving;
  }

  KeeperProcess keeper() {
    return keeper;
  }

  private DaemonProcess launch(String... wrapper) {
    DaemonProcess daemon =
        Start.with("-Dpodproc.run-directory=" + run).at(mountPoint).within(wrapper).launch();
    started.add(daemon);
    return daemon;
  }

  /** Starts one that stands by. */
  DaemonProcess beside() {
    DaemonProcess next = launch();
    awaitLog(next, STANDS_BY);
    return next;
  }

  private static void awaitLog(DaemonProcess daemon, String words) {
    Command.await(
        "the daemon says: " + words,
        Machine.deadline(30),
        () -> {
          assertThat(daemon.isAlive()).as(daemon.output()).isTrue();
          return daemon.output().contains(words);
        });
  }

  /** Since a time, in milliseconds, until the next daemon said something. */
  private Duration follow(DaemonProcess next, long since, String words) {
    awaitLog(next, words);
    String line =
        next.output().lines().filter(text -> text.contains(words)).findFirst().orElseThrow();
    long said =
        LocalDateTime.parse(line.substring(0, line.indexOf(' ')))
            .atZone(ZoneId.systemDefault())
            .toInstant()
            .toEpochMilli();
    serving = next;
    return Duration.ofMillis(said - since);
  }

  private void stop() {
    assertThat(serving.stop()).as(serving.output()).isZero();
  }

  // ---- what is done ----

  Duration restart(String... wrapper) {
    long since = System.currentTimeMillis();
    stop();
    return follow(launch(wrapper), since, WENT_ON);
  }

  Duration replace() {
    DaemonProcess next = beside();
    long since = System.currentTimeMillis();
    stop();
    return follow(next, since, WENT_ON);
  }

  Duration kill() {
    long since = System.currentTimeMillis();
    serving.kill();
    return follow(launch(), since, WENT_ON);
  }

  Duration killBesideAnother() {
    DaemonProcess next = beside();
    long since = System.currentTimeMillis();
    serving.kill();
    return follow(next, since, WENT_ON);
  }

  /** The daemon must be in that cgroup. */
  Duration runOutOfMemory(MemoryCgroup cgroup) {
    long since = System.currentTimeMillis();
    cgroup.runOut();
    assertThat(serving.awaitExit()).as("killed by the kernel").isEqualTo(128 + 9);
    return follow(launch(), since, WENT_ON);
  }

  /** Stops its process, and kills it when it has failed its liveness probe as often as it may. */
  Duration freeze() {
    long since = System.currentTimeMillis();
    String _ = Command.run("kill", "-STOP", Long.toString(serving.pid())).ok();
    for (int failure = 0; failure < 2; failure++) {
      assertThat(serving.isLive(Duration.ofSeconds(1))).isFalse();
    }
    serving.kill();
    return follow(launch(), since, WENT_ON);
  }

  void replaceKeeper() {
    KeeperProcess next = newKeeper();
    Command.await(
        "both keepers hold the mount",
        Machine.deadline(10),
        () -> serving.get("/q/metrics").body().contains("podproc_keepers 2.0"));
    keeper.kill();
    keeper = next;
  }

  /** Kills the daemon and all that belongs to the pod of its keeper, and starts both anew. */
  Duration killBoth() {
    long since = System.currentTimeMillis();
    keeper.killPod();
    serving.kill();
    keeper = newKeeper();
    return follow(launch(), since, WENT_ON);
  }

  // ---- the end ----

  /** What daemons said that is no plain information. */
  List<String> complaints() {
    return started.stream()
        .flatMap(daemon -> daemon.output().lines())
        .filter(line -> !line.contains(" INFO "))
        .toList();
  }

  @Override
  public void close() {
    try {
      started.reversed().forEach(DaemonProcess::close);
    } finally {
      keepers.forEach(KeeperProcess::close);
    }
    try (Stream<Path> left = Files.list(run)) {
      for (Path file : left.toList()) {
        Files.delete(file);
      }
      Files.delete(run);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
