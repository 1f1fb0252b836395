// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files in running containers whose daemon was killed, or goes for good. */
@Tag("repair")
class RepairIT {
  private static final String SLABINFO = "/proc/slabinfo";

  @TempDir Path folder;

  @BeforeAll
  static void check() {
    Requirements.mount();
    Requirements.tool("busybox");
  }

  private WatchingReader watch(
      Container container, DaemonProcess daemon, List<String> files, String environment) {
    return WatchingReader.start(folder, container, daemon, files, environment);
  }

  private static Container.Builder small(Container.Builder container) {
    return container.memory("96M").cpus("1");
  }

  private static DaemonProcess another(DaemonProcess killed, String... options) {
    return Start.with(options).at(killed.mountPoint()).launch().awaitServing();
  }

  private static Output tool(DaemonProcess daemon, String... words) {
    return Command.run(
        Stream.concat(
                Stream.of(
                    Machine.checkout().resolve("daemon/bin/podproc-daemon").toString(),
                    "-Dpodproc.mount-point=" + daemon.mountPoint()),
                Stream.of(words))
            .toArray(String[]::new));
  }

  private static boolean canPutBeneath() {
    return Machine.hasLinux(6, 5);
  }

  private static double repaired(DaemonProcess daemon, String kind, String result) {
    return Output.number(
        daemon.get("/q/metrics").body(),
        "^podproc_repaired_mounts_total\\{kind=\"%s\",result=\"%s\"\\} ([\\d.]+)$"
            .formatted(kind, result));
  }

  // ---- repair ----

  @Test
  @Tag("integration") // on an older kernel there is another way
  void dead_files_live_again_in_every_container_and_are_never_the_hosts() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container first = small(Container.of(killed)).start();
        Container second = small(new Container.Builder()).start()) {
      List<String> all = WatchingReader.files(killed, file -> true);
      List<String> public_ = WatchingReader.files(killed, file -> !file.equals(SLABINFO));
      List<WatchingReader> exchanged =
          List.of(
              watch(first, killed, all, WatchingReader.PLAIN),
              watch(second, killed, all, WatchingReader.DISTROLESS),
              watch(second, killed, public_, WatchingReader.USERS));
      List<WatchingReader> readers =
          Stream.concat(
                  exchanged.stream(),
                  Stream.of(
                      watch(first, killed, public_, WatchingReader.LOCKED),
                      watch(first, killed, WatchingReader.TELLING, WatchingReader.PLAIN),
                      watch(first, killed, WatchingReader.TELLING, WatchingReader.PLAIN)))
              .toList();
      WatchingReader.await(readers, "live");
      killed.kill();
      WatchingReader.await(readers, "dead");
      try (DaemonProcess next = another(killed)) {
        WatchingReader.await(readers, "live");
        Command.await(
            "it says so",
            Machine.deadline(10),
            () -> next.output().contains(" namespaces, 0 failed"));
        WatchingReader.assertSaw(readers, "live", "dead", "live");
        int mounts = killed.files().size() * 2 + all.size() + public_.size();
        assertThat(next.output()).contains("repaired " + mounts + " mounts in 4 namespaces");
        double beneath = canPutBeneath() ? mounts - killed.files().size() : 0;
        assertThat(repaired(next, "dead", "done")).isEqualTo(beneath);
        assertThat(repaired(next, "dead", "stacked")).isEqualTo(mounts - beneath);
      }
    }
  }

  @Test
  void id_mapped_files_belong_to_the_containers_root_again() {
    Requirements.tool("python3");
    Requirements.need(Machine.hasLinux(6, 12), "Linux 6.12, whose FUSE has id-mapped mounts");
    try (DaemonProcess killed = DaemonProcess.serving("-Dpodproc.user-namespaces=true");
        Container container = small(Container.of(killed)).start()) {
      // With slabinfo: whoever does not own it can't read it.
      List<String> all = WatchingReader.files(killed, file -> true);
      WatchingReader reader = watch(container, killed, all, WatchingReader.MAPPED);
      WatchingReader.await(List.of(reader), "live");
      killed.kill();
      WatchingReader.await(List.of(reader), "dead");
      try (DaemonProcess _ = another(killed, "-Dpodproc.user-namespaces=true")) {
        WatchingReader.await(List.of(reader), "live");
        WatchingReader.assertSaw(List.of(reader), "live", "dead", "live");
        String within =
            "nsenter --user --mount --target $(pgrep -f '^bash .*/reader ' | head -n 1) ";
        assertThat(container.run(within + "stat -c %u:%g " + String.join(" ", all)).ok().lines())
            .hasSize(all.size())
            .containsOnly("0:0");
        assertThat(container.run(within + "cat /proc/self/mountinfo").ok().lines())
            .filteredOn(line -> line.split(" ", -1)[5].contains("idmapped"))
            .hasSize(all.size())
            .allSatisfy(line -> assertThat(line).contains(" fuse.podproc "));
      }
    }
  }

  @Test
  void repairs_as_often_as_need_be_and_leaves_nothing_beneath() {
    try (DaemonProcess first = DaemonProcess.serving();
        Container container = small(Container.of(first)).start()) {
      Requirements.need(canPutBeneath(), "Linux 6.5");
      WatchingReader reader =
          watch(container, first, WatchingReader.files(first, file -> true), WatchingReader.PLAIN);
      String mounts = "/proc/" + container.pid() + "/mountinfo";
      long before = Machine.read(mounts).lines().count();
      WatchingReader.await(List.of(reader), "live");
      first.kill();
      WatchingReader.await(List.of(reader), "dead");
      try (DaemonProcess second = another(first)) {
        WatchingReader.await(List.of(reader), "live");
        second.kill();
        WatchingReader.await(List.of(reader), "dead");
        try (DaemonProcess _ = another(first)) {
          WatchingReader.await(List.of(reader), "live");
          WatchingReader.assertSaw(List.of(reader), "live", "dead", "live", "dead", "live");
          Command.eventually(
              () -> assertThat(Machine.read(mounts).lines().count()).isEqualTo(before));
        }
      }
    }
  }

  @Test
  void containers_that_end_meanwhile_stop_nothing() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container ending = small(Container.of(killed)).start();
        Container container = small(Container.of(killed)).start()) {
      WatchingReader reader =
          watch(
              container, killed, WatchingReader.files(killed, file -> true), WatchingReader.PLAIN);
      WatchingReader.await(List.of(reader), "live");
      killed.kill();
      // Namespaces with dead files that last for some milliseconds each.
      String _ =
          ending
              .run(
                  "for worker in {1..4}; do while :; do unshare --mount sleep 0.0$((RANDOM % 9)); done & done")
              .ok();
      try (DaemonProcess next = another(killed)) {
        WatchingReader.await(List.of(reader), "live");
        WatchingReader.assertSaw(List.of(reader), "live", "dead", "live");
        Command.await(
            "it is through", Machine.deadline(10), () -> next.output().contains("failed"));
        assertThat(next.output()).contains(" namespaces, 0 failed").doesNotContain("WARN");
      }
    }
  }

  @Test
  void leaves_what_somebody_laid_over_a_dead_file() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container container = small(Container.of(killed)).start()) {
      String _ = container.run("mount --bind /etc/hostname /proc/uptime").ok();
      killed.kill();
      try (DaemonProcess next = another(killed)) {
        Command.await(
            "it is through", Machine.deadline(10), () -> next.output().contains("failed"));
        assertThat(next.output()).contains("/proc/uptime is gone: another mount is seen there");
        assertThat(container.read("/proc/uptime")).isEqualTo(Machine.read("/etc/hostname"));
        assertThat(container.memory("MemTotal")).isEqualTo(96 * 1024);
      }
    }
  }

  @Test
  void leaves_the_files_of_another_daemon_alone() {
    try (DaemonProcess other = DaemonProcess.serving();
        Container container = small(Container.of(other)).start();
        DaemonProcess killed = DaemonProcess.serving()) {
      WatchingReader reader =
          watch(container, other, WatchingReader.files(other, file -> true), WatchingReader.PLAIN);
      WatchingReader.await(List.of(reader), "live");
      killed.kill();
      try (DaemonProcess next = another(killed)) {
        assertThat(tool(next, "repair", "--dry-run").ok())
            .isEqualTo("would repair 0 mounts in 0 namespaces\n");
        assertThat(tool(next, "release", "--dry-run").ok())
            .doesNotContain(other.mountPoint() + " ");
        WatchingReader.assertSaw(List.of(reader), "live");
      }
    }
  }

  @Test
  void pods_that_began_on_the_hosts_files_get_their_own() {
    try (DaemonProcess daemon = DaemonProcess.serving("-Dpodproc.repair=false");
        Container pod = small(new Container.Builder().hostPid()).start()) {
      List<WatchingReader> reader =
          List.of(watch(pod, daemon, WatchingReader.TELLING, WatchingReader.PLACEHOLDERS));
      WatchingReader.await(reader, "host");
      assertThat(tool(daemon, "-Dpodproc.repair-placeholders=false", "repair").ok())
          .isEqualTo("repaired 0 mounts in 0 namespaces, 0 failed\n");
      assertThat(daemon.stop()).isZero();
      try (DaemonProcess next = another(daemon)) {
        WatchingReader.await(reader, "live");
        WatchingReader.assertSaw(reader, "host", "live");
        assertThat(repaired(next, "placeholder", canPutBeneath() ? "done" : "stacked"))
            .isEqualTo(2);
      }
    }
  }

  // ---- by hand ----

  @Test
  void tells_what_it_would_do_and_does_it_when_told_to() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container container = small(Container.of(killed)).start()) {
      List<WatchingReader> reader =
          List.of(
              watch(
                  container,
                  killed,
                  WatchingReader.files(killed, file -> true),
                  WatchingReader.PLAIN));
      WatchingReader.await(reader, "live");
      killed.kill();
      assertThat(tool(killed, "repair").text())
          .isEqualTo("podproc: no podproc serves " + killed.mountPoint() + "\n");
      try (DaemonProcess next = another(killed, "-Dpodproc.repair=false")) {
        String mounts = Machine.read("/proc/" + container.pid() + "/mountinfo");
        Output dry = tool(next, "repair", "--dry-run");
        assertThat(dry.ok().lines())
            .filteredOn(line -> line.matches("mnt:\\[\\d+\\] pid \\d+ in \\S+: /\\S+ dead"))
            .hasSameSizeAs(next.files());
        assertThat(dry.text())
            .contains("would repair " + next.files().size() + " mounts in 1 namespaces");
        assertThat(Machine.read("/proc/" + container.pid() + "/mountinfo")).isEqualTo(mounts);
        WatchingReader.assertSaw(reader, "live", "dead");
        assertThat(tool(next, "repair").ok())
            .contains("repaired " + next.files().size() + " mounts in 1 namespaces, 0 failed");
        WatchingReader.await(reader, "live");
        WatchingReader.assertSaw(reader, "live", "dead", "live");
        assertThat(next.output().lines()).hasSize(1);
      }
    }
  }

  @Test
  void releases_running_containers_to_the_hosts_files_without_an_error() {
    try (DaemonProcess daemon = DaemonProcess.serving();
        Container container = small(Container.of(daemon)).start();
        Container other = small(new Container.Builder()).start()) {
      List<WatchingReader> readers =
          List.of(
              watch(container, daemon, WatchingReader.TELLING, WatchingReader.PLAIN),
              watch(other, daemon, WatchingReader.TELLING, WatchingReader.DISTROLESS));
      WatchingReader.await(readers, "live");
      assertThat(tool(daemon, "release", "--dry-run").ok()).contains("would release ");
      assertThat(tool(daemon, "release").ok()).contains("released ", " namespaces, 0 failed");
      WatchingReader.await(readers, "host");
      WatchingReader.assertSaw(readers, "live", "host");
      assertThat(daemon.isMounted()).isFalse();
      assertThat(daemon.stop()).isZero();
    }
  }

  @Test
  void releases_what_a_killed_daemon_left_behind() {
    try (DaemonProcess killed = DaemonProcess.serving();
        Container container = small(Container.of(killed)).start()) {
      killed.kill();
      assertThat(tool(killed, "release").ok()).contains(" namespaces, 0 failed");
      assertThat(killed.isMounted()).isFalse();
      assertThat(container.memory("MemTotal"))
          .isEqualTo(Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal"));
    }
  }

  @Test
  void says_what_words_it_knows() {
    try (DaemonProcess daemon = DaemonProcess.serving()) {
      for (String[] words :
          new String[][] {{"repiar"}, {"repair", "--dryrun"}, {"release", "--dry-run", "now"}}) {
        assertThat(tool(daemon, words).status()).isEqualTo(2);
        assertThat(tool(daemon, words).text()).startsWith("usage: podproc-daemon");
      }
      assertThat(
              Command.run(
                      "setpriv",
                      "--bounding-set",
                      "-sys_admin",
                      "--inh-caps",
                      "-sys_admin",
                      Machine.checkout().resolve("daemon/bin/podproc-daemon").toString(),
                      "-Dpodproc.mount-point=" + daemon.mountPoint(),
                      "release")
                  .text())
          .startsWith("podproc: ")
          .contains("CAP_SYS_ADMIN");
      assertThat(daemon.isMounted()).isTrue();
    }
  }
}
