// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.CgroupHierarchy;
import io.podproc.daemon.container.ContainerResolver;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.Meminfo;
import io.podproc.daemon.host.Processes;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.daemon.view.CpuPolicy;
import io.podproc.daemon.view.View;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every file for every container of every captured kernel, through all but FUSE. The texts lie
 * beside each container: {@code -Dgolden.update=true} writes them, and git's diff is the review.
 */
class GoldenTest {
  private static final Path FIXTURES = Path.of("src/test/fixtures");
  private static final VirtualTree TREE = VirtualFiles.tree(true);

  @TempDir static Path completed;

  /** A container of a captured kernel. */
  record Captured(Path fixture, Path directory) {
    static Stream<Captured> all() throws IOException {
      return list(FIXTURES)
          .flatMap(
              fixture -> list(fixture.resolve("containers")).map(c -> new Captured(fixture, c)));
    }

    private static Stream<Path> list(Path directory) {
      try (Stream<Path> entries = Files.list(directory)) {
        return entries.filter(Files::isDirectory).sorted().toList().stream();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    int caller() throws IOException {
      return Integer.parseInt(Files.readString(directory.resolve("caller")).trim());
    }

    /** The container as it is seen by its caller; empty for the host. */
    Optional<View> view() throws IOException {
      Path proc = proc();
      HostFacts host =
          new HostFacts(proc, fixture.resolve("sys"), Duration.ZERO, () -> 0, upNanos(proc));
      Processes processes = new Processes(proc);
      CgroupHierarchy cgroups = new CgroupHierarchy(fixture.resolve("cgroup"), false, () -> 0);
      Containers containers =
          new Containers(cgroups, host, processes, CpuPolicy.QUOTA, FakeKernel.looks(), () -> 0);
      return new ContainerResolver(
              processes,
              containers,
              FakeKernel.looks(),
              FakeKernel.DAEMON,
              hostNamespace(processes))
          .of(caller());
    }

    private static LongSupplier upNanos(Path proc) throws IOException {
      String seconds = Files.readString(proc.resolve("uptime")).split(" ", -1)[0];
      long nanos = new BigDecimal(seconds).movePointRight(9).longValueExact();
      return () -> nanos;
    }

    /**
     * The captured /proc, with a directory for each thread: a kernel has them too, though it does
     * not list those of threads that lead no group (fs/proc/base.c:proc_pid_lookup).
     */
    private Path proc() throws IOException {
      Path complete = completed.resolve(fixture.getFileName());
      if (!Files.exists(complete)) {
        Path captured = fixture.resolve("proc").toAbsolutePath();
        Files.createDirectory(complete);
        try (Stream<Path> entries = Files.list(captured)) {
          for (Path entry : entries.toList()) {
            Files.createSymbolicLink(complete.resolve(entry.getFileName()), entry);
          }
        }
        for (Path thread : threads(captured)) {
          Path alone = complete.resolve(thread.getFileName());
          if (!Files.exists(alone)) {
            Files.createDirectories(alone.resolve("task"));
            Files.createSymbolicLink(alone.resolve("task").resolve(thread.getFileName()), thread);
            Files.createSymbolicLink(alone.resolve("status"), thread.resolve("status"));
          }
        }
      }
      return complete;
    }

    private static List<Path> threads(Path proc) throws IOException {
      try (Stream<Path> below =
          Files.find(proc, 3, (path, attributes) -> path.toString().matches(".*/task/[0-9]+"))) {
        return below.toList();
      }
    }

    /** That of pid 1; where root may not read that link, that of a process of the host. */
    private String hostNamespace(Processes processes) throws IOException {
      return Files.isSymbolicLink(proc().resolve("1/ns/pid"))
          ? processes.pidNamespace(1)
          : processes.pidNamespace(
              new Captured(fixture, directory.resolveSibling("host")).caller());
    }

    @Override
    public String toString() {
      return fixture.getFileName() + " " + directory.getFileName();
    }
  }

  record Row(Captured captured, VirtualTree.File file) {
    static Stream<Row> all() throws IOException {
      return Captured.all().flatMap(c -> TREE.files().stream().map(file -> new Row(c, file)));
    }

    Path expected() {
      return captured.directory.resolve("expected").resolve("." + file.path()).normalize();
    }

    String text() {
      try {
        Optional<View> view = captured.view();
        return view.isPresent() ? file.file().read(view.get()) : "host: the host's own text\n";
      } catch (IOException e) {
        String cause = e.getClass().getSimpleName() + " " + e.getMessage();
        return "fallback: "
            + cause
                .replace(captured.fixture + "/", "")
                .replace(completed + "/" + captured.fixture.getFileName(), "proc")
            + "\n";
      }
    }

    @Override
    public String toString() {
      return captured + " " + file.path();
    }
  }

  static Stream<Row> rows() throws IOException {
    return Row.all();
  }

  static Stream<Captured> containers() throws IOException {
    return Captured.all();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void aFileReadsAsExpected(Row row) throws IOException {
    byte[] text = row.text().getBytes(StandardCharsets.ISO_8859_1);
    if (Boolean.getBoolean("golden.update")) {
      Files.createDirectories(row.expected().resolveSibling("."));
      Files.write(row.expected(), text);
    }
    assertThat(row.expected()).hasBinaryContent(text);
  }

  @ParameterizedTest
  @MethodSource("containers")
  void theFilesOfAContainerAgree(Captured captured) throws IOException {
    Optional<View> view = captured.view();
    if (view.isEmpty()) {
      return;
    }
    int count = view.get().cpus().count();
    assertThat(count).isPositive();
    assertThat(
            read(view.get(), "/proc/cpuinfo")
                .lines()
                .filter(line -> line.startsWith("processor"))
                .count())
        .isEqualTo(count);
    assertThat(
            read(view.get(), "/proc/stat")
                .lines()
                .filter(line -> line.matches("cpu[0-9]+ .*"))
                .count())
        .isEqualTo(count);
    String list = view.get().cpus().list() + "\n";
    for (String name : List.of("online", "present", "possible")) {
      assertThat(read(view.get(), "/sys/devices/system/cpu/" + name)).isEqualTo(list);
    }
    assertThat(read(view.get(), "/sys/devices/system/node/node0/cpulist")).isEqualTo(list);
    String meminfo = read(view.get(), "/proc/meminfo");
    assertThat(kilobytes(meminfo, "MemFree")).isBetween(0L, kilobytes(meminfo, "MemAvailable"));
    assertThat(kilobytes(meminfo, "MemAvailable"))
        .isLessThanOrEqualTo(kilobytes(meminfo, "MemTotal"));
    assertThat(kilobytes(meminfo, "SwapFree")).isBetween(0L, kilobytes(meminfo, "SwapTotal"));
    Meminfo host = view.get().host().meminfo();
    assertThat(meminfo.lines().map(line -> line.split(":", 2)[0]))
        .containsExactlyElementsOf(host.lines().stream().map(Meminfo.Line::key).toList());
  }

  private static String read(View view, String path) throws IOException {
    VirtualTree.File file = (VirtualTree.File) TREE.find(path).orElseThrow();
    return file.file().read(view);
  }

  private static long kilobytes(String meminfo, String key) {
    return Long.parseLong(
        meminfo
            .lines()
            .filter(line -> line.startsWith(key + ":"))
            .findFirst()
            .orElseThrow()
            .replaceAll("\\D", ""));
  }

  @Test
  void eachExpectedTextIsOfAFileThatIsServed() throws IOException {
    List<Path> served = Row.all().map(Row::expected).toList();
    try (Stream<Path> all = Files.walk(FIXTURES)) {
      assertThat(
              all.filter(Files::isRegularFile)
                  .filter(path -> path.toString().contains("/expected/")))
          .isSubsetOf(served);
    }
  }
}
