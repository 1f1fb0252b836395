// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Programs that read a file by its size, and others: each gets the whole text, whatever its length.
 * The texts are long, as on a machine of many CPUs, and the same at each read.
 */
@Tag("integration")
@TestInstance(Lifecycle.PER_CLASS)
class SizesIT {
  private static final String FILE = "/proc/cpuinfo";

  @TempDir static Path folder;
  private DaemonProcess daemon;
  private Container container;
  private Container other;

  @BeforeAll
  void start() throws IOException {
    Requirements.mount();
    Path proc = Files.createDirectory(folder.resolve("proc"));
    Files.writeString(
        folder.resolve("cpuinfo"),
        Machine.read(FILE).replaceAll("(?m)^flags\t.*$", "$0" + " some_flag".repeat(700)));
    String _ =
        Command.bash(
                "mount -t proc proc %1$s && mount --bind %2$s/cpuinfo %1$s/cpuinfo"
                    .formatted(proc, folder))
            .ok();
    daemon = DaemonProcess.serving("-Dpodproc.proc-root=" + proc);
    container = Container.of(daemon).cpus("2").memory("256M").start();
    other = Container.of(daemon).cpus("1").start();
    // Read as nothing reads it that goes by sizes.
    String _ = container.run("dd if=%s of=%s bs=1000".formatted(FILE, path("text"))).ok();
    assertThat(folder.resolve("text")).isNotEmptyFile();
    assertThat(Files.size(folder.resolve("text"))).isGreaterThan(8192);
  }

  @AfterAll
  void stop() {
    Stream.of(other, container, daemon)
        .filter(java.util.Objects::nonNull)
        .forEach(part -> {
          try {
            part.close();
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    String _ = Command.bash("umount -R " + path("proc")).ok();
  }

  private static String path(String name) {
    return folder.resolve(name).toString();
  }

  private String run(String script, String file) {
    Output output =
        container.run(
            "timeout "
                + Machine.deadline(50).toSeconds()
                + " bash -o pipefail -c '"
                + script.replace("FILE", file)
                + "' >"
                + path("out"));
    assertThat(output.text()).as(script).isEmpty();
    assertThat(output.status()).as(script).isZero();
    return Machine.read(path("out"));
  }

  /** FILE is the file, OUT a copy. */
  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      delimiter = '~',
      value = {
        "cat ~ cat FILE",
        "cp ~ cp FILE OUT; cat OUT",
        "cp ~ cp -a FILE OUT; cat OUT",
        "install ~ install FILE OUT; cat OUT",
        "tail ~ tail -n 2 FILE",
        "tail ~ tail -c 100 FILE",
        "tac ~ tac FILE",
        "head ~ head -c 5000 FILE",
        "head ~ head -c -100 FILE",
        "head ~ head -n -1 FILE",
        "wc ~ wc -c <FILE",
        "wc ~ wc -l <FILE",
        "dd ~ dd if=FILE bs=64k status=none",
        "dd ~ dd if=FILE bs=1 skip=4090 count=20 status=none",
        "split ~ split -n 2 FILE OUT; cat OUTaa OUTab",
        "sort ~ sort FILE",
        "cksum ~ cksum <FILE",
        "grep ~ grep -c processor FILE",
        "grep ~ grep -zo some_flag FILE | tr -d \\\\0 | wc -c",
        "gawk ~ awk \"{ n += length() } END { print NR, n }\" FILE",
        "sed ~ sed -n \\$p FILE",
        "sed ~ sed s/some/any/g FILE",
        "less ~ less FILE | cat",
        "perl ~ perl -0777 -pe 1 FILE",
        "perl ~ perl -e \"open f, q(FILE); local \\$/; print <f>\"",
        "python3 ~ python3 -ISc \"print(open(\\\"FILE\\\").read(), end=\\\"\\\")\"",
        "python3 ~ python3 -ISc \"import shutil; shutil.copyfile(\\\"FILE\\\", \\\"OUT\\\")\"; cat OUT",
        "python3 ~ python3 -ISc \"import os; f = os.open(\\\"FILE\\\", 0); n = os.fstat(f).st_size; print(len(os.read(f, n)), n)\"",
        "ruby ~ ruby -e \"print File.read(%q(FILE))\"",
        "ruby ~ ruby -e \"print IO.binread(%q(FILE), 5000)\"",
        "php ~ php -r \"echo file_get_contents(\\\"FILE\\\");\"",
        "php ~ php -r \"copy(\\\"FILE\\\", \\\"OUT\\\");\"; cat OUT",
        "node ~ node -e \"process.stdout.write(require(\\\"fs\\\").readFileSync(\\\"FILE\\\"))\"",
        "node ~ node -e \"require(\\\"fs\\\").readFile(\\\"FILE\\\", (e, t) => process.stdout.write(t))\"",
        "node ~ node -e \"require(\\\"fs\\\").copyFileSync(\\\"FILE\\\", \\\"OUT\\\")\"; cat OUT",
        "node ~ node -e \"require(\\\"fs\\\").promises.copyFile(\\\"FILE\\\", \\\"OUT\\\")\"; cat OUT",
        "curl ~ curl -s file://FILE",
        "tar ~ tar cf - FILE 2>/dev/null | tar xOf -",
        "rsync ~ rsync FILE OUT; cat OUT",
        "rsync ~ rsync -W --inplace FILE OUT; cat OUT",
        "vim ~ vim -es -R -u NONE -c \"w! OUT\" -c q FILE; cat OUT",
        "gzip ~ gzip -c FILE | gzip -dc",
        "xxd ~ xxd FILE | xxd -r",
        "busybox ~ busybox cat FILE",
        "busybox ~ busybox cp FILE OUT; cat OUT",
        "busybox ~ busybox tail -n 2 FILE",
        "busybox ~ busybox tail -c 100 FILE",
        "busybox ~ busybox wc -c <FILE",
        "busybox ~ busybox head -c 5000 FILE",
        "busybox ~ busybox grep -c processor FILE",
        "busybox ~ busybox tar cf - FILE 2>/dev/null | busybox tar xOf -",
        "busybox ~ busybox dd if=FILE bs=64k 2>/dev/null"
      })
  void gives_what_it_gives_of_an_ordinary_file(String program, String script) {
    Requirements.tool(program.equals("gawk") ? "awk" : program);
    String there = script.replace("OUT", path("copy"));
    assertThat(run(there, FILE)).isEqualTo(run(there, path("text"))).isNotEmpty();
  }

  /** As Rust's fs::read and Go's os.ReadFile do it: by the size, and then to the end. */
  @Test
  void who_reads_so_much_and_then_looks_for_more_finds_none() {
    Requirements.tool("python3");
    assertThat(
            run(
                "python3 -ISc \"import os; f = os.open(\\\"FILE\\\", 0); n = os.fstat(f).st_size;"
                    + " print(n, len(os.read(f, n)), len(os.read(f, 32)))\"",
                FILE))
        .matches("(\\d+) \\1 0\n");
  }

  @Test
  void glib_gets_all_of_it() {
    Requirements.tool("python3");
    String script =
        "python3 -ISc \"import ctypes; g = ctypes.CDLL(\\\"libglib-2.0.so.0\\\"); t = ctypes.c_void_p();"
            + " n = ctypes.c_size_t(); g.g_file_get_contents(b\\\"FILE\\\", ctypes.byref(t),"
            + " ctypes.byref(n), None); print(n.value)\"";
    assertThat(run(script, FILE)).isEqualTo(run(script, path("text")));
  }

  @Test
  void java_gets_all_of_it() throws IOException {
    Files.writeString(
        folder.resolve("Lines.java"),
        """
        void main(String[] file) throws Exception {
          var path = java.nio.file.Path.of(file[0]);
          try (var lines = java.nio.file.Files.lines(path)) {
            IO.println(lines.mapToLong(String::length).sum());
          }
          IO.println(java.nio.file.Files.readAllBytes(path).length);
          IO.println(java.nio.file.Files.size(path));
        }
        """);
    String script = System.getProperty("java.home") + "/bin/java " + path("Lines.java") + " FILE";
    assertThat(run(script, FILE)).isEqualTo(run(script, path("text")));
  }

  @Test
  void diff_sees_no_difference_and_all_of_one() {
    assertThat(run("diff -q FILE " + path("text"), FILE)).isEmpty();
    assertThat(run("cmp FILE " + path("text"), FILE)).isEmpty();
  }

  @Test
  void each_container_is_told_its_own_size() {
    String size = container.run("stat -c %s " + FILE).ok();
    String others = other.run("stat -c %s " + FILE).ok();
    assertThat(Long.parseLong(others.strip())).isLessThan(Long.parseLong(size.strip()));
    for (int i = 0; i < 20; i++) {
      assertThat(container.run("stat -c %s " + FILE).ok()).isEqualTo(size);
      assertThat(other.run("stat -c %s " + FILE).ok()).isEqualTo(others);
    }
  }

  /** The kernel keeps one size for all, and lets sendfile(2) find the end there. */
  @Test
  void an_empty_file_of_one_container_ends_no_other_s() {
    Requirements.tool("busybox");
    String disks = daemon.file("/proc/diskstats").toString();
    int length = other.read("/proc/diskstats").length();
    String size = other.run("stat -c %s /proc/diskstats").ok().strip();
    assertThat(Command.run("busybox", "cat", disks).ok()).isNotEmpty();
    assertThat(size).isEqualTo("" + Math.max(1, length));
  }
}
