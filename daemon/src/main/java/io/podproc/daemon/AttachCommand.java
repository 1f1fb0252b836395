// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.attach.Attach;
import io.podproc.daemon.attach.PodCgroups;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.delivery.Outcome;
import io.podproc.daemon.delivery.PodContainer;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Brings files to one container, once and by hand: to try what the daemon would do, and to learn
 * why it does not.
 *
 * @param files empty: all that there are
 */
record AttachCommand(int pid, Set<String> files, boolean attaches, boolean explicitly) {
  /** Nothing of this JVM is warm, and it may have a tenth of a core, or a slow one. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Empty: the words make no sense. */
  static Optional<AttachCommand> of(List<String> words) {
    boolean attaches = words.getFirst().equals("attach");
    boolean privileged = words.size() > 1 && words.get(1).equals("--privileged");
    List<String> rest = words.subList(privileged ? 2 : 1, words.size());
    if (rest.isEmpty()
        || !rest.getFirst().matches("[1-9][0-9]{0,8}")
        || (!attaches && (privileged || rest.size() > 1))) {
      return Optional.empty();
    }
    Set<String> files = new TreeSet<>(rest.subList(1, rest.size()));
    return Optional.of(
        new AttachCommand(Integer.parseInt(rest.getFirst()), files, attaches, privileged));
  }

  /** The exit status: 0, or 1 where the container has not what is wanted. */
  int run(DaemonConfig config) throws IOException {
    Processes processes = new Processes(config.procRoot());
    PodCgroups cgroups =
        new PodCgroups(processes, config.cgroupRoot(), ProcCgroup.parse(processes.ownCgroup()));
    PodContainer container =
        cgroups
            .of(pid)
            .orElseThrow(() -> new IOException("process " + pid + " is in no container of a pod"));
    Attach attach =
        new Attach(
            processes, config.procRoot(), config.mountPoint(), cgroups, (_, _) -> {}, PATIENCE);
    attach.begin();
    long begun = System.nanoTime();
    Outcome outcome = attach.bring(container, wanted(config), explicitly);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    System.out.println(
        "container "
            + container.containerId()
            + ": "
            + outcome.result().name().toLowerCase(Locale.ROOT).replace('_', ' ')
            + (outcome.reason().isEmpty() ? "" : ", " + outcome.reason())
            + ": attached "
            + outcome.attached()
            + ", detached "
            + outcome.detached()
            + " in "
            + millis
            + " ms");
    return switch (outcome.result()) {
      case DONE, NOTHING_TO_DO -> 0;
      default -> 1;
    };
  }

  private Set<String> wanted(DaemonConfig config) throws IOException {
    if (!attaches) {
      return Set.of();
    }
    Set<String> all =
        VirtualFiles.tree(config.swap()).files().stream()
            .map(VirtualTree.File::path)
            .collect(Collectors.toSet());
    for (String file : files) {
      if (!all.contains(file)) {
        throw new IOException("podproc has no file " + file);
      }
    }
    return files.isEmpty() ? all : files;
  }
}
