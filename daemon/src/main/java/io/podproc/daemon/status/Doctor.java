// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import io.podproc.daemon.attach.PodCgroups;
import io.podproc.daemon.delivery.Outcome.Result;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.log.OneLine;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonBuilderFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code podproc doctor}: what is in order on this node, what is done otherwise, and what is to be
 * mended. It can be asked where no daemon runs, too.
 */
public final class Doctor {
  private static final Check CANNOT_BE_ASKED =
      Check.degraded(
          "daemon",
          "a daemon serves, but can't be asked without podproc.run-directory",
          "what only it knows is in its log and its metrics");

  private final Setup setup;
  private final Optional<Serving> serving;

  /**
   * What is to be known of a node with or without a daemon.
   *
   * @param probe of the mount
   * @param settings those that matter most, as {@code cpu-policy=quota}
   */
  public record Setup(
      Path procRoot,
      Path sysRoot,
      Path cgroupRoot,
      Path mountPoint,
      MountProbe probe,
      Optional<Path> runDirectory,
      Processes processes,
      PodCgroups pods,
      List<String> settings) {}

  /** What a daemon that runs knows. */
  public record Serving(Mount mount, Node node) {}

  private Doctor(Setup setup, Optional<Serving> serving) {
    this.setup = setup;
    this.serving = serving;
  }

  /** Of a daemon that runs. */
  public static Doctor of(Setup setup, Serving serving) {
    return new Doctor(setup, Optional.of(serving));
  }

  /** Of a node where no daemon answers. */
  public static Doctor withoutDaemon(Setup setup) {
    return new Doctor(setup, Optional.empty());
  }

  /**
   * What it finds.
   *
   * @param json for programs; else for people
   */
  public Reply examine(boolean json) throws InterruptedException {
    List<Check> checks = new ArrayList<>(daemon());
    checks.add(cgroups());
    checks.add(driver());
    checks.add(runtime());
    checks.addAll(new KernelChecks(setup.procRoot, setup.sysRoot).all());
    checks.add(Check.ok("settings", String.join(" ", setup.settings)));
    boolean isBroken = checks.stream().anyMatch(check -> check.state() == Check.State.BROKEN);
    return new Reply(
        isBroken ? Reply.Ending.BROKEN : Reply.Ending.FINE, json ? json(checks) : text(checks));
  }

  private List<Check> daemon() throws InterruptedException {
    if (serving.isEmpty()) {
      return unasked();
    }
    Serving now = serving.get();
    return List.of(
        Check.ok("daemon", "process " + ProcessHandle.current().pid()),
        mount(now.mount.hasTurn() ? "" : ", by another daemon"),
        keeper(now.mount),
        delivery(now.node));
  }

  /**
   * The kernel is asked what is mounted, and not the mount: who asks it waits for a daemon as long
   * as its keeper does. Without a run directory it has none, and that it answers is all that tells
   * a daemon that can't be asked from one that is not there.
   */
  private List<Check> unasked() throws InterruptedException {
    Check none =
        Check.broken(
            "daemon",
            "none answers here",
            "start it; its log says in one line why it does not start");
    String point = setup.mountPoint.toAbsolutePath().normalize().toString();
    try {
      if (setup.processes.ownMounts(mount -> mount.point().equals(point)).at(point).isEmpty()) {
        return List.of(
            none, Check.ok("mount", "none at " + point + ": pods see the node's own files"));
      }
    } catch (IOException e) {
      return List.of(
          none,
          Check.broken(
              "mount",
              "can't be told: " + e.getMessage(),
              "mount the node's /proc at " + setup.procRoot));
    }
    if (setup.runDirectory.isPresent()) {
      return List.of(
          none,
          Check.degraded(
              "mount",
              point + " is mounted",
              "who reads waits for a daemon until the keeper takes it away"));
    }
    Check mount = mount("");
    return List.of(mount.state() == Check.State.BROKEN ? none : CANNOT_BE_ASKED, mount);
  }

  /**
   * @param by whom it is that answers
   */
  private Check mount(String by) throws InterruptedException {
    MountProbe.Result result = setup.probe.probe();
    String where = setup.mountPoint.toString();
    return switch (result) {
      case ANSWERS -> Check.ok("mount", where + " answers" + by);
      case LATE ->
          Check.degraded("mount", where + " is late", "others are answered first: a busy node");
      case DEAD, HANGS ->
          Check.broken(
              "mount",
              where + (result == MountProbe.Result.DEAD ? " is dead" : " does not answer"),
              "delete the daemon's pod: the next one repairs it");
    };
  }

  private Check keeper(Mount mount) {
    String instead = "the files end with the daemon";
    if (setup.runDirectory.isEmpty()) {
      return Check.degraded("keeper", "no run directory (podproc.run-directory)", instead);
    }
    return mount.isKept()
        ? Check.ok("keeper", "holds the mount")
        : Check.degraded("keeper", "none holds the mount", instead);
  }

  private static Check delivery(Node node) {
    if (node.delivery().isEmpty()) {
      return Check.ok("delivery", "by the webhook alone (podproc.node-delivery=false)");
    }
    var delivery = node.delivery().get();
    List<PodContainer> running = node.pods().containers();
    Set<String> pods = running.stream().map(PodContainer::podUid).collect(Collectors.toSet());
    long told = pods.stream().filter(uid -> delivery.standing(uid).isPresent()).count();
    String found = "knows " + told + " of " + pods.size() + " pods that run here";
    if (told < pods.size()) {
      return Check.degraded(
          "delivery",
          found,
          "what was known of the others holds: can this node reach the API server, and list pods?");
    }
    long failed =
        running.stream()
            .flatMap(container -> delivery.last(container.containerId()).stream())
            .filter(last -> last.result() == Result.FAILED || last.result() == Result.TIMED_OUT)
            .count();
    return failed == 0
        ? Check.ok("delivery", found)
        : Check.degraded(
            "delivery",
            found + ", and failed at its last visit to " + failed + " of their containers",
            "each is visited again each minute: podproc explain POD says why it failed");
  }

  private Check cgroups() {
    if (Files.exists(setup.cgroupRoot.resolve("cgroup.controllers"))) {
      return Check.ok("cgroups", "version 2");
    }
    return Files.isDirectory(setup.cgroupRoot.resolve("memory"))
        ? Check.ok(
            "cgroups",
            Files.isDirectory(setup.cgroupRoot.resolve("unified")) ? "hybrid" : "version 1")
        : Check.broken(
            "cgroups", "none at " + setup.cgroupRoot, "mount the node's /sys/fs/cgroup there");
  }

  private Check driver() {
    return Check.ok("cgroup driver", setup.pods.driver().orElse("no pods run here"));
  }

  /** By what has started a container. */
  private Check runtime() {
    List<String> names =
        setup.pods.containers().stream()
            .map(PodContainer::pid)
            .map(this::starter)
            .flatMap(Optional::stream)
            .distinct()
            .sorted()
            .toList();
    return Check.ok("runtime", names.isEmpty() ? "no pods run here" : String.join(", ", names));
  }

  private Optional<String> starter(int pid) {
    try {
      int parent = setup.processes.stat(pid).parent();
      return parent == 0 ? Optional.empty() : Optional.of(setup.processes.stat(parent).name());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static String text(List<Check> checks) {
    Table table = new Table("", "CHECK", "STATE", "FOUND");
    StringBuilder advice = new StringBuilder();
    for (Check check : checks) {
      table.row(check.what(), word(check.state()), check.found());
      if (!check.advice().isEmpty()) {
        advice
            .append(check.state() == Check.State.BROKEN ? "to do" : "instead")
            .append(", ")
            .append(check.what())
            .append(": ")
            .append(OneLine.of(check.advice()))
            .append('\n');
      }
    }
    return table + (advice.isEmpty() ? "" : "\n" + advice);
  }

  private static String word(Check.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  private static String json(List<Check> checks) {
    JsonBuilderFactory json = Json.createBuilderFactory(Map.of());
    JsonArrayBuilder all = json.createArrayBuilder();
    for (Check check : checks) {
      all.add(
          json.createObjectBuilder()
              .add("check", check.what())
              .add("state", word(check.state()))
              .add("found", check.found())
              .add("advice", check.advice()));
    }
    return json.createObjectBuilder().add("checks", all).build() + "\n";
  }
}
