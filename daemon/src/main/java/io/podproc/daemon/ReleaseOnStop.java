// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.attach.Change;
import io.podproc.daemon.attach.MountNamespace;
import io.podproc.daemon.attach.Repair;
import io.podproc.daemon.attach.Result;
import io.podproc.daemon.attach.Search;
import io.podproc.daemon.cluster.ApiServer;
import io.podproc.daemon.cluster.DaemonSet;
import io.podproc.daemon.cluster.RefusedException;
import io.podproc.daemon.fuse.Mount;
import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.log.OneLine;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.vfs.VirtualTree;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Gives running containers the host's own files when this daemon stops and none will follow, or
 * none for a while. It is done while the daemon still serves, so that nobody reads an error.
 */
final class ReleaseOnStop {
  private static final Duration QUESTION_DEADLINE = Duration.ofSeconds(2);
  private static final Duration KEEPERS_DEADLINE = Duration.ofSeconds(5);

  /** Between the pods of a node that are told to end at once. Readers are served meanwhile. */
  private static final Duration TOGETHER = Duration.ofMillis(250);

  private static final Duration LOOK = Duration.ofMillis(50);

  /** Longer than one container that does not let itself be visited is waited for. */
  private static final Duration RELEASE_DEADLINE = Duration.ofSeconds(16);

  private final Optional<DaemonSet> daemonSet;
  private final boolean mayBeKept;
  private final Search search;
  private final Repair repair;

  /** Whose live files are the host's. */
  private final Repair host;

  ReleaseOnStop(
      DaemonConfig config, Processes processes, VirtualTree tree, Map<String, String> environment) {
    this.daemonSet =
        config
            .daemonSet()
            .map(name -> name.split("/", 2))
            .flatMap(parts ->
                ApiServer.ofPod(environment)
                    .map(server -> new DaemonSet(server, parts[0], parts[1])));
    this.mayBeKept = config.runDirectory().isPresent();
    this.search = new Search(processes, tree, config.mountPoint());
    this.repair = new Repair(config.procRoot(), config.mountPoint(), ReleaseOnStop::tell);
    this.host = new Repair(config.procRoot(), Path.of("/"), ReleaseOnStop::tell);
  }

  /** To be called before the mount is left. */
  void before(Mount mount) {
    try {
      if (mount.hasSuccessor()) {
        return;
      }
      if (daemonSet.isPresent() && goes(daemonSet.get(), mount)) {
        say(daemonSet.get() + " is uninstalled: running containers get the host's files");
        unmount(mount);
        say("released " + within(RELEASE_DEADLINE, "release", () -> repair.release(search)));
      } else if (mayBeKept && isAlone(mount, TOGETHER)) {
        say("no keeper stays: running containers get the host's files until a daemon is back");
        unmount(mount);
        say("exchanged " + within(RELEASE_DEADLINE, "release", () -> host.exchange(search.seen())));
      }
    } catch (IOException e) {
      say("not all running containers have the host's files: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      say("running containers do not have the host's files: " + e);
    }
  }

  /** Whether all keepers are told to end within a time: they may be told a moment later. */
  private static boolean isAlone(Mount mount, Duration deadline) throws InterruptedException {
    long end = System.nanoTime() + deadline.toNanos();
    while (mount.isKept()) {
      if (System.nanoTime() > end) {
        return false;
      }
      Thread.sleep(LOOK);
    }
    return true;
  }

  private boolean goes(DaemonSet set, Mount mount) throws InterruptedException {
    try {
      return within(QUESTION_DEADLINE, "asking", () -> set.goes(QUESTION_DEADLINE));
    } catch (IOException e) {
      // An uninstall takes the daemon's rights before it can use them, and ends its keepers, too.
      if (e instanceof RefusedException && mayBeKept && isAlone(mount, KEEPERS_DEADLINE)) {
        return true;
      }
      say(
          "whether "
              + set
              + " is uninstalled can't be told, and running containers keep its files: "
              + e.getMessage());
      return false;
    }
  }

  /** First, so that containers that start from now on find the placeholders. */
  private static void unmount(Mount mount) {
    try {
      mount.unmount();
    } catch (MountException e) {
      say("the node keeps the mount: " + e.getMessage());
    }
  }

  /** On a thread of its own, which is left alone with what takes too long. */
  private static <T> T within(Duration deadline, String name, Callable<T> work)
      throws IOException, InterruptedException {
    FutureTask<T> task = new FutureTask<>(work);
    Thread _ = Thread.ofPlatform().daemon().name(name).start(task);
    try {
      return task.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new IOException("it is not done within " + deadline.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IOException(String.valueOf(e.getCause()), e);
    }
  }

  private static void tell(MountNamespace namespace, List<Change> outcomes) {
    outcomes.stream()
        .filter(outcome -> outcome.result() == Result.FAILED)
        .forEach(outcome ->
            say(
                namespace
                    + ": "
                    + outcome.finding().point()
                    + " is not released: "
                    + outcome.why()));
  }

  /** Not logged: Quarkus ends its logging when it is told to stop, and that was before. */
  private static void say(String line) {
    System.err.println("podproc: " + OneLine.of(line));
  }
}
