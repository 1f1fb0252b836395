// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.attach.Change;
import io.podproc.daemon.attach.Finding;
import io.podproc.daemon.attach.MountNamespace;
import io.podproc.daemon.attach.Repair;
import io.podproc.daemon.attach.Search;
import io.podproc.daemon.attach.Totals;
import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.fuse.MountProbe;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.log.OneLine;
import io.podproc.daemon.log.StartFailure;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.settings.InvalidSettingException;
import io.podproc.daemon.status.Answers;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the program does with words on its command line: it looks after the mounts of running
 * containers once, serves nothing and ends. Quarkus does not run.
 */
final class MountCommand {
  private static final String USAGE =
      """
      usage: podproc-daemon                       serves
             podproc-daemon repair [--dry-run]    gives running containers the files that a daemon
                                                  serves now, for those that died
             podproc-daemon release [--dry-run]   gives running containers the host's own files,
                                                  and unmounts podproc's from the node
             podproc-daemon attach [--privileged] PID [FILE]...
                                                  gives the container of a pod that a process is
                                                  in exactly these files, by default all
             podproc-daemon detach PID            takes away what was so given to it
             podproc-daemon doctor [-o json]      says what is in order here, and what is not:
                                                  podproc doctor, where no daemon answers
      """;

  private final boolean dryRun;

  private MountCommand(boolean dryRun) {
    this.dryRun = dryRun;
  }

  /** Returns the exit status: 0, 1 where something failed, 2 for words that make no sense. */
  static int run(String... args) {
    List<String> words = List.of(args);
    boolean dryRun = words.size() == 2 && words.get(1).equals("--dry-run");
    if (words.getFirst().equals("--help") || words.getFirst().equals("-h")) {
      System.out.print(USAGE);
      return 0;
    }
    if (words.getFirst().equals("doctor")) {
      return examined(words);
    }
    if (List.of("attach", "detach").contains(words.getFirst())) {
      Optional<AttachCommand> command = AttachCommand.of(words);
      if (command.isPresent()) {
        return guarded(command.get()::run);
      }
    }
    if (!List.of("repair", "release").contains(words.getFirst()) || (words.size() > 1 && !dryRun)) {
      System.err.print(USAGE);
      return 2;
    }
    return guarded(config -> {
      Totals totals = new MountCommand(dryRun).run(words.getFirst().equals("repair"), config);
      return totals.failed() == 0 ? 0 : 1;
    });
  }

  private static int examined(List<String> words) {
    try {
      return Answers.examineWithoutDaemon(words, MountCommand::probe);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private interface Work {
    int with(DaemonConfig config) throws IOException, InterruptedException;
  }

  private static int guarded(Work work) {
    StartFailure.prepare();
    try {
      FuseMount.checkPrivilege();
      return work.with(DaemonConfig.of(System.getProperties(), System.getenv()));
    } catch (InvalidSettingException | MountException | IOException | RuntimeException e) {
      StartFailure.print(e);
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private Totals run(boolean repairs, DaemonConfig config)
      throws IOException, InterruptedException {
    VirtualTree tree = VirtualFiles.tree(config.swap());
    Search search = new Search(new Processes(config.procRoot()), tree, config.mountPoint());
    if (repairs && probe(config).probe() != MountProbe.Result.ANSWERS) {
      throw new IOException("no podproc serves " + config.mountPoint());
    }
    if (dryRun) {
      List<MountNamespace> namespaces =
          repairs ? search.stale(config.repairPlaceholders()) : search.ours();
      namespaces.forEach(MountCommand::tell);
      System.out.println(
          (repairs ? "would repair " : "would release ")
              + namespaces.stream().mapToInt(namespace -> namespace.findings().size()).sum()
              + " mounts in "
              + namespaces.size()
              + " namespaces");
      return Totals.NONE;
    }
    Repair repair = new Repair(config.procRoot(), config.mountPoint(), MountCommand::tell);
    Totals totals =
        repairs
            ? repair.exchange(search.stale(config.repairPlaceholders()))
            : repair.release(search);
    System.out.println((repairs ? "repaired " : "released ") + totals);
    return totals;
  }

  private static MountProbe probe(DaemonConfig config) {
    String file = VirtualFiles.tree(config.swap()).files().getFirst().path();
    return new MountProbe(config.mountPoint().resolve("./" + file), config.readinessDeadline());
  }

  private static void tell(MountNamespace namespace) {
    for (Finding finding : namespace.findings()) {
      tell(namespace, finding, "");
    }
  }

  private static void tell(MountNamespace namespace, List<Change> outcomes) {
    for (Change outcome : outcomes) {
      String why = outcome.why().isEmpty() ? "" : ", " + outcome.why();
      tell(namespace, outcome.finding(), " -> " + label(outcome.result()) + why);
    }
  }

  private static void tell(MountNamespace namespace, Finding finding, String result) {
    System.out.println(
        OneLine.of(
            namespace.namespace()
                + " "
                + namespace
                + ": "
                + finding.point()
                + " "
                + label(finding.state())
                + result));
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
