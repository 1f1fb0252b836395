// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A keeper that was started by {@code podproc-keeper}: the process of its pod, and the keeper
 * itself, which that one starts and which outlives it. Closed, both are gone.
 */
final class KeeperProcess implements AutoCloseable {
  static final Path PROGRAM = Machine.checkout().resolve("daemon/target/podproc-keeper");

  private final Path runDirectory;
  private final Path log;
  private final Process pod;

  /** Those that there have been. */
  private final List<ProcessHandle> keepers = new ArrayList<>();

  /**
   * @param patience how long it waits for a daemon, in seconds
   */
  KeeperProcess(Path runDirectory, int patience) {
    this.runDirectory = runDirectory;
    try {
      log = Files.createTempFile("podproc-keeper", ".log");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.pod =
        Command.start(
            List.of(PROGRAM.toString(), runDirectory.toString(), Integer.toString(patience)),
            Map.of(),
            ProcessBuilder.Redirect.to(log.toFile()));
    awaitKeeper();
  }

  /** Until there is one that daemons can find. */
  void awaitKeeper() {
    Command.await("a keeper is there", Machine.deadline(10), () -> keeper().isPresent());
  }

  private Optional<ProcessHandle> keeper() {
    Optional<ProcessHandle> keeper =
        pod.toHandle()
            .children()
            .filter(child -> Files.exists(runDirectory.resolve("keeper-" + child.pid())))
            .findFirst();
    keeper.filter(found -> !keepers.contains(found)).ifPresent(keepers::add);
    return keeper;
  }

  /** Of the process of its pod. */
  boolean isAlive() {
    return pod.isAlive();
  }

  /** What it has said. */
  String output() {
    return Machine.read(log);
  }

  /** How many keepers there have been. */
  int count() {
    var _ = keeper();
    return keepers.size();
  }

  /** How many processes of it look after a namespace each. */
  long visitors() {
    return keeper().stream().flatMap(ProcessHandle::children).count();
  }

  /** Whether a keeper lives, though its pod may have ended. */
  boolean keeps() {
    return keepers.stream().anyMatch(ProcessHandle::isAlive);
  }

  /** SIGKILL for all of it. */
  void kill() {
    pod.destroyForcibly();
    awaitExit();
    keepers.forEach(ProcessHandle::destroyForcibly);
    awaitEnd();
  }

  /** SIGKILL for what belongs to the pod, as the node does with its cgroup. */
  void killPod() {
    pod.destroyForcibly();
    awaitExit();
  }

  /** SIGKILL for the keeper. */
  void killKeeper() {
    boolean _ = keeper().orElseThrow().destroyForcibly();
  }

  /** A signal by its name, for the keeper. */
  void signal(String name) {
    String _ = Command.run("kill", "-" + name, Long.toString(keeper().orElseThrow().pid())).ok();
  }

  /** The file that says what the keeper holds. */
  Path file() {
    return runDirectory.resolve("keeper-" + keeper().orElseThrow().pid());
  }

  /** SIGTERM, as when the pod is deleted. */
  void tellToEnd() {
    pod.destroy();
  }

  /** What both processes hold resident, in kB. */
  long memory() {
    return Stream.concat(Stream.of(pod.toHandle()), keepers.stream())
        .filter(ProcessHandle::isAlive)
        .mapToLong(process ->
            (long)
                Output.number(
                    Machine.read("/proc/" + process.pid() + "/smaps_rollup"), "^Pss:\\s+(\\d+)"))
        .sum();
  }

  private void awaitExit() {
    Command.await("the keeper's pod ends", Machine.deadline(10), () -> !pod.isAlive());
  }

  /** Until no keeper lives, as none is needed. */
  void awaitEnd() {
    Command.await("the keeper ends", Machine.deadline(10), () -> !keeps());
  }

  /** SIGTERM; and what stays then, for a daemon that still serves, is killed. */
  @Override
  public void close() {
    pod.destroy();
    awaitExit();
    keepers.forEach(ProcessHandle::destroyForcibly);
    awaitEnd();
    keepers.forEach(keeper -> runDirectory.resolve("keeper-" + keeper.pid()).toFile().delete());
    boolean _ = log.toFile().delete();
  }
}
