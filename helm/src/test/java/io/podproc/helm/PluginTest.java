// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code kubectl podproc}, with a stand-in of kubectl that answers as an API server would. */
@Timeout(120)
class PluginTest {
  private static final Path PLUGIN =
      Readme.ROOT.resolve("kubectl/kubectl-podproc").toAbsolutePath().normalize();

  /** As kubectl says it of a port that it chose. */
  private static final String FORWARDING =
      "Forwarding from 127.0.0.1:40123 -> 9462\nHandling connection for 40123\n";

  /** Who runs it instead of its first line: -Dplugin.bash=PATH, of 3.2 as macOS has it. */
  private static final List<String> BASH =
      Stream.ofNullable(System.getProperty("plugin.bash")).toList();

  @TempDir Path folder;
  private Path calls;

  /** What it says is in files: pod, daemons, wanted, exec; what each ends with, in *.status. */
  @BeforeEach
  void standIn() throws IOException {
    calls = folder.resolve("calls");
    Path kubectl =
        Files.writeString(
            folder.resolve("kubectl"),
            """
            #!/bin/bash
            cd "${0%/*}"
            printf '%s\\n' "$*" >>calls
            case " $* " in
              *' exec '*) what=exec ;;
              *' get pods '*) what=daemons ;;
              *' get daemonsets '*) what=wanted ;;
              *' get pod '*) what=pod ;;
              *' port-forward '*) what=forward ;;
              *) echo "error: unknown command" >&2; exit 1 ;;
            esac
            status=$(cat $what.status 2>/dev/null || echo 0)
            if ((status)) && [[ ! -e $what.stdout ]]; then cat $what >&2; else cat $what; fi
            if [[ $what == forward && -e stays ]]; then rm stays; exec sleep 60; fi
            [[ $what != exec || $status == 0 ]] || echo "command terminated with exit code $status" >&2
            exit $status
            """);
    Path _ = Files.setPosixFilePermissions(kubectl, PosixFilePermissions.fromString("rwxr-xr-x"));
    says("pod", "node-1|Running|1b4e28ba-uid|");
    says("daemons", daemon("node-1", "podproc-daemon-abc"));
    says("wanted", "1");
    says("exec", "container app of pod shop/web\n");
    says("forward", FORWARDING);
  }

  /** A line of what the plugin asks kubectl for, of a daemon that serves. */
  private static String daemon(String node, String pod) {
    return daemon(node, pod, "2026-11-30T10:00:00Z", "True", "");
  }

  /**
   * One of which less can be said.
   *
   * @param since when its container began, empty if it does not run
   * @param ends when it was told to end, or empty
   */
  private static String daemon(String node, String pod, String since, String ready, String ends) {
    return String.join("|", node, node, pod, since, ready, ends, "", "Running") + "\n";
  }

  private void says(String what, String text) throws IOException {
    Path _ = Files.writeString(folder.resolve(what), text);
  }

  private void fails(String what, int status, String error) throws IOException {
    says(what, error + "\n");
    says(what + ".status", Integer.toString(status));
  }

  /** What came of it: the exit status, and all that was said. */
  private record Said(int status, String out, String err) {}

  private Said podproc(String... words) throws IOException, InterruptedException {
    Process process = start(words);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return said(process.exitValue());
  }

  private Process start(String... words) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Stream.of(BASH.stream(), Stream.of(PLUGIN.toString()), Stream.of(words))
                    .flatMap(each -> each)
                    .toList())
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(folder.resolve("err").toFile());
    String path = builder.environment().getOrDefault("PATH", "/usr/bin:/bin");
    builder.environment().put("PATH", folder + ":" + path);
    builder.environment().remove("PODPROC_NAMESPACE");
    return builder.start();
  }

  private Said said(int status) throws IOException {
    return new Said(
        status, Files.readString(folder.resolve("out")), Files.readString(folder.resolve("err")));
  }

  private List<String> calls() throws IOException {
    return Files.readAllLines(calls);
  }

  @Test
  void asksTheDaemonOnThePodsNodeByThePodsUid() throws Exception {
    Said said = podproc("explain", "-n", "shop", "web/app", "-o", "json", "--context=prod");
    assertThat(said).isEqualTo(new Said(0, "container app of pod shop/web\n", ""));
    assertThat(calls())
        .hasSize(3)
        .allSatisfy(call -> assertThat(call).startsWith("--context prod "));
    assertThat(calls().get(0)).contains("get pod web -n shop ");
    assertThat(calls().get(1))
        .contains(
            "get pods -n podproc -l app.kubernetes.io/name=podproc,app.kubernetes.io/component=daemon",
            "--field-selector spec.nodeName=node-1 ");
    assertThat(calls().get(2))
        .isEqualTo(
            "--context prod exec -n podproc podproc-daemon-abc -c daemon --"
                + " /opt/podproc/podproc explain 1b4e28ba-uid/app -o json");
  }

  @Test
  void aStaticPodIsKnownByItsMirror() throws Exception {
    says("pod", "node-1|Running|1b4e28ba-uid|0123456789abcdef0123456789abcdef");
    assertThat(podproc("explain", "etcd").status()).isZero();
    assertThat(calls().getLast()).endsWith("explain 0123456789abcdef0123456789abcdef");
  }

  @Test
  void asksAllNodesWhereNoneIsNamed() throws Exception {
    says(
        "daemons", daemon("node-1", "podproc-daemon-abc") + daemon("node-2", "podproc-daemon-def"));
    says("exec", "POD\n");
    assertThat(podproc("ps")).isEqualTo(new Said(0, "node node-1\nPOD\nnode node-2\nPOD\n", ""));
    says("exec", "{\"containers\":[]}\n");
    assertThat(podproc("ps", "-o", "json").out())
        .isEqualTo(
            "{\"node\":\"node-1\",\"containers\":[]}\n{\"node\":\"node-2\",\"containers\":[]}\n");
    assertThat(calls()).anyMatch(call -> call.contains("exec -n podproc podproc-daemon-def "));
  }

  /** Whoever asks of all nodes must not take silence for health. */
  @ParameterizedTest
  @CsvSource({
    "'|node-2|podproc-daemon-def|||||Pending', Pending",
    "'node-2|node-2|podproc-daemon-def|||||Pending', Pending",
    "'node-2|node-2|podproc-daemon-def||False||ImagePullBackOff|Pending', ImagePullBackOff",
    "'node-2|node-2|podproc-daemon-def||False||CrashLoopBackOff|Running', CrashLoopBackOff",
    "'node-2|node-2|podproc-daemon-def||False||OOMKilled|Running', OOMKilled",
    "'node-2|node-2|podproc-daemon-def|||||Failed', Failed"
  })
  void aNodeWhoseDaemonDoesNotRunIsNamed(String pod, String why) throws Exception {
    says("daemons", daemon("node-1", "podproc-daemon-abc") + pod + "\n");
    says("wanted", "2");
    says("exec", "POD\n");
    Said said =
        new Said(
            1, "node node-1\nPOD\n", "podproc: node node-2: no daemon runs there (" + why + ")\n");
    assertThat(podproc("doctor")).isEqualTo(said);
    assertThat(podproc("ps")).isEqualTo(said);
    assertThat(podproc("ps", "-o", "json"))
        .extracting(Said::status, Said::err)
        .containsExactly(1, said.err);
  }

  @Test
  void aNodeWithoutEvenAPodIsCounted() throws Exception {
    says("wanted", "3");
    says("exec", "POD\n");
    assertThat(podproc("doctor"))
        .isEqualTo(
            new Said(
                1,
                "node node-1\nPOD\n",
                "podproc: of 3 nodes that should have a daemon 2 have no pod for it:"
                    + " kubectl -n podproc describe daemonset\n"));
    fails("wanted", 1, "Error from server (Forbidden): daemonsets.apps is forbidden");
    assertThat(podproc("doctor")).isEqualTo(new Said(0, "node node-1\nPOD\n", ""));
  }

  /** An upgrade starts the next daemon beside the one that ends. */
  @ParameterizedTest
  @CsvSource({
    "podproc-daemon-old 2026-11-30T10:00:00Z True -, podproc-daemon-new 2026-11-30T11:00:00Z False -, old",
    "podproc-daemon-old 2026-11-30T10:00:00Z True 2026-11-30T11:00:00Z, podproc-daemon-new 2026-11-30T11:00:00Z True -, new",
    "podproc-daemon-new 2026-11-30T11:00:00Z True -, podproc-daemon-old 2026-11-30T10:00:00Z True 2026-11-30T11:00:00Z, new",
    "podproc-daemon-old 2026-11-30T10:00:00Z False 2026-11-30T11:00:00Z, podproc-daemon-new - False -, old",
    "podproc-daemon-new - False -, podproc-daemon-old 2026-11-30T10:00:00Z True 2026-11-30T11:00:00Z, old",
    "podproc-daemon-old 2026-11-30T10:00:00Z False 2026-11-30T11:00:00Z, podproc-daemon-new 2026-11-30T11:00:00Z False -, new"
  })
  void ofTwoDaemonsOnANodeTheOneThatServesIsAsked(String one, String other, String asked)
      throws Exception {
    says("daemons", daemonOf(one) + daemonOf(other));
    says("exec", "POD\n");
    assertThat(podproc("ps")).isEqualTo(new Said(0, "node node-1\nPOD\n", ""));
    assertThat(podproc("ps", "node-1")).isEqualTo(new Said(0, "POD\n", ""));
    assertThat(calls().stream().filter(call -> call.startsWith("exec ")).toList())
        .hasSize(2)
        .allSatisfy(call -> assertThat(call).contains(" podproc-daemon-" + asked + " "));
  }

  private static String daemonOf(String words) {
    String[] each = words.replaceAll(" -(?= |$)", " ").split(" ", -1);
    return daemon("node-1", each[0], each[1], each[2], each[3]);
  }

  @Test
  void whatIsBrokenIsToldAndItsStatusIsPassedOn() throws Exception {
    says("exec", "CHECK broken\n");
    says("exec.status", "1");
    says("exec.stdout", "");
    assertThat(podproc("doctor", "node-1")).isEqualTo(new Said(1, "CHECK broken\n", ""));
    assertThat(podproc("doctor").status()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "pod, 'Error from server (NotFound): pods \"web\" not found', there is no pod web in namespace shop",
    "pod, 'Error from server (Forbidden): pods \"web\" is forbidden: User \"x\" cannot get', 'pod web can''t be looked at: (Forbidden): pods \"web\" is forbidden: User \"x\" cannot get'",
    "pod, 'The connection to the server localhost:8080 was refused', 'pod web can''t be looked at: The connection to the server localhost:8080 was refused'",
    "daemons, 'Error from server (Forbidden): pods is forbidden', 'the daemons can''t be looked for: (Forbidden): pods is forbidden'",
    "exec, 'Error from server (Forbidden): pods \"podproc-daemon-abc\" is forbidden: User \"x\" cannot create resource \"pods/exec\"', you are not allowed to exec in pods of namespace podproc",
    "exec, 'error: exec failed: \"/opt/podproc/podproc\": stat: no such file or directory', the daemon on node node-1 is of a version before this command",
    "exec, 'error: unable to upgrade connection: container not found', 'the daemon on node node-1 can''t be asked: error: unable to upgrade connection: container not found'"
  })
  void errorsAreOneLine(String where, String error, String line) throws Exception {
    fails(where, 1, error);
    assertThat(podproc("explain", "web", "-n", "shop"))
        .isEqualTo(new Said(1, "", "podproc: " + line + "\n"));
  }

  /** As kubectl logs and exec take it. */
  @Test
  void whatIsNoPodIsTold() throws Exception {
    fails("pod", 1, "Error from server (NotFound): pods \"deploy\" not found");
    assertThat(podproc("explain", "deploy/web", "-n", "shop").err())
        .isEqualTo("podproc: explain takes a pod: kubectl get pods -n shop lists those of web\n");
    assertThat(podproc("explain", "ds/log").err())
        .isEqualTo("podproc: explain takes a pod: kubectl get pods lists those of log\n");
  }

  @Test
  void aPodMayBeNamedAsKubectlPrintsIt() throws Exception {
    assertThat(podproc("explain", "pod/web/app", "-n", "shop").status()).isZero();
    assertThat(calls().getFirst()).contains("get pod web ");
    assertThat(calls().getLast()).contains("explain 1b4e28ba-uid/app");
  }

  @Test
  void whatTheDaemonSaysOfAnErrorIsSaidOnce() throws Exception {
    fails("exec", 2, "podproc: several containers in shop/web: choose one of web/app, web/log");
    assertThat(podproc("explain", "web"))
        .isEqualTo(
            new Said(
                2,
                "",
                "podproc: several containers in shop/web: choose one of web/app, web/log\n"));
  }

  @Test
  void aNodeWithoutADaemonAndAPodThatDoesNotRunAreToldSo() throws Exception {
    says("daemons", "");
    assertThat(podproc("explain", "web").err())
        .isEqualTo("podproc: no daemon of podproc runs on node node-1 (in namespace podproc)\n");
    assertThat(podproc("ps").err())
        .isEqualTo("podproc: no daemon of podproc runs in namespace podproc\n");
    says("daemons", "node-1|node-1|podproc-daemon-abc||False||CrashLoopBackOff|Running\n");
    assertThat(podproc("explain", "web").err())
        .isEqualTo(
            "podproc: no daemon of podproc runs on node node-1 (in namespace podproc):"
                + " its pod is CrashLoopBackOff\n");
    says("pod", "|Pending|uid|");
    assertThat(podproc("explain", "web").err()).isEqualTo("podproc: pod web is on no node yet\n");
    says("pod", "node-1|Succeeded|uid|");
    assertThat(podproc("explain", "web").err())
        .isEqualTo("podproc: pod web does not run: it is Succeeded\n");
  }

  /** A pod is Pending as long as its init containers run. */
  @Test
  void aPodWhoseInitContainersRunIsExplained() throws Exception {
    says("pod", "node-1|Pending|1b4e28ba-uid|");
    assertThat(podproc("explain", "web/init"))
        .isEqualTo(new Said(0, "container app of pod shop/web\n", ""));
    assertThat(calls().getLast()).endsWith("explain 1b4e28ba-uid/init");
    String none =
        "podproc: no container of a pod 1b4e28ba-uid runs on this node: podproc ps lists them";
    fails("exec", 2, none);
    assertThat(podproc("explain", "web"))
        .isEqualTo(
            new Said(
                2,
                "",
                "podproc: no container of pod web, which is Pending, runs on node node-1\n"));
    says("pod", "node-1|Running|1b4e28ba-uid|");
    assertThat(podproc("explain", "web").err())
        .isEqualTo("podproc: no container of pod web runs on node node-1\n");
  }

  @ParameterizedTest
  @CsvSource({
    "explain, 'explain what? POD or POD/CONTAINER'",
    "explain /app, 'explain what? POD or POD/CONTAINER'",
    "ps -n, -n needs a value",
    "ps -o yaml, there is no output but -o json",
    "ps --all, 'what does \"--all\" mean? kubectl podproc --help tells'",
    "ui, 'the page of which node? kubectl podproc ui NODE'",
    "ui n1 --port 0, there is no port 0",
    "ui n1 --port 65536, there is no port 65536",
    "ui n1 -o json, 'the page is no output: kubectl podproc ps n1 -o json'",
    "ps n1 --open, --port and --open are of ui",
    "explain a b, 'what does \"b\" mean? kubectl podproc --help tells'"
  })
  void whatMakesNoSenseAsksNobody(String command, String line) throws Exception {
    assertThat(podproc(command.split(" ", -1)))
        .isEqualTo(new Said(2, "", "podproc: " + line + "\n"));
    assertThat(calls).doesNotExist();
  }

  // ---- the page ----

  private void await(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.sleep(20);
    }
  }

  private long count(String file, String text) {
    try (Stream<String> lines = Files.lines(folder.resolve(file))) {
      return lines.filter(line -> line.contains(text)).count();
    } catch (IOException e) {
      return 0; // not yet there
    }
  }

  @Test
  void itSaysWhereThePageIsAndEndsWhatForwardsWithItself() throws Exception {
    says("stays", "");
    Process process = start("ui", "node-1", "--context=prod");
    await(
        () -> count("out", "http://127.0.0.1:40123/ is the page of node node-1, until Ctrl-C") > 0);
    List<ProcessHandle> forwarding = process.descendants().toList();
    assertThat(forwarding).isNotEmpty();
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(143);
    for (ProcessHandle each : forwarding) {
      ProcessHandle _ = each.onExit().get(20, TimeUnit.SECONDS);
    }
    assertThat(said(143).err()).isEmpty();
    assertThat(calls().getFirst()).contains("--field-selector spec.nodeName=node-1 ");
    assertThat(calls().getLast())
        .isEqualTo(
            "--context prod port-forward --address 127.0.0.1 -n podproc pod/podproc-daemon-abc :ui");
  }

  /** A daemon's pod is replaced in an upgrade, and for a while there may be none. */
  @Test
  void thePageGoesOnWithTheNextDaemonAtTheSamePort() throws Exception {
    Process process = start("ui", "node-1");
    try {
      await(() -> count("calls", "port-forward ") > 0);
      says("daemons", "");
      await(() -> count("calls", "get pods ") > 2);
      says("stays", "");
      says("daemons", daemon("node-1", "podproc-daemon-def"));
      await(() -> count("calls", "pod/podproc-daemon-def") > 0);
    } finally {
      process.destroy();
      assertThat(process.waitFor()).isEqualTo(143);
    }
    assertThat(calls().getLast()).endsWith(" pod/podproc-daemon-def 40123:ui");
    assertThat(said(143))
        .isEqualTo(
            new Said(
                143,
                "http://127.0.0.1:40123/ is the page of node node-1, until Ctrl-C\n",
                "podproc: the connection to node node-1 is lost, and tried again each 2 s\n"));
  }

  @Test
  void itOpensABrowserWhereThatIsAskedFor() throws Exception {
    Path browser =
        Files.writeString(
            folder.resolve("xdg-open"), "#!/bin/sh\necho \"browser $1\" >>${0%/*}/calls\n");
    Path _ = Files.setPosixFilePermissions(browser, PosixFilePermissions.fromString("rwxr-xr-x"));
    says("stays", "");
    Process process = start("ui", "node-1", "--open", "--port", "8080");
    try {
      await(() -> count("calls", "browser ") > 0);
    } finally {
      process.destroy();
      assertThat(process.waitFor()).isEqualTo(143);
    }
    assertThat(calls())
        .contains(
            "browser http://127.0.0.1:40123/",
            "port-forward --address 127.0.0.1 -n podproc pod/podproc-daemon-abc 8080:ui");
  }

  @ParameterizedTest
  @CsvSource({
    "'Error from server (Forbidden): pods \"x\" is forbidden: User \"y\" cannot create resource \"pods/portforward\"', you are not allowed to forward ports of pods in namespace podproc",
    "'error: Pod ''podproc-daemon-abc'' does not have a named port ''ui''', 'the daemon on node node-1 has no page: daemon.uiPort is 0, or it is of a version before it'",
    "'error: unable to listen on any of the requested ports: [{8080 9462}]', port 8080 of this machine is taken",
    "'error: unable to upgrade connection: pod not found', 'the daemon on node node-1 can''t be reached: unable to upgrade connection: pod not found'"
  })
  void whyThereIsNoPageIsOneLine(String error, String line) throws Exception {
    fails("forward", 1, error);
    assertThat(podproc("ui", "node-1", "--port=8080"))
        .isEqualTo(new Said(1, "", "podproc: " + line + "\n"));
  }

  @Test
  void aNodeWithoutADaemonHasNoPage() throws Exception {
    says("daemons", "");
    assertThat(podproc("ui", "node-1"))
        .isEqualTo(
            new Said(
                1,
                "",
                "podproc: no daemon of podproc runs on node node-1 (in namespace podproc)\n"));
  }

  /**
   * macOS has bash 3.2. Only that can say what it knows: this holds what has gone wrong before, and
   * -Dplugin.bash=PATH runs all tests here by one.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        ";;?&", // 4.0
        "[|]&|&>>|\\bcoproc\\b|\\b(mapfile|readarray)\\b|(declare|local) -[An]", // 4.0, 4.3
        "\\$\\{\\w+(\\^|,)", // 4.0
        "exec \\{\\w+\\}", // 4.1
        "[@?*+!]\\(\\w+\\|", // patterns, without shopt before 4.1
        "\\[\\[ -v |\\[-1\\]", // 4.2, 4.3
        "\"\\$\\{(?!kubectl)\\w+\\[@\\]\\}\"", // with no element unset before 4.4
        "\\$\\{\\w+@", // 4.4
        "grep [^|]*\\\\[|s]", // of GNU
      })
  void itIsWrittenForBashOfMacOs(String newer) throws IOException {
    assertThat(Files.readAllLines(PLUGIN))
        .filteredOn(line -> !line.strip().startsWith("#"))
        .noneMatch(line -> Pattern.compile(newer).matcher(line).find());
  }

  @Test
  void itsManifestNamesWhatAReleaseMakes() throws IOException {
    String manifest = Files.readString(Readme.ROOT.resolve("kubectl/podproc-krew.yaml"));
    String release = Files.readString(Readme.ROOT.resolve("deploy/release"));
    assertThat(manifest).contains("bin: " + PLUGIN.getFileName(), "sha256: SHA256");
    assertThat(manifest).contains("/kubectl-podproc-VERSION.tar.gz");
    assertThat(release).contains("plugin=kubectl-podproc-$version.tar.gz");
  }
}
