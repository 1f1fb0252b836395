// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.DaemonProcess.Start;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/**
 * The page of a node in a browser: a daemon in a network of its own, as a pod has it, with real
 * containers. {@code -Dpicture.update=true} takes the pictures in docs anew.
 */
@Timeout(300)
class PageIT {
  private static final int PORT = 9462;
  private static final String TOP = "/" + Container.uniqueName();
  private static final String OWN =
      TOP + "/kubepods/burstable/pod" + UUID.randomUUID() + "/" + "d".repeat(64);
  private static final String BUSY =
      "while :; do n=0; while [ $n -lt 20000 ]; do n=$((n+1)); done; cat /proc/loadavg >/dev/null; %s done";

  @TempDir static Path folder;
  private static final List<PodOfOne> PODS = new ArrayList<>();
  private static Path logs;
  private static DaemonProcess daemon;
  private static ForwardedPort forwarded;
  private static Browser browser;

  @BeforeAll
  static void start() throws IOException {
    Requirements.mount();
    for (String tool : List.of("python3", "busybox", "ip", "chromium", "chromedriver")) {
      Requirements.tool(tool);
    }
    Path run = Files.createDirectory(folder.resolve("run"));
    Path _ = Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx------"));
    logs = Files.createDirectory(folder.resolve("logs"));
    Container.limitCgroup(OWN);
    String join =
        Machine.cgroups(OWN).stream()
            .map(path -> "echo $$ >" + path + "/cgroup.procs; ")
            .collect(Collectors.joining());
    daemon =
        Start.with(
                "-Dpodproc.ui-port=" + PORT,
                "-Dpodproc.run-directory=" + run,
                "-Dpodproc.node-name=worker-1",
                "-Dpodproc.node-label=false",
                "-Dpodproc.node-delivery=true",
                "-Dpodproc.delivery-namespaces=shop",
                "-Dpodproc.pod-logs=" + logs)
            .within(
                "unshare",
                "--net",
                "bash",
                "-ec",
                "ip link set lo up; " + join + "exec \"$@\"",
                "bash")
            .launch();
    DaemonProcess _ = daemon.awaitServing();
    PodOfOne web = pod("shop", "web-7d4f9c6b5-x2x7k", "0.5");
    Process _ = web.start(BUSY.formatted("usleep 30000;"));
    Process _ =
        pod("shop", "orders-0", "1.5")
            .start("x=$(yes | head -c 24000000); " + BUSY.formatted("usleep 900000;"));
    Process _ =
        pod("other", "batch-29f", "0.25")
            .start("x=$(yes | head -c 9000000); " + BUSY.formatted("sleep 1;"));
    forwarded = new ForwardedPort(0, daemon.pid(), PORT);
    browser = new Browser();
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    if (forwarded != null) {
      forwarded.close();
    }
    PODS.forEach(PodOfOne::close);
    if (daemon != null) {
      daemon.close();
      Container.removeCgroup(OWN);
      Container.removeCgroup(TOP);
    }
  }

  /** Of one container with 64 MiB, and so many CPUs. */
  private static PodOfOne pod(String namespace, String name, String cpus) throws IOException {
    String uid = UUID.randomUUID().toString();
    Path _ = Files.createDirectory(logs.resolve(namespace + "_" + name + "_" + uid));
    Container.limitCgroup(TOP + "/kubepods/burstable/pod" + uid, "--cpus", cpus);
    PodOfOne pod = new PodOfOne(TOP, uid, "masked");
    PODS.add(pod);
    return pod;
  }

  private static String url() {
    return "http://localhost:" + forwarded.port() + "/";
  }

  @BeforeEach
  void open() {
    browser.prefer("light");
    browser.open(url());
    Command.eventually(() -> assertThat(browser.text("#rows")).contains("shop/orders-0"));
  }

  /** The text of the row of a pod, in one line; empty where there is none. */
  private static String row(String pod) {
    return rows().stream().filter(row -> row.contains(pod + " ")).findFirst().orElse("");
  }

  private static List<String> rows() {
    Object texts =
        browser.script("return [...document.querySelectorAll('#rows .row')].map(r => r.innerText)");
    return ((List<?>) texts).stream().map(text -> text.toString().replaceAll("\\s+", " ")).toList();
  }

  private static String nodeMemory() {
    double bytes = 1024.0 * Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal");
    return String.format(Locale.ROOT, "%.1fGi", bytes / (1 << 30)).replace(".0Gi", "Gi");
  }

  @Test
  void each_row_shows_what_its_container_sees_beside_what_the_node_has() {
    String cpus = Command.run("getconf", "_NPROCESSORS_ONLN").ok().strip();
    String memory = nodeMemory();
    assertThat(browser.text("#name")).isEqualTo("worker-1");
    assertThat(browser.text("#node")).contains(cpus, "of " + memory);
    Command.eventually(() -> {
      String web = row("shop/web-7d4f9c6b5-x2x7k");
      assertThat(web)
          .contains(" 1 may use 0.5 node " + cpus + " ")
          .containsPattern("[0-9.]+Mi of 64Mi node " + memory)
          .contains(" by node sees itself ");
      assertThat(row("shop/orders-0")).contains(" 2 may use 1.5 node " + cpus + " ");
      // What it reads is the node's, and what it could see is told beside it.
      assertThat(row("other/batch-29f"))
          .contains(" " + cpus + " its own 0.25 ")
          .containsPattern("[0-9.]+Mi of " + memory + " its own 64Mi")
          .contains(" none sees the node ");
    });
  }

  /** What a program of the container reads is what its row says. */
  @Test
  void a_row_says_what_the_container_reads() throws IOException {
    Process reading = PODS.getFirst().start("cat /proc/meminfo /sys/devices/system/cpu/online");
    String read = new String(reading.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(Output.kilobytes(read, "MemTotal")).isEqualTo(64 * 1024);
    assertThat(read).endsWith("\n0\n");
    assertThat(row("shop/web-7d4f9c6b5-x2x7k")).contains(" 1 may use 0.5 ", "Mi of 64Mi ");
  }

  @Test
  void loads_and_memory_are_plotted_as_they_come() {
    Command.await(
        "a load, and some values of it",
        Machine.deadline(60),
        () -> points() > 3 && !row("shop/web-7d4f9c6b5-x2x7k").contains(" – "));
    int before = points();
    Command.eventually(() -> assertThat(points()).isGreaterThan(before));
    assertThat(
            browser.script(
                "return document.querySelector('#rows .spark.load[aria-label]').ariaLabel"))
        .asString()
        .matches("Load of the last minutes: [0-9.]+ to [0-9.]+");
  }

  private static int points() {
    Object path =
        browser.script(
            "return document.querySelector('#rows .spark.memory path:not(.area)')"
                + ".getAttribute('d').split('L').length");
    return ((Number) path).intValue();
  }

  @Test
  void a_container_is_explained_by_keys_alone() {
    for (int i = 0; i < 8 && !browser.focus().equals("main"); i++) {
      browser.press(Keys.TAB);
    }
    browser.press(Keys.HOME);
    browser.press(Keys.ARROW_DOWN);
    browser.press(Keys.ARROW_UP);
    browser.press(Keys.ARROW_DOWN);
    String pod = focusedPod();
    assertThat(browser.text(".why")).isEmpty();
    browser.press(Keys.ENTER);
    Command.eventually(() ->
        assertThat(browser.text(".why"))
            .contains("delivery.node.namespaces", "/proc/meminfo", "64Mi", "★"));
    assertThat(browser.count("[aria-expanded=true]")).isEqualTo(1);
    assertThat(focusedPod()).isEqualTo(pod).startsWith("shop/");
    browser.press(Keys.ESCAPE);
    assertThat(browser.text(".why")).isEmpty();
    assertThat(browser.count("[aria-expanded=true]")).isZero();
    assertThat(focusedPod()).isEqualTo(pod);
  }

  private static String focusedPod() {
    return browser
        .script(
            "return document.activeElement.closest('.row')?.querySelector('.pod').innerText ?? ''")
        .toString();
  }

  @Test
  void a_click_explains_and_names_are_filtered() {
    browser.press("/", "batch");
    assertThat(browser.text("#count")).isEqualTo("1 of " + rows().size());
    browser.click("#rows .row:not([hidden]) .pod");
    Command.eventually(() ->
        assertThat(browser.text(".why:not([hidden])"))
            .containsIgnoringCase("its namespace is not named in delivery.node.namespaces")
            .contains("0 of ", "show the node"));
  }

  @Test
  void a_name_with_markup_is_a_text() throws IOException {
    String name = "<img src=x onerror=document.title='owned'><b>bold";
    try (PodOfOne _ = pod("shop", name, "1")) {
      Command.eventually(() -> assertThat(browser.text("#rows")).contains("shop/" + name));
      assertThat(browser.count("#rows img, #rows b, #rows script")).isZero();
      assertThat(browser.title()).isEqualTo("worker-1 · podproc");
    } finally {
      PODS.removeLast();
    }
    Command.eventually(() -> assertThat(browser.text("#rows")).doesNotContain("bold"));
  }

  @Test
  void it_is_dark_where_that_is_preferred() {
    Object light = colours();
    browser.prefer("dark");
    assertThat(colours()).isNotEqualTo(light);
  }

  private static Object colours() {
    return browser.script(
        "return [document.body, document.querySelector('.figure')].map(e => getComputedStyle(e))"
            + ".map(style => style.backgroundColor + style.color).join()");
  }

  @Test
  void it_asks_nobody_but_the_daemon_and_nothing_is_refused_by_its_policy() {
    List<String> _ = browser.requests();
    List<String> _ = browser.errors();
    browser.open(url());
    Set<String> asked = new HashSet<>();
    Command.eventually(() -> {
      asked.addAll(browser.requests());
      assertThat(asked).contains(url(), url() + "page.js", url() + "page.css", url() + "ps");
    });
    assertThat(asked).allMatch(request -> request.startsWith(url()));
    assertThat(browser.errors()).isEmpty();
  }

  @Test
  void where_the_daemon_is_gone_one_line_says_so_until_it_is_back() {
    int port = forwarded.port();
    assertThat(browser.text("#banner")).isEmpty();
    forwarded.close();
    Command.eventually(() ->
        assertThat(browser.text("#banner"))
            .matches(
                "The daemon has not answered for \\d+ s \\(.*\\)\\. Asking again every 2 s\\."));
    assertThat(browser.text("#rows")).contains("shop/orders-0");
    forwarded = new ForwardedPort(port, daemon.pid(), PORT);
    Command.eventually(() -> assertThat(browser.text("#banner")).isEmpty());
  }

  @Test
  void nobody_else_reaches_it_and_there_is_none_in_the_nodes_own_network() throws IOException {
    assertThat(reached(PORT)).isFalse();
    int port = DaemonProcess.freePort();
    try (DaemonProcess beside = DaemonProcess.serving("-Dpodproc.ui-port=" + port)) {
      Command.await(
          "it says so",
          Machine.deadline(20),
          () -> beside.output().contains("no page of the node (podproc.ui-port)"));
      assertThat(reached(port)).isFalse();
    }
  }

  private static boolean reached(int port) throws IOException {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return true;
    } catch (ConnectException e) {
      return false;
    }
  }

  @Test
  void its_picture_in_the_documents() {
    Optional<Path> docs =
        Boolean.getBoolean("picture.update")
            ? Optional.of(Machine.checkout().resolve("docs"))
            : Optional.empty();
    docs.ifPresent(_ -> Command.sleep(Machine.deadline(90)));
    browser.click("#rows .row:nth-child(5) button"); // behind each row is what explains it
    Command.eventually(() -> assertThat(browser.text(".why:not([hidden])")).contains("★"));
    for (String scheme : List.of("light", "dark")) {
      browser.prefer(scheme);
      Path picture = docs.orElse(folder).resolve(scheme.equals("light") ? "ui.png" : "ui-dark.png");
      browser.picture(picture);
      assertThat(picture).isNotEmptyFile();
    }
  }
}
