// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.attach.Attach;
import io.podproc.daemon.attach.PodCgroups;
import io.podproc.daemon.attach.Starts;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.delivery.Attacher;
import io.podproc.daemon.delivery.StartListener;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.linux.KernelFeatures;
import io.podproc.daemon.linux.Lack;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.status.metrics.AttachMetrics;
import io.podproc.daemon.task.Failures;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * How files get into containers, put together: the attaching, the watch for starts, and the
 * daemon's own readiness for what a container will ask. All of it begins when this daemon serves,
 * and on threads that serve nobody.
 */
final class NodeAttach implements MeterBinder {
  private final Views views;
  private final VirtualTree tree;
  private final Executor looking;
  private final Processes processes;
  private final PodCgroups cgroups;
  private final Attach attach;
  private final AttachMetrics metrics = new AttachMetrics();
  private final Failures failures = new Failures("attach", System::nanoTime);
  private Optional<Starts> starts = Optional.empty();

  /**
   * @param looking where a container is looked at that will read soon
   * @throws IOException the node can't be looked at
   */
  NodeAttach(
      DaemonConfig config, Processes processes, VirtualTree tree, Views views, Executor looking)
      throws IOException {
    this.processes = processes;
    this.tree = tree;
    this.views = views;
    this.looking = looking;
    this.cgroups =
        new PodCgroups(processes, config.cgroupRoot(), ProcCgroup.parse(processes.ownCgroup()));
    this.attach =
        new Attach(
            processes,
            config.procRoot(),
            config.mountPoint(),
            cgroups,
            this::expect,
            Attach.DEADLINE);
  }

  Attacher attacher() {
    return attach;
  }

  /** This daemon serves now. */
  void begin(StartListener listener) {
    if (!KernelFeatures.resolveCached()) {
      Log.info(
          "this kernel can't look up a path without asking file systems %s", Lack.RESOLVE_CACHED);
    }
    looking.execute(() -> {}); // its thread is to have the urgency of none that watches
    try {
      attach.begin();
    } catch (IOException e) {
      Log.warn("files are not brought to containers: %s", e.getMessage());
      return;
    }
    Starts watch = new Starts(processes, cgroups, attach, listener, metrics, failures);
    starts = Optional.of(watch);
    watch.begin();
  }

  /** It does not any more, or the files end. */
  void end() {
    starts.ifPresent(Starts::close);
    attach.end();
  }

  /** Reads what will be read, so that the container's first read costs what the next ones do. */
  private void expect(int pid, Set<String> files) {
    try {
      looking.execute(() -> {
        try {
          Optional<View> view = views.of(pid);
          for (VirtualTree.File file : tree.files()) {
            if (view.isPresent() && files.contains(file.path())) {
              read(file.file(), view.get());
            }
          }
        } catch (IOException e) {
          // It has ended.
        } catch (Throwable e) {
          failures.accept(e);
        }
      });
    } catch (RejectedExecutionException e) {
      // Others are looked at; this one when it asks.
    }
  }

  private static void read(VirtualFile file, View view) {
    try {
      String _ = file.read(view);
    } catch (IOException e) {
      // Whoever reads it is told.
    }
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    metrics.bindTo(registry);
    failures.bindTo(registry);
  }
}
