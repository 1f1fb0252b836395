// SPDX-License-Identifier: Apache-2.0
import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.fuse.FuseMount;
import io.podproc.daemon.fuse.kernel.KernelTransport;
import io.podproc.daemon.fuse.kernel.SelinuxContext;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.vfs.Opener;
import io.podproc.daemon.vfs.Requests;
import io.podproc.daemon.vfs.VirtualFile;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import io.podproc.daemon.view.VisibleCpus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The floor under what a file can cost: podproc's own transport, with texts that never change. It
 * neither asks who reads nor looks at any file. Each text is the host's as of the start, so that as
 * many bytes are copied.
 *
 * <p>Arguments: MOUNT FILE,FILE…
 */
final class Floor {
  /** What answers all callers, and is never asked anything. */
  private static final class Nobody implements View {
    @Override
    public HostFacts host() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Cgroup cgroup() {
      throw new UnsupportedOperationException();
    }

    @Override
    public MemoryFacts memory() {
      throw new UnsupportedOperationException();
    }

    @Override
    public VisibleCpus cpus() {
      throw new UnsupportedOperationException();
    }

    @Override
    public CpuTimes cpuTimes() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Duration age() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Load load() {
      throw new UnsupportedOperationException();
    }

    @Override
    public NodeCounts nodeCounts() {
      throw new UnsupportedOperationException();
    }
  }

  private record Constant(String path, String text) implements VirtualFile {
    static Constant ofHost(String path) {
      try {
        return new Constant(path, Files.readString(Path.of(path), StandardCharsets.ISO_8859_1));
      } catch (IOException e) {
        return new Constant(path, ""); // which this kernel lacks, as /proc/pressure
      }
    }

    @Override
    public String read(View view) {
      return text;
    }
  }

  private Floor() {}

  public static void main(String[] args) throws Exception {
    List<VirtualTree.File> files = new ArrayList<>();
    for (String path : args[1].split(",")) {
      files.add(VirtualTree.File.of(10 + files.size(), Constant.ofHost(path)));
    }
    Optional<View> nobody = Optional.of(new Nobody());
    Views views =
        new Views() {
          @Override
          public Optional<View> of(int callerTid) {
            return nobody;
          }

          @Override
          public Object owner(int callerTid) {
            return nobody;
          }

          @Override
          public View renew(View view) {
            return view;
          }
        };
    Requests uncounted =
        new Requests() {
          @Override
          public void answered() {}

          @Override
          public void refused() {}

          @Override
          public void failed(Throwable defect) {}

          @Override
          public void rendered(VirtualTree.File file, Outcome outcome, long nanos) {}

          @Override
          public void fellBack(VirtualTree.File file, Reason reason, Exception cause) {}
        };
    HostFacts host =
        new HostFacts(
            Path.of("/proc"), Path.of("/sys"), Duration.ZERO, System::nanoTime, System::nanoTime);
    FuseMount mount =
        FuseMount.mount(
            new KernelTransport(new SelinuxContext(Optional.empty()), false),
            Path.of(args[0]),
            new VirtualTree(files),
            new Opener(views, host, uncounted),
            _ -> {});
    Runtime.getRuntime().addShutdownHook(new Thread(mount::close));
    Thread.currentThread().join();
  }
}
