// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.delivery.Outcome;
import io.podproc.daemon.delivery.Outcome.Result;
import io.podproc.daemon.delivery.PodStatus.Reason;
import io.podproc.rules.CpuWish;
import io.podproc.rules.Shown;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CommandsTest {
  @TempDir Path root;
  private NodeFixture fixture;

  @BeforeEach
  void boot() {
    fixture = new NodeFixture(root);
  }

  private Reply reply(String command) throws Exception {
    return reply(command, true);
  }

  private Reply reply(String command, boolean delivers) throws Exception {
    Node node =
        fixture.node(delivers ? Optional.of(fixture.delivered(fixture.outcome)) : Optional.empty());
    Doctor doctor = Doctor.withoutDaemon(fixture.setup(Optional.of(root), root));
    return new Commands(node, doctor).answer(Arrays.asList(command.split(" ", -1)));
  }

  private String text(String command) throws Exception {
    Reply reply = reply(command);
    assertThat(reply.ending()).isEqualTo(Reply.Ending.FINE);
    return reply.text();
  }

  @Test
  void psListsContainers() throws Exception {
    assertThat(text("ps"))
        .isEqualTo(
            """
            POD             CONTAINER   CPUS   MEMORY       LOAD   FILES   AGE      PID
            shop/web-7d4f   app         2      64Mi/256Mi   1.5    node    16m40s   100
            shop/web-7d4f   log         2      64Mi/256Mi   -      none    1m0s     200
            """);
  }

  @Test
  void psIsThereForPrograms() throws Exception {
    assertThat(text("ps -o json"))
        .startsWith(
            "{\"containers\":[{\"podUid\":\"%s\",\"namespace\":\"shop\",\"pod\":\"web-7d4f\",\"container\":\"app\",\"id\":\"%s\",\"pid\":100,\"cpus\":2,\"cpuCapacity\":1.5,\"memoryUsedBytes\":67108864,\"memoryTotalBytes\":268435456,\"load\":[1.5,0.75,0.25],\"files\":\"node\",\"ageSeconds\":1000},"
                .formatted(NodeFixture.UID, NodeFixture.APP))
        .contains("],\"notLookedAt\":0,\"nodeHas\":{\"name\":\"n1\",\"cpus\":");
  }

  @Test
  void psOfWhatIsNotKnownNamesPodsByUid() throws Exception {
    assertThat(reply("ps", false).text()).contains(NodeFixture.UID + "   app ");
  }

  @Test
  void explainTellsOfEachFileAndOfEachLimitUpToTheRoot() throws Exception {
    String base = root.resolve("cgroup").toString();
    assertThat(text("explain web-7d4f/app").replace(base, ""))
        .isEqualTo(
            """
            container app of pod shop/web-7d4f
              id %1$s
              process 100, which began 16m40s ago; cgroup v2
              its namespace is labelled podproc.io/inject=enabled

            FILE            SHOWS           WHY
            /proc/meminfo   the container   brought by the node
            /proc/loadavg   the node        taken away since: the next look, each minute, brings it back
            /proc/uptime    the node        its pod does not ask for it, by the annotation podproc.io/files

            CPUs: 2, of which it may use 1.5
                  LIMIT      FILE                    SAYS            OF
                  no limit   cpu.max                 max 100000      %2$s/%1$s
              *   1.5        cpu.max                 150000 100000   %2$s
              *   3          cpuset.cpus.effective   0-2             %2$s/%1$s
              the node has 4: 0-3

            Memory: 256Mi, of which 64Mi are charged to it in %2$s/%1$s/memory.current
                  LIMIT      FILE         SAYS         OF
              *   256Mi      memory.max   268435456    %2$s/%1$s
                  no limit   memory.max   max          %2$s
                  no limit   memory.max   max          /kubepods/burstable
                  4Gi        memory.max   4294967296   /kubepods
              the node has 8Gi

            Swap: 0, of which 0 are used by it
                  LIMIT   FILE              SAYS   OF
              *   0       memory.swap.max   0      %2$s/%1$s
              the node has 0

            Load: 1.5 0.75 0.25, of its 7 threads, which podproc counts each few seconds
            Uptime: since process 100 began
            """
                .formatted(NodeFixture.APP, NodeFixture.POD));
  }

  @Test
  void explainIsThereForPrograms() throws Exception {
    assertThat(text("explain --pid 100 -o json"))
        .contains("\"decision\":\"namespace_label\"")
        .contains(
            "{\"path\":\"/proc/meminfo\",\"served\":true,\"shows\":\"the container\",\"by\":\"node\",\"why\":\"brought by the node\"}")
        .contains("\"cpus\":{\"visible\":2,\"capacity\":1.5,\"node\":4,")
        .contains("\"says\":\"150000 100000\",\"binds\":true,\"limit\":1.5}")
        .contains("\"totalBytes\":268435456,\"usedBytes\":67108864,\"nodeBytes\":8589934592");
  }

  @Test
  void whatItsPodAsksToBeShownIsToldAndCounts() throws Exception {
    fixture.shown(new Shown(new CpuWish(CpuWish.Kind.NUMBER, 0.5), OptionalLong.of(128L << 20)));

    assertThat(text("explain web-7d4f/app"))
        .contains("CPUs: 1, of which it may use 0.5\n")
        .contains("\n  podproc.io/cpus of its pod says 0.5\n  the node has 4: 0-3\n")
        .contains("Memory: 128Mi, of which 64Mi are charged to it in ")
        .contains("\n  podproc.io/memory of its pod says 128Mi\n  the node has 8Gi\n");
    assertThat(text("explain --pid 100 -o json"))
        .contains("\"asked\":{\"cpus\":\"0.5\",\"memoryBytes\":134217728}");
    assertThat(text("ps")).contains(" 1      64Mi/128Mi ");
  }

  private String why(String path) throws Exception {
    return reply("explain " + NodeFixture.UID + "/" + "a".repeat(12))
        .text()
        .lines()
        .filter(line -> line.startsWith(path + " "))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({
    "NOT_OPTED_IN, neither its pod nor its namespace is labelled podproc.io/inject=enabled",
    "OPTED_OUT, its pod or its namespace is labelled podproc.io/inject=disabled",
    "OWN_NAMESPACE, pods in podproc's own namespace get no files",
    "SYSTEM_NAMESPACE, pods in kube-system get no files",
    "INVALID_LABEL, the label podproc.io/inject of its pod is neither enabled nor disabled",
    "NOT_ATTACHABLE, its pod is annotated podproc.io/attach=disabled",
    "NAMESPACE_UNKNOWN, 'the labels of its namespace are not known yet: can this node reach the API server?'",
    "NAMESPACE_NOT_NAMED, 'its namespace is not named in delivery.node.namespaces, and labels do not count there'"
  })
  void explainTellsWhyAPodGetsNone(Reason reason, String why) throws Exception {
    fixture.mounts(100, "app", "");
    fixture.standing(reason, Set.of());
    assertThat(why("/proc/meminfo")).endsWith("the node   " + why);
  }

  @Test
  void explainTellsThatANamespaceIsNamed() throws Exception {
    fixture.standing(Reason.NAMESPACE_NAMED, Set.of("/proc/meminfo"));
    assertThat(text("explain web-7d4f/app"))
        .contains("\n  its namespace is named in delivery.node.namespaces\n");
    assertThat(text("explain --pid 100 -o json")).contains("\"decision\":\"namespace_named\"");
  }

  @ParameterizedTest
  @CsvSource({
    "REFUSED, refused: it is special",
    "SKIPPED, left out: it is special",
    "TIMED_OUT, 'failed, and is tried again each minute: it is special'",
    "FAILED, 'failed, and is tried again each minute: it is special'"
  })
  void explainTellsWhatCameOfTheLastVisit(Result result, String why) throws Exception {
    fixture.mounts(100, "app", "");
    fixture.outcome = new Outcome(result, "it is special", 0, 0);
    assertThat(why("/proc/meminfo")).endsWith("the node   " + why);
  }

  @ParameterizedTest
  @CsvSource({
    "'0:60 /proc/meminfo; /proc/meminfo ro,relatime; fuse.podproc /run/mount', 'the container mounted as it was made, by the webhook or by hand'",
    "'0:59 /proc/meminfo; /proc/meminfo ro,noatime; fuse.podproc /run/mount', 'an error its daemon is gone: the next repair brings it back'",
    "'0:3 /meminfo; /proc/meminfo ro; proc proc', 'the node a volume of the pod, and no daemon served as it started: the next repair brings it'",
    "'0:41 /meminfo; /proc/meminfo ro; proc proc', 'the node taken away since: the next look, each minute, brings it back'",
    "'0:99 /x; /proc/meminfo rw; tmpfs tmpfs', 'another mount tmpfs at /proc/meminfo is mounted over it, and stays'",
    "'0:60 /proc/meminfo; /proc/meminfo rw; fuse.podproc /other', 'another mount fuse.podproc at /proc/meminfo is mounted over it, and stays'"
  })
  void explainTellsWhatIsMounted(String mount, String why) throws Exception {
    String[] parts = mount.split("; ", -1);
    fixture.mounts(100, "app", "70 61 %s %s - %s rw\n".formatted(parts[0], parts[1], parts[2]));
    assertThat(why("/proc/meminfo").replaceAll(" +", " ")).isEqualTo("/proc/meminfo " + why);
  }

  @Test
  void explainOfANodeThatBringsNoneSaysSo() throws Exception {
    fixture.mounts(100, "app", "");
    assertThat(reply("explain --pid 100", false).text())
        .contains("this node brings no files (podproc.node-delivery): the webhook adds them");
  }

  @Test
  void aContainerWithMountsWithoutEndIsToldSo() throws Exception {
    fixture.mounts(100, "app", "70 61 0:9 / /mnt rw - tmpfs x rw\n".repeat(5000));
    assertThat(text("explain --pid 100"))
        .contains("it has more mounts than are looked at: what its files show can't be told");
    assertThat(text("ps").lines()).hasSize(3);
  }

  /** A terminal is to show what a container has named, and not to do it. */
  @Test
  void whatAContainerHasNamedBeginsNoLineAndMovesNoCursor() throws Exception {
    fixture.mounts(100, "app", "70 61 0:9 / /proc/meminfo rw - evil\u001b[2Jfs x rw\n");
    assertThat(text("explain --pid 100")).doesNotContain("\u001b").contains("evil\\u001b[2Jfs");
    assertThat(text("explain --pid 100 -o json")).contains("evil\\u001b[2Jfs");
  }

  @ParameterizedTest
  @CsvSource({
    "'', 'there is ps, explain and doctor'",
    "explain, 'explain what? POD, POD/CONTAINER or --pid N'",
    "explain web-7d4f --pid 1, 'explain what? POD, POD/CONTAINER or --pid N'",
    "explain web, no container of a pod web runs on this node: podproc ps lists them",
    "explain web-7d4f -n other, no container of a pod web-7d4f runs on this node: podproc ps lists them",
    "explain web-7d4f, 'several containers in shop/web-7d4f: choose one of web-7d4f/app, web-7d4f/log'",
    "explain web-7d4f/db, 'no container db in shop/web-7d4f: choose one of web-7d4f/app, web-7d4f/log'",
    "explain --pid 1, process 1 is in no container: it sees the node's own files",
    "explain --pid 77, there is no process 77 that can be looked at",
    "explain --pid -1, --pid needs the number of a process",
    "explain --pid, --pid needs the number of a process",
    "ps -o yaml, there is no output but -o json",
    "ps web, that takes no words but -o json",
    "doctor --pid 1, that takes no words but -o json",
    "ps --all, 'what does \"--all\" mean? podproc --help tells'"
  })
  void whatCanNotBeAnsweredIsOneLine(String command, String line) throws Exception {
    assertThat(reply(command)).isEqualTo(new Reply(Reply.Ending.REFUSED, line + "\n"));
  }

  @Test
  void podsOfOneNameAreToldApartByTheirNamespaces() throws Exception {
    fixture.namesake("2b4e28ba-2fa1-11d2-883f-0016d3cca427", "test");
    assertThat(reply("explain web-7d4f/app"))
        .isEqualTo(
            Reply.refused(
                "several pods are called web-7d4f, choose with -n: shop/web-7d4f, test/web-7d4f"));
    assertThat(text("explain web-7d4f/app -n shop")).startsWith("container app of pod shop/");
  }

  @Test
  void doctorWithoutADaemonSaysWhatToDo() throws Exception {
    fixture.kernel.write("proc/sys/kernel/osrelease", "6.1.0-32-amd64\n").process(9).comm("conmon");
    fixture.kernel.process(100).parent(9).at(NodeFixture.POD + "/" + NodeFixture.APP);
    Reply reply = reply("doctor");
    assertThat(reply.ending()).isEqualTo(Reply.Ending.BROKEN);
    assertThat(reply.text().lines().map(line -> line.replaceAll(" {2,}", "  ")))
        .contains(
            "daemon  broken  none answers here",
            "mount  degraded  /run/mount is mounted",
            "cgroups  ok  version 2",
            "cgroup driver  ok  cgroupfs",
            "runtime  ok  conmon",
            "kernel  ok  6.1.0-32-amd64",
            "FUSE_ALLOW_IDMAP  degraded  not there, by the kernel's version",
            "SELinux  ok  off",
            "settings  ok  swap=true",
            "to do, daemon: start it; its log says in one line why it does not start",
            "instead, FUSE_ALLOW_IDMAP: in pods with hostUsers: false attached files belong to nobody, as the kernel's own do, and none can be mounted as a volume");
    assertThat(reply("doctor -o json").text())
        .startsWith("{\"checks\":[{\"check\":\"daemon\",\"state\":\"broken\"");
  }

  private List<String> examined(Path answering) throws Exception {
    return Doctor.withoutDaemon(fixture.setup(Optional.empty(), answering))
        .examine(false)
        .text()
        .lines()
        .map(line -> line.replaceAll(" {2,}", "  "))
        .toList();
  }

  @Test
  void doctorTellsADaemonThatCanNotBeAskedFromNone() throws Exception {
    assertThat(examined(Files.writeString(root.resolve("file"), "MemTotal: 1 kB\n")))
        .contains(
            "daemon  degraded  a daemon serves, but can't be asked without podproc.run-directory",
            "mount  ok  /run/mount answers",
            "instead, daemon: what only it knows is in its log and its metrics");
    assertThat(examined(root.resolve("none")))
        .contains(
            "daemon  broken  none answers here",
            "mount  broken  /run/mount is dead",
            "to do, mount: delete the daemon's pod: the next one repairs it");
    fixture.kernel.write("proc/self/mountinfo", "");
    assertThat(examined(root.resolve("none")))
        .contains(
            "daemon  broken  none answers here",
            "mount  ok  none at /run/mount: pods see the node's own files");
  }

  @Test
  void doctorAdvisesWhereMountsCanNotBeTold() throws Exception {
    Path proc = fixture.kernel.path("proc");
    Files.delete(proc.resolve("self/mountinfo"));
    assertThat(reply("doctor").text())
        .containsPattern("mount +broken +can't be told: .*mountinfo\\n")
        .contains("\nto do, mount: mount the node's /proc at " + proc + "\n");
  }

  private List<String> delivery(Result... results) throws Exception {
    Outcome[] outcomes =
        Arrays.stream(results).map(result -> new Outcome(result, "", 0, 0)).toArray(Outcome[]::new);
    return Doctor.of(
            fixture.setup(Optional.empty(), root), fixture.serving(fixture.delivered(outcomes)))
        .examine(false)
        .text()
        .lines()
        .filter(line -> line.startsWith("delivery "))
        .map(line -> line.replaceAll(" {2,}", "  "))
        .toList();
  }

  @Test
  void whatHasFailedOnceAndDoesNoMoreIsFine() throws Exception {
    String knows = "delivery  %s  knows 1 of 1 pods that run here%s";
    assertThat(delivery(Result.FAILED, Result.DONE)).containsExactly(knows.formatted("ok", ""));
    for (Result result : List.of(Result.FAILED, Result.TIMED_OUT)) {
      assertThat(delivery(Result.DONE, result))
          .containsExactly(
              knows.formatted(
                  "degraded", ", and failed at its last visit to 1 of their containers"));
    }
  }

  @Test
  void sizesAndTimesAreShort() {
    assertThat(List.of(Table.bytes(0), Table.bytes(1023), Table.bytes(1536), Table.bytes(5L << 40)))
        .containsExactly("0", "1023", "1.5Ki", "5Ti");
    assertThat(List.of(Table.time(59), Table.time(60), Table.time(3661), Table.time(90_000)))
        .containsExactly("59s", "1m0s", "1h1m", "1d1h");
  }
}
