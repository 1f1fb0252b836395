// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.fabric8.kubernetes.client.utils.Serialization;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonPatch;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A pod's way through podproc, without a cluster: its manifest goes to the webhook's image as a
 * review, the daemon's image serves the node, and the patched pod runs there.
 */
@Tag("images")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PodIT {
  private static final String MOUNT_POINT = Node.SHARED + "/podproc";
  private static final String RUN = "/run/podproc";
  private static final int APP_KIBIBYTES = 256 * 1024;
  private static final int WORKER_KIBIBYTES = 192 * 1024;

  private static final List<AutoCloseable> started = new ArrayList<>();
  private static Node node;
  private static JsonObject pod;
  private static JsonObject patched;

  @BeforeAll
  static void start() {
    Requirements.mount();
    Stream.of("podman", "runc", "debootstrap").forEach(Requirements::tool);
    Requirements.need(
        Runtime.getRuntime().availableProcessors() > 1, "a host with more than the one CPU");
    ApiServer api = new ApiServer();
    started.add(api);
    node = new Node();
    started.add(node);
    startDaemon();
    int port = startWebhook(api);
    pod = object(Serialization.asJson(Serialization.unmarshal(resource("pod.yaml"), Map.class)));
    patched = admit(api, port, pod);
    node.play(patched.toString());
  }

  @AfterAll
  static void stop() throws Exception {
    for (AutoCloseable part : started.reversed()) {
      part.close();
    }
  }

  // ---- what a cluster would do ----

  /** As the chart's DaemonSets do. */
  private static void startDaemon() {
    String _ = node.run("mkdir", "-p", RUN).ok();
    String _ =
        node.run(
                "podman",
                "run",
                "--detach",
                "--name=keeper",
                "--network=host",
                "--pid=host",
                "--privileged",
                "--read-only",
                "--volume=" + RUN + ":/run/podproc",
                "--entrypoint=[\"/opt/podproc/podproc-keeper\"]",
                "localhost/podproc-daemon:node",
                "/run/podproc",
                Long.toString(Machine.deadline(5).toSeconds()))
            .ok();
    int port = DaemonProcess.freePort();
    String _ =
        node.run(
                "podman",
                "run",
                "--detach",
                "--name=daemon",
                "--network=host",
                "--pid=host",
                "--cgroupns=host",
                "--privileged",
                "--read-only",
                "--tmpfs=/tmp:exec",
                "--volume=/sys/fs/cgroup:/sys/fs/cgroup:ro",
                "--volume=" + Node.SHARED + ":/host" + Node.SHARED + ":rshared",
                "--volume=" + RUN + ":/run/podproc",
                "--env=PODPROC_RUN_DIRECTORY=/run/podproc",
                "--env=PODPROC_MOUNT_POINT=/host" + MOUNT_POINT,
                "--env=PODPROC_HTTP_PORT=" + port,
                "localhost/podproc-daemon:node")
            .ok();
    awaitReady("daemon", port);
  }

  /** As the chart's Deployment does. Returns its HTTPS port. */
  private static int startWebhook(ApiServer api) {
    int port = DaemonProcess.freePort();
    int management = DaemonProcess.freePort();
    String _ =
        node.run(
                "podman",
                "run",
                "--detach",
                "--name=webhook",
                "--network=host",
                "--read-only",
                "--tmpfs=/tmp",
                "--cap-drop=all",
                "--security-opt=no-new-privileges",
                "--memory=256m",
                "--env=PODPROC_MOUNT_POINT=" + MOUNT_POINT,
                "--env=PODPROC_NAMESPACE=" + ApiServer.NAMESPACE,
                "--env=QUARKUS_KUBERNETES_CLIENT_API_SERVER_URL=" + api.url(),
                "--env=QUARKUS_HTTP_SSL_PORT=" + port,
                "--env=QUARKUS_MANAGEMENT_PORT=" + management,
                "localhost/podproc-webhook:node")
            .ok();
    awaitReady("webhook", management);
    return port;
  }

  private static void awaitReady(String container, int port) {
    try (HttpClient client = HttpClient.newHttpClient()) {
      Command.await(container + " is ready", Machine.deadline(60), () -> isReady(client, port));
    } catch (AssertionError e) {
      throw new AssertionError(node.run("podman", "logs", container).text(), e);
    }
  }

  private static boolean isReady(HttpClient client, int port) {
    URI probe = URI.create("http://127.0.0.1:" + port + "/q/health/ready");
    try {
      return client
              .send(
                  HttpRequest.newBuilder(probe).timeout(Machine.deadline(10)).build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false; // not yet
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  /** What becomes of a pod that is created. */
  private static JsonObject admit(ApiServer api, int port, JsonObject pod) {
    JsonObject review = object(resource("admission-review.json"));
    JsonObject answer =
        object(
            api.call(
                port,
                Json.createPatchBuilder()
                    .replace("/request/object", pod)
                    .build()
                    .apply(review)
                    .toString()));
    assertThat(answer.getString("apiVersion")).isEqualTo("admission.k8s.io/v1");
    assertThat(answer.getString("kind")).isEqualTo("AdmissionReview");
    JsonObject response = answer.getJsonObject("response");
    assertThat(response.getString("uid"))
        .isEqualTo(review.getJsonObject("request").getString("uid"));
    assertThat(response.getBoolean("allowed")).isTrue();
    assertThat(response.getString("patchType")).isEqualTo("JSONPatch");
    String patch =
        new String(Base64.getDecoder().decode(response.getString("patch")), StandardCharsets.UTF_8);
    return patch(patch).apply(pod);
  }

  private static JsonPatch patch(String text) {
    try (var reader = Json.createReader(new StringReader(text))) {
      return Json.createPatch(reader.readArray());
    }
  }

  private static JsonObject object(String text) {
    try (var reader = Json.createReader(new StringReader(text))) {
      return reader.readObject();
    }
  }

  private static String resource(String name) {
    try {
      return Files.readString(Machine.checkout().resolve("e2e/src/test/resources").resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- what users see ----

  private static String app(String... command) {
    return node.exec("till-app", command).ok();
  }

  private static String worker(String... command) {
    return node.exec("till-worker", command).ok();
  }

  @Test
  void free() {
    assertThat(Output.number(app("free", "-k"), "^Mem: +(\\d+)")).isEqualTo(APP_KIBIBYTES);
    assertThat(Output.number(app("free", "-k"), "^Mem: +\\d+ +(\\d+)")).isLessThan(APP_KIBIBYTES);
    assertThat(Output.number(worker("free", "-k"), "^Mem: +(\\d+)")).isEqualTo(WORKER_KIBIBYTES);
  }

  @Test
  void getconf() {
    assertThat(app("getconf", "_NPROCESSORS_ONLN")).isEqualTo("1\n");
    assertThat(worker("getconf", "_NPROCESSORS_ONLN")).isEqualTo("2\n");
  }

  @Test
  void uptime() {
    assertThat(app("uptime")).containsPattern("up \\d+ min, .*load average: 0\\.\\d\\d,");
  }

  @Test
  void top() {
    String idle = app("top", "-bn2", "-d2");
    assertThat(Output.all(idle, "^MiB Mem : +([\\d.]+) total").getLast().getFirst())
        .isEqualTo(APP_KIBIBYTES / 1024.0);
    assertThat(idle(idle)).isGreaterThan(90);
    // How much it gets depends on what else runs here.
    assertThat(idle(worker("top", "-bn2", "-d2"))).isLessThan(80);
  }

  private static double idle(String top) {
    return Output.all(top, "^%Cpu.*[ ,]([\\d.]+) id").getLast().getFirst();
  }

  @Test
  void every_file_is_the_container_s() {
    assertFilesAreTheContainers();
  }

  private static void assertFilesAreTheContainers() {
    String meminfo = app("cat", "/proc/meminfo");
    assertThat(Output.kilobytes(meminfo, "MemTotal")).isEqualTo(APP_KIBIBYTES);
    assertThat(Output.kilobytes(meminfo, "MemAvailable")).isLessThanOrEqualTo(APP_KIBIBYTES);
    assertThat(app("cat", "/proc/cpuinfo").lines().filter(line -> line.startsWith("processor")))
        .hasSize(1);
    assertThat(app("cat", "/proc/stat").lines().filter(line -> line.matches("cpu\\d+ .*")))
        .hasSize(1);
    assertThat(app("cat", "/sys/devices/system/cpu/online")).isEqualTo("0\n");
    assertThat(Output.number(app("cat", "/proc/uptime"), "^([\\d.]+) "))
        .isLessThan(Output.number(Machine.read("/proc/uptime"), "^([\\d.]+) "));
    // No more threads than its own: a sleep, and what reads.
    assertThat(Output.number(app("cat", "/proc/loadavg"), "/(\\d+) ")).isLessThan(10);
    assertThat(app("cat", "/proc/swaps")).startsWith("Filename");
    assertThat(app("cat", "/proc/diskstats").lines().count())
        .isLessThanOrEqualTo(Machine.read("/proc/diskstats").lines().count());
    assertThat(app("cat", "/proc/slabinfo")).startsWith("slabinfo - version");
  }

  @Test
  void an_init_container_has_seen_itself() {
    String text = node.run("podman", "logs", "till-migrate").ok();
    assertThat(Output.kilobytes(text, "MemTotal")).isEqualTo(128 * 1024);
    assertThat(text).endsWith("\n1\n");
  }

  @Test
  void files_are_bound_one_by_one_and_read_only() {
    Map<String, String> added = new TreeMap<>();
    for (var mount : container(patched, "app").getJsonArray("volumeMounts")) {
      added.put(mount.asJsonObject().getString("mountPath"), "ro");
    }
    assertThat(added).hasSize(9);
    Map<String, String> bound = new TreeMap<>();
    app("cat", "/proc/self/mountinfo")
        .lines()
        .filter(line -> line.contains(" - fuse.podproc "))
        .map(line -> line.split(" ", -1))
        .forEach(words -> bound.put(words[4], words[5].split(",", -1)[0]));
    assertThat(bound).isEqualTo(added);
    assertThat(node.exec("till-app", "sh", "-c", "echo 1 >/proc/meminfo").status()).isNotZero();
  }

  @Test
  void the_rest_of_the_pod_is_the_user_s() {
    assertThat(app("printenv", "PRICE")).isEqualTo("1.50\n");
    assertThat(pod.getJsonObject("metadata").getJsonObject("labels"))
        .isEqualTo(patched.getJsonObject("metadata").getJsonObject("labels"));
    assertThat(container(patched, "app").getJsonArray("command"))
        .isEqualTo(container(pod, "app").getJsonArray("command"));
  }

  @Test
  @Order(Integer.MAX_VALUE - 1) // The daemon is another one afterwards.
  void a_daemon_that_comes_back_after_the_keeper_lost_patience_repairs_the_pod_and_goes_on() {
    String _ = node.run("podman", "kill", "--signal=KILL", "daemon").ok();
    awaitNodeView();

    String _ = node.run("podman", "start", "daemon").ok();

    try {
      Command.await(
          "the pod's files are live again",
          Machine.deadline(60),
          () -> Output.kilobytes(app("cat", "/proc/meminfo"), "MemTotal") == APP_KIBIBYTES);
    } catch (AssertionError e) {
      throw new AssertionError(node.run("podman", "logs", "daemon").text(), e);
    }
    assertFilesAreTheContainers();
    Command.await(
        "the log tells",
        Machine.deadline(30),
        () ->
            node.run("podman", "logs", "daemon").text().contains(" repaired ")
                || !isRunning("daemon"));
    assertThat(node.run("podman", "logs", "daemon").text())
        .containsPattern(" repaired \\d+ mounts in \\d+ namespaces, 0 failed");
    assertThat(isRunning("daemon")).isTrue();
  }

  private static long hostMemory() {
    return Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal");
  }

  /** Who asks before that waits, and then gets one error. */
  private static void awaitNodeView() {
    Command.await(
        "a pod that runs sees the host",
        Machine.deadline(30),
        () ->
            node.exec("till-app", "cat", "/proc/meminfo")
                .text()
                .matches("(?s)MemTotal: +" + hostMemory() + " kB.*"));
  }

  private static boolean isRunning(String container) {
    return node.run("podman", "inspect", "--format={{.State.Running}}", container)
        .ok()
        .strip()
        .equals("true");
  }

  /** As a node does that runs out of memory, or whose runtime is restarted: it kills cgroups. */
  @Test
  @Order(Integer.MAX_VALUE) // What follows has no daemon.
  void a_node_that_loses_daemon_and_keeper_shows_its_own_view_to_pods_that_run_and_to_new_ones() {
    String keeper = node.run("sh", "-c", "ls " + RUN + " | sed -n s/^keeper-//p").ok().strip();
    assertThat(node.run("cat", "/proc/" + keeper + "/cgroup").ok())
        .as("it has left its pod")
        .isEqualTo(node.run("cat", "/proc/1/cgroup").ok());
    String _ = node.run("podman", "kill", "--signal=KILL", "daemon", "keeper").ok();
    String _ = node.run("podman", "rm", "--force", "keeper").ok();
    assertThat(node.run("kill", "-0", keeper).status()).as("it outlives its pod").isZero();
    awaitNodeView();
    Command.await(
        "the keeper ends",
        Machine.deadline(10),
        () -> node.run("kill", "-0", keeper).status() != 0);
    node.play(
        Json.createPatchBuilder()
            .replace("/metadata/name", "late")
            .build()
            .apply(patched)
            .toString());
    assertThat(Output.kilobytes(node.exec("late-app", "cat", "/proc/meminfo").ok(), "MemTotal"))
        .isEqualTo(hostMemory());
    assertThat(node.exec("late-app", "getconf", "_NPROCESSORS_ONLN").ok())
        .isEqualTo(Command.run("getconf", "_NPROCESSORS_ONLN").ok());
    assertThat(node.exec("late-app", "grep", "-q", " fuse[.]podproc ", "/proc/self/mountinfo"))
        .as("nothing of podproc's is left in it")
        .extracting(Output::status)
        .isEqualTo(1);
    String paths =
        container(patched, "app").getJsonArray("volumeMounts").stream()
            .map(mount -> mount.asJsonObject().getString("mountPath"))
            .collect(Collectors.joining(" "));
    // The container looks itself: podman may lose what a program writes that ends at once. And the
    // status of an empty file is none of podman's own.
    String look =
        "for path in " + paths + "; do test -n \"$(cat $path)\" || { wc -c $path; exit 42; }; done";
    AtomicReference<Output> looked = new AtomicReference<>();
    Command.await(
        "podman runs that in the pod",
        Machine.deadline(10),
        () -> {
          looked.set(node.exec("late-app", "sh", "-c", look));
          return looked.get().status() == 0 || looked.get().status() == 42;
        });
    assertThat(looked.get()).extracting(Output::status).as(looked.get().text()).isEqualTo(0);
  }

  private static JsonObject container(JsonObject pod, String name) {
    return pod.getJsonObject("spec").getJsonArray("containers").stream()
        .map(container -> container.asJsonObject())
        .filter(container -> container.getString("name").equals(name))
        .findFirst()
        .orElseThrow();
  }

  // ---- the images ----

  @Test
  void the_webhook_is_nobody_and_may_nothing() {
    String pid = node.run("podman", "inspect", "--format={{.State.Pid}}", "webhook").ok().strip();
    String status = node.run("cat", "/proc/" + pid + "/status").ok();
    assertThat(status)
        .containsPattern("\nUid:\t65532\t65532\t65532\t65532\n")
        .containsPattern("\nGid:\t65532\t65532\t65532\t65532\n")
        .containsPattern("\nCap(Eff|Bnd):\t0+\n")
        .containsPattern("\nNoNewPrivs:\t1\n");
  }

  @Test
  void images_hold_no_shell_but_the_daemons_busybox_and_no_package_manager() {
    for (String container : List.of("daemon", "webhook")) {
      for (String shell : List.of("sh", "bash", "/bin/sh")) {
        assertThat(node.exec(container, shell, "-c", "true").status())
            .as(container + " " + shell)
            .isIn(126, 127);
      }
      for (String program : List.of("apt-get", "dpkg")) {
        assertThat(node.exec(container, program, "--version").status())
            .as(container + " " + program)
            .isIn(126, 127);
      }
    }
    assertThat(node.exec("daemon", "/bin/busybox", "true").status()).isZero();
    assertThat(node.exec("webhook", "/bin/busybox", "true").status()).isIn(126, 127);
  }

  /** What the README says of them is what was built, but for what packages of a day differ. */
  @Test
  void images_are_as_large_as_the_readme_says() {
    String readme = Machine.read(Machine.checkout().resolve("deploy/images/README.md"));
    double daemon = megabytes("localhost/podproc-daemon:node");
    double withoutCache = megabytes("localhost/podproc-daemon:node-untrained");
    assertThat(withoutCache).as("it has an AOT cache").isLessThan(daemon);
    List<Double> sizes = Output.numbers(readme, "prints their sizes: (\\d+) MB and (\\d+) MB");
    assertThat(sizes.get(0)).isCloseTo(daemon, withinPercentage(5));
    assertThat(sizes.get(1))
        .isCloseTo(megabytes("localhost/podproc-webhook:node"), withinPercentage(5));
    assertThat(Output.number(readme, "first answer, (\\d+) MB more"))
        .isCloseTo(daemon - withoutCache, withinPercentage(5));
  }

  private static double megabytes(String image) {
    return Long.parseLong(
            node.run("podman", "image", "inspect", "--format={{.Size}}", image).ok().strip())
        / 1e6;
  }

  @Test
  void images_are_small_and_say_what_they_are() {
    for (String image : List.of("daemon", "webhook")) {
      String name = "localhost/podproc-" + image + ":node";
      assertThat(megabytes(name)).isLessThan(120);
      JsonObject labels =
          object(node.run("podman", "image", "inspect", "--format={{json .Labels}}", name).ok());
      assertThat(labels.getString("org.opencontainers.image.title")).isEqualTo("podproc-" + image);
      assertThat(labels.getString("org.opencontainers.image.licenses")).isEqualTo("Apache-2.0");
      assertThat(labels.getString("org.opencontainers.image.version")).isEqualTo("node");
      assertThat(labels.getString("org.opencontainers.image.created")).endsWith("Z");
    }
  }
}
