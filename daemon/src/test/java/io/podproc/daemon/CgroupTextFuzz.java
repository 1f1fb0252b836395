// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Files of a cgroup with any text in them, in either version: each virtual file is rendered, or
 * there is an IOException. The first byte says which file of which version the rest is.
 */
public final class CgroupTextFuzz {
  private static final VirtualTree TREE = VirtualFiles.tree(true);
  private static final String WEB =
      "/kubepods/pod1b4e28ba-2fa1-11d2-883f-0016d3cca427/" + "a".repeat(64);
  private static final int READER = 300;

  private static final Map<String, String> V2 =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("memory.max", "1048576\n"),
              Map.entry("memory.current", "4096\n"),
              Map.entry("memory.stat", "anon 1\nfile 2\n"),
              Map.entry("memory.swap.max", "max\n"),
              Map.entry("memory.swap.current", "0\n"),
              Map.entry("cpu.max", "50000 100000\n"),
              Map.entry("cpu.stat", "usage_usec 3\nuser_usec 2\nsystem_usec 1\n"),
              Map.entry("cpuset.cpus.effective", "0-3\n"),
              Map.entry("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"),
              Map.entry("cpu.pressure", "some avg10=0.00 total=1\n"),
              Map.entry("memory.pressure", "some avg10=0.00 total=1\n"),
              Map.entry("io.pressure", "some avg10=0.00 total=1\n"),
              Map.entry("cgroup.stat", "nr_descendants 0\n"),
              Map.entry("cgroup.threads", "300\n"),
              Map.entry("cgroup.procs", "300\n")));

  private static final Map<String, String> V1 =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("memory/memory.limit_in_bytes", "1048576\n"),
              Map.entry("memory/memory.usage_in_bytes", "4096\n"),
              Map.entry("memory/memory.stat", "hierarchical_memory_limit 1048576\ntotal_rss 1\n"),
              Map.entry("memory/memory.kmem.slabinfo", "slabinfo - version: 2.1\n"),
              Map.entry("memory/tasks", "300\n"),
              Map.entry("cpu/cpu.cfs_quota_us", "50000\n"),
              Map.entry("cpu/cpu.cfs_period_us", "100000\n"),
              Map.entry("cpuacct/cpuacct.usage", "30\n"),
              Map.entry("cpuacct/cpuacct.usage_percpu", "10 20 0 0\n"),
              Map.entry("cpuacct/cpuacct.stat", "user 1\nsystem 2\n"),
              Map.entry("cpuset/cpuset.effective_cpus", "0-3\n"),
              Map.entry("blkio/blkio.throttle.io_serviced_recursive", "8:0 Read 1\nTotal 1\n"),
              Map.entry("blkio/blkio.throttle.io_service_bytes_recursive", "8:0 Read 1\n")));

  private static final CgroupTextFuzz OF_V2 = boot(true);
  private static final CgroupTextFuzz OF_V1 = boot(false);

  private final FakeKernel kernel;
  private final HostFacts host; // one, and one of these: they keep files open
  private final Processes processes;
  private final Map<String, String> files;
  private final boolean isV2;

  private CgroupTextFuzz(FakeKernel kernel, Map<String, String> files, boolean isV2) {
    this.kernel = kernel;
    this.host = kernel.host();
    this.processes = kernel.processes();
    this.files = files;
    this.isV2 = isV2;
  }

  /** An input of the fuzzer's. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    if (input.length > 0) {
      int which = Byte.toUnsignedInt(input[0]);
      (which < 128 ? OF_V2 : OF_V1)
          .render(which % 128, new String(input, 1, input.length - 1, StandardCharsets.ISO_8859_1));
    }
  }

  private void render(int which, String text) throws IOException {
    List<String> names = List.copyOf(files.keySet());
    String name = names.get(which % names.size());
    write(name, text);
    try {
      View view = view();
      for (VirtualTree.File file : TREE.files()) {
        try {
          String said = file.file().read(view);
          if (!isTheKernels(file.path())) {
            assertThat(said).as(file.path()).doesNotContainPattern("\\s-\\d");
          }
        } catch (IOException e) {
          // The caller gets the host's text.
        }
        kernel.advance(Duration.ofMillis(10));
      }
      view.cgroup().close();
    } finally {
      write(name, files.getOrDefault(name, ""));
    }
  }

  /** Its text is the kernel's own, as it is. */
  private static boolean isTheKernels(String path) {
    return path.startsWith("/proc/pressure/") || path.equals("/proc/slabinfo");
  }

  private void write(String name, String text) {
    if (isV2) {
      kernel.write("cgroup" + WEB + "/" + name, text);
    } else {
      kernel.write("cgroup/" + name.replace("/", WEB + "/"), text);
    }
  }

  private View view() throws IOException {
    Containers containers =
        new Containers(
            kernel.cgroups(),
            host,
            processes,
            CpuPolicy.QUOTA,
            FakeKernel.looks(),
            kernel::nanoTime);
    return new ContainerResolver(
            processes, containers, FakeKernel.looks(), FakeKernel.DAEMON, FakeKernel.HOST_NAMESPACE)
        .of(READER)
        .orElseThrow();
  }

  private static CgroupTextFuzz boot(boolean isV2) {
    try {
      Path root = Files.createTempDirectory("podproc-fuzz");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> new FakeKernel(root).remove("")));
      FakeKernel kernel = FakeKernel.v2(root);
      kernel
          .write("proc/cpuinfo", "processor\t: 0\nmodel name\t: x\n\n")
          .write("proc/diskstats", "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n")
          .write("proc/slabinfo", "slabinfo - version: 2.1\n")
          .write("proc/swaps", "Filename\n");
      kernel.process(READER).at(WEB).startedAt(9000);
      if (!isV2) {
        kernel.remove("cgroup/cgroup.controllers").process(READER).cgroups(v1Text());
      }
      CgroupTextFuzz fuzz = new CgroupTextFuzz(kernel, isV2 ? V2 : V1, isV2);
      fuzz.files.forEach(fuzz::write);
      return fuzz;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String v1Text() {
    StringBuilder text = new StringBuilder();
    for (String controller : List.of("memory", "cpu,cpuacct", "cpuset", "blkio")) {
      text.append("1:").append(controller).append(':').append(WEB).append('\n');
    }
    return text.toString();
  }
}
