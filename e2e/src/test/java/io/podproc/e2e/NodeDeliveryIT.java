// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.e2e.StandInCluster.Weather;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * From a label to what a program reads: the daemon, containers of runc's, and an API server that
 * answers, is away, or answers otherwise.
 */
@Tag("attach")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NodeDeliveryIT {
  private static final int CONTAINERS = 20;
  private static final String DETACHED = "podproc_delivery_detached_files_total";

  /** Longer than from one look at all containers to the next; E2E_OUTAGE in seconds. */
  private static final Duration LONG =
      Duration.ofSeconds(Long.parseLong(System.getenv().getOrDefault("E2E_OUTAGE", "65")));

  private static final Duration SHORT = Duration.ofSeconds(3);

  private static final String OWN = "MemTotal: +" + RuncContainer.MEMORY_KIB + " kB";

  private final List<RuncContainer> shop = new ArrayList<>();
  private DeliveringNode node;
  private StandInCluster cluster;
  private String namespace;

  @BeforeAll
  void start() {
    Requirements.mount();
    Requirements.tool("runc");
    Requirements.tool("busybox");
    node = new DeliveringNode();
    cluster = node.cluster();
    namespace = cluster.createNamespace("shop");
    for (int i = 0; i < CONTAINERS; i++) {
      shop.add(pod("shop"));
    }
  }

  /** A pod with one container. */
  private RuncContainer pod(String of) {
    String uid = UUID.randomUUID().toString();
    cluster.pod(uid, of, Map.of(), Map.of());
    return node.run(uid);
  }

  @AfterAll
  void stop() {
    if (node != null) {
      node.close();
    }
  }

  /** As a test finds it, whatever the one before has left. */
  @BeforeEach
  void label() {
    cluster.weather(Weather.CLEAR);
    shop.forEach(one -> cluster.pod(one.podUid(), "shop", Map.of(), Map.of()));
    cluster.labelNamespace(namespace, "enabled");
    Duration _ = until(shop, true);
  }

  /** How long it takes until all programs see themselves, or the node. */
  private static Duration until(Collection<RuncContainer> containers, boolean themselves) {
    long begun = System.nanoTime();
    for (RuncContainer container : containers) {
      long end = System.nanoTime() + Machine.deadline(20).toNanos();
      while (container.seesItself() != themselves) {
        if (System.nanoTime() > end) {
          throw new AssertionError("a container still sees the " + (themselves ? "node" : "own"));
        }
        Command.sleep(Duration.ofMillis(5));
      }
    }
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  /** Others use the machine as well: the best of some. */
  private static void assertBestWithin(Duration most, List<Duration> took) {
    assertThat(took.stream().min(Duration::compareTo).orElseThrow()).isLessThan(most);
  }

  private static String millis(List<Duration> took) {
    return String.join(" ", took.stream().map(one -> Long.toString(one.toMillis())).toList());
  }

  /** For so long nothing is taken from anybody. */
  private void assertHolds(Duration howLong) {
    long end = System.nanoTime() + howLong.toNanos();
    do {
      assertThat(shop).allMatch(RuncContainer::seesItself);
      Command.sleep(Duration.ofMillis(100));
    } while (System.nanoTime() < end);
  }

  @Test
  void a_label_reaches_all_that_run_within_a_second_and_is_taken_back(TestReporter figures) {
    List<Duration> off = new ArrayList<>();
    List<Duration> on = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      cluster.unlabelNamespace(namespace);
      off.add(until(shop, false));
      await(() -> shop.stream().allMatch(container -> container.ours().isEmpty()));
      cluster.labelNamespace(namespace, "enabled");
      on.add(until(shop, true));
    }
    figures.publishEntry("ms until " + CONTAINERS + " containers see themselves", millis(on));
    figures.publishEntry("ms until they see the node", millis(off));
    assertBestWithin(Duration.ofSeconds(1), on);
    assertBestWithin(Duration.ofSeconds(1), off);
    for (String none : List.of("disabled", "nonsense")) {
      cluster.labelNamespace(namespace, none);
      Duration _ = until(shop, false);
      cluster.labelNamespace(namespace, "enabled");
      Duration _ = until(shop, true);
    }
  }

  @Test
  void an_upgrade_while_labels_flip_lays_nothing_twice() throws InterruptedException {
    AtomicBoolean done = new AtomicBoolean();
    Thread flips =
        Thread.ofVirtual()
            .start(() -> {
              while (!done.get()) {
                cluster.unlabelNamespace(namespace);
                Command.sleep(Duration.ofMillis(20));
                cluster.labelNamespace(namespace, "enabled");
                Command.sleep(Duration.ofMillis(20));
              }
            });
    try {
      for (int time = 0; time < 3; time++) {
        node.replaceDaemon();
        Command.sleep(Duration.ofMillis(300));
      }
    } finally {
      done.set(true);
      flips.join();
    }
    Duration _ = until(shop, true);
    for (RuncContainer one : shop) {
      await(() -> points(one).size() > 8);
      assertThat(points(one)).doesNotHaveDuplicates();
    }
    cluster.unlabelNamespace(namespace);
    await(() -> shop.stream().allMatch(one -> one.ours().isEmpty()));
  }

  private static List<String> points(RuncContainer container) {
    return container.ours().stream().map(line -> line.split(" ", -1)[4]).toList();
  }

  /** A container that may unmount can do that; the daemon goes on, with all that it does. */
  @Test
  void when_somebody_ends_the_connection_by_force_all_is_as_before() {
    List<RuncContainer> others = shop.subList(1, CONTAINERS); // it unmounts one of its own, too
    int mounts = shop.getLast().ours().size();
    for (int time = 0; time < 2; time++) {
      String pid = Integer.toString(shop.getFirst().pid());
      Output forced =
          Command.run("nsenter", "-t", pid, "-a", "-r", "umount", "-f", "/proc/meminfo");
      assertThat(forced.text()).matches("|.* busy\\.\n");
      await(() -> others.stream().allMatch(one -> one.firstLine("/proc/meminfo").matches(OWN)));
      assertThat(node.daemon().isAlive()).isTrue();
      await(() -> others.stream().allMatch(one -> one.ours().size() == mounts));
      cluster.unlabelNamespace(namespace);
      Duration _ = until(shop, false);
      RuncContainer started = pod("shop");
      cluster.labelNamespace(namespace, "enabled");
      Duration _ = until(shop, true);
      Duration _ = until(List.of(started), true);
      node.end(started);
    }
  }

  @Test
  void a_pods_own_label_and_annotations_hold_at_once() {
    RuncContainer one = shop.getFirst();
    cluster.pod(one.podUid(), "shop", Map.of(), Map.of("podproc.io/files", "/proc/stat"));
    Duration _ = until(List.of(one), false);
    // They go one by one, and meminfo, by which it is told, isn't the last of them.
    Command.eventually(
        () -> assertThat(one.ours()).singleElement().asString().contains(" /proc/stat "));
    cluster.pod(one.podUid(), "shop", Map.of("podproc.io/inject", "disabled"), Map.of());
    Command.await("it has nothing", Machine.deadline(10), () -> one.ours().isEmpty());
    cluster.pod(one.podUid(), "shop", Map.of(), Map.of());
    Duration _ = until(List.of(one), true);
    cluster.pod(one.podUid(), "shop", Map.of(), Map.of("podproc.io/attach", "disabled"));
    Duration _ = until(List.of(one), false);
    assertThat(shop.subList(1, CONTAINERS)).allMatch(RuncContainer::seesItself);
    cluster.pod(one.podUid(), "shop", Map.of(), Map.of());
  }

  @Test
  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  void while_nobody_answers_all_holds_and_what_changed_is_right_at_once(TestReporter figures) {
    List<Duration> took = new ArrayList<>();
    for (Duration outage : List.of(SHORT, LONG, SHORT)) {
      int asked = cluster.asked().size();
      long detached = node.counted(DETACHED);
      node.server().goAway();
      cluster.unlabelNamespace(namespace);
      // A pod that is known goes on being delivered to.
      RuncContainer restarted = node.run(shop.getFirst().podUid());
      Duration _ = until(List.of(restarted), true);
      assertHolds(outage);
      assertThat(node.counted(DETACHED)).isEqualTo(detached);
      node.end(restarted);
      node.server().comeBack();
      took.add(until(shop, false));
      // Nothing is listed anew.
      assertThat(cluster.asked().subList(asked, cluster.asked().size()))
          .allMatch(ask -> ask.contains(" from "));
      cluster.labelNamespace(namespace, "enabled");
      Duration _ = until(shop, true);
    }
    figures.publishEntry("ms from its return until all is right", millis(took));
    assertBestWithin(Duration.ofSeconds(2), took);
  }

  @Test
  void where_it_comes_and_goes_nothing_is_lost(TestReporter figures) {
    List<Duration> took = new ArrayList<>();
    for (int round = 0; round < 3; round++) {
      for (int time = 0; time < 4; time++) {
        node.server().goAway();
        assertHolds(Duration.ofMillis(400 * (long) time));
        node.server().comeBack();
        assertHolds(Duration.ofMillis(300));
      }
      node.server().goAway();
      cluster.unlabelNamespace(namespace);
      assertHolds(SHORT);
      node.server().comeBack();
      took.add(until(shop, false));
      cluster.labelNamespace(namespace, "enabled");
      Duration _ = until(shop, true);
    }
    figures.publishEntry("ms from its last return until all is right", millis(took));
    assertBestWithin(Duration.ofSeconds(2), took);
  }

  @ParameterizedTest
  @EnumSource(value = Weather.class, mode = EnumSource.Mode.EXCLUDE, names = "CLEAR")
  void what_is_no_answer_changes_nothing(Weather weather) {
    long detached = node.counted(DETACHED);
    int asked = cluster.asked().size();
    cluster.weather(weather);
    cluster.unlabelNamespace(namespace);
    cluster.compact(); // so it has to list
    // Each of the two watches, who wait longer each time.
    Command.await(
        "it is asked",
        Machine.deadline(30),
        () -> {
          assertThat(shop).allMatch(RuncContainer::seesItself);
          return cluster.asked().size() >= asked + 5;
        });
    assertThat(node.counted(DETACHED)).isEqualTo(detached);
    int back = cluster.asked().size();
    cluster.weather(Weather.CLEAR);
    Duration _ = until(shop, false);
    Command.await(
        "both watches go on",
        Machine.deadline(60),
        () -> {
          List<String> since = cluster.asked().subList(back, cluster.asked().size());
          return since.stream().anyMatch(ask -> ask.startsWith("pods"))
              && since.stream().anyMatch(ask -> ask.startsWith("namespaces"));
        });
  }

  @Test
  void what_it_has_forgotten_is_listed_and_what_is_not_listed_is_left_as_it_is() {
    RuncContainer unlabelled = pod("other");
    RuncContainer deleted = shop.getFirst();
    RuncContainer optedOut = shop.get(1);
    int files = optedOut.ours().size();
    long detached = node.counted(DETACHED);
    node.server().goAway();
    cluster.deletePod(deleted.podUid());
    cluster.pod(optedOut.podUid(), "shop", Map.of("podproc.io/inject", "disabled"), Map.of());
    cluster.pod(unlabelled.podUid(), "shop", Map.of(), Map.of()); // the name of its namespace
    cluster.compact();
    int asked = cluster.asked().size();
    node.server().comeBack();
    Duration _ = until(List.of(optedOut), false);
    Duration _ = until(List.of(unlabelled), true);
    assertThat(cluster.asked().subList(asked, cluster.asked().size())).contains("pods");
    List<RuncContainer> others = Stream.concat(shop.stream(), Stream.of(unlabelled)).toList();
    assertThat(others.stream().filter(one -> one != optedOut)).allMatch(RuncContainer::seesItself);
    Command.eventually(() -> assertThat(optedOut.ours()).isEmpty());
    assertThat(node.counted(DETACHED) - detached).isLessThanOrEqualTo(files);
    cluster.pod(deleted.podUid(), "shop", Map.of(), Map.of());
    cluster.pod(optedOut.podUid(), "shop", Map.of(), Map.of());
    cluster.deletePod(unlabelled.podUid());
    node.end(unlabelled);
  }

  /** {@code E2E_CYCLES} says how often; some by default. */
  @Test
  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  void labels_come_and_go_under_readers_without_an_error_and_leave_nothing(TestReporter figures)
      throws IOException {
    Requirements.tool("prometheus-node-exporter");
    int cycles = Integer.parseInt(System.getenv().getOrDefault("E2E_CYCLES", "25"));
    String uid = UUID.randomUUID().toString();
    String other = cluster.createNamespace("cycles");
    cluster.pod(uid, "cycles", Map.of(), Map.of());
    RuncContainer one = node.run(uid);
    cycle(other, one, 5); // what is made once and kept
    long before = kept();
    Path log = Files.createTempFile("podproc-readers", ".log");
    String mounts = Machine.read("/proc/" + one.pid() + "/mountinfo");
    List<Process> readers = read(one, log);
    long begun = System.nanoTime();
    cycle(other, one, cycles);
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    assertThat(readers).allMatch(Process::isAlive);
    readers.forEach(Process::destroy);
    assertThat(Files.readString(log)).isEmpty();
    assertThat(one.ours()).isEmpty();
    assertThat(Machine.read("/proc/" + one.pid() + "/mountinfo")).isEqualTo(mounts);
    Command.eventually(() -> assertThat(kept()).isLessThanOrEqualTo(before));
    figures.publishEntry("cycles", Integer.toString(cycles));
    figures.publishEntry("ms for one", Long.toString(took.toMillis() / cycles));
    Files.delete(log);
    node.end(one);
    cluster.deletePod(uid);
    cluster.deleteNamespace(other);
  }

  private void cycle(String of, RuncContainer container, int times) {
    for (int time = 0; time < times; time++) {
      cluster.labelNamespace(of, "enabled");
      await(() -> container.ours().size() > 8);
      cluster.unlabelNamespace(of);
      await(() -> container.ours().isEmpty());
    }
  }

  private static void await(BooleanSupplier what) {
    long end = System.nanoTime() + Machine.deadline(20).toNanos();
    while (!what.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("a label did not come about");
      }
      Command.sleep(Duration.ofMillis(2));
    }
  }

  /** What says something when it fails, and ends then. */
  private static List<Process> read(RuncContainer container, Path log) {
    ProcessBuilder.Redirect out = ProcessBuilder.Redirect.appendTo(log.toFile());
    String files = "/proc/meminfo /proc/stat /proc/uptime /proc/loadavg /proc/pressure/cpu";
    String cat = "while cat " + files + " >/dev/null; do :; done";
    String top = "TERM=dumb exec top -b -d 0.2 >/dev/null";
    String exporter =
        """
        collectors='stat meminfo loadavg cpu pressure vmstat'
        prometheus-node-exporter --web.listen-address=127.0.0.1:9100 --collector.disable-defaults \\
          $(printf ' --collector.%s' $collectors) >/dev/null 2>&1 &
        trap "kill $!; exit" TERM
        page() { /bin/busybox wget -qO- http://127.0.0.1:9100/metrics; }
        until page >/dev/null 2>&1; do sleep 0.1; done
        while [ "$(page | grep -c '^node_scrape_collector_success.* 1$')" = 6 ]; do :; done
        echo a collector of node_exporter failed
        """;
    String java =
        "exec %s/bin/java -Xmx24m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp /tmp FileReader %s"
            .formatted(System.getProperty("java.home"), files);
    String _ =
        Command.run(
                System.getProperty("java.home") + "/bin/javac",
                "-d",
                container.tmp().toString(),
                Machine.checkout().resolve("e2e/src/test/resources/FileReader.java").toString())
            .ok();
    return Stream.of(cat, top, java, exporter)
        .map(script -> container.exec(out, "/bin/busybox", "sh", "-c", script))
        .toList();
  }

  /** Descriptors and threads of the daemon, by which alone it could keep a namespace: the least. */
  private long kept() {
    long pid = node.daemon().pid();
    long least = Long.MAX_VALUE;
    for (int look = 0; look < 20; look++) {
      least = Math.min(least, count("/proc/" + pid + "/fd") + count("/proc/" + pid + "/task"));
      Command.sleep(Duration.ofMillis(50));
    }
    return least;
  }

  private static int count(String directory) {
    return Objects.requireNonNull(new File(directory).list(), directory).length;
  }

  /** Else what the JVM happens to load meanwhile would be the container's: it found no libzip. */
  @Test
  void a_thread_that_is_in_a_container_s_mounts_has_the_daemon_s_own_root() {
    Requirements.tool("strace");
    try (DeliveringNode slow =
        new DeliveringNode(
            "strace",
            "-D", // beside the daemon, which keeps its pid
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=move_mount",
            "-e",
            "inject=move_mount:delay_enter=200000")) {
      slow.cluster().labelNamespace(slow.cluster().createNamespace("slow"), "enabled");
      String uid = UUID.randomUUID().toString();
      slow.cluster().pod(uid, "slow", Map.of(), Map.of());
      RuncContainer container = slow.run(uid);
      String mounts = link("/proc/" + container.pid() + "/ns/mnt");
      String tasks = "/proc/" + slow.daemon().pid() + "/task/";
      List<String> roots = new ArrayList<>();
      Command.await(
          "a thread is in there",
          Machine.deadline(20),
          () -> {
            for (String task : Objects.requireNonNull(new File(tasks).list(), tasks)) {
              String root = identity(tasks + task + "/root/");
              if (link(tasks + task + "/ns/mnt").equals(mounts) && !root.isEmpty()) {
                roots.add(root);
              }
            }
            return roots.size() > 20;
          });
      assertThat(roots)
          .containsOnly(identity("/proc/" + slow.daemon().pid() + "/root/"))
          .doesNotContain(identity("/proc/" + container.pid() + "/root/"));
    }
  }

  private static String link(String path) {
    try {
      return Files.readSymbolicLink(Path.of(path)).toString();
    } catch (IOException e) {
      return ""; // ended
    }
  }

  private static String identity(String path) {
    try {
      return String.valueOf(Files.readAttributes(Path.of(path), "unix:dev,ino"));
    } catch (IOException e) {
      return ""; // ended
    }
  }

  /** Who is killed while it waits for an answer of its own is not gone at once. */
  @Test
  void a_daemon_that_attaches_asks_itself_for_nothing() {
    long before = rendered("/proc/stat");
    cluster.unlabelNamespace(namespace);
    await(() -> shop.stream().allMatch(container -> container.ours().isEmpty()));
    cluster.labelNamespace(namespace, "enabled");
    await(() -> shop.stream().allMatch(container -> container.ours().size() > 8));
    assertThat(rendered("/proc/stat")).isEqualTo(before);
  }

  @Test
  void what_a_daemon_measures_is_in_the_documents() {
    String page = Machine.read(Machine.checkout().resolve("docs/metrics.md"));
    String ofDaemons =
        page.substring(page.indexOf("## Of a daemon"), page.indexOf("## Of a webhook"));
    List<String> rows =
        node.daemon()
            .get("/q/metrics")
            .body()
            .lines()
            .filter(line -> line.startsWith("# HELP podproc_"))
            .map(line -> line.replaceFirst("# HELP (\\S+) (.*)", "| `$1` | $2 |"))
            .toList();
    assertThat(ofDaemons.lines().filter(line -> line.startsWith("| `")))
        .containsExactlyInAnyOrderElementsOf(rows);
  }

  private long rendered(String file) {
    String counted =
        "^podproc_requests_total[{]file=\"" + file + "\",outcome=\"[a-z_]+\"[}] ([0-9.E]+)$";
    return Output.all(node.daemon().get("/q/metrics").body(), counted).stream()
        .mapToLong(groups -> groups.getFirst().longValue())
        .sum();
  }

  @Test
  void a_daemon_that_is_killed_while_it_attaches_is_followed_at_once(TestReporter figures) {
    List<Duration> took = new ArrayList<>();
    for (int kill = 0; kill < 5; kill++) {
      AtomicBoolean going = new AtomicBoolean(true);
      Thread labels =
          Thread.ofPlatform()
              .start(() -> {
                while (going.get()) {
                  cluster.unlabelNamespace(namespace);
                  Command.sleep(Duration.ofMillis(60));
                  cluster.labelNamespace(namespace, "enabled");
                  Command.sleep(Duration.ofMillis(60));
                }
              });
      Command.sleep(Duration.ofMillis(400 + 17L * kill));
      long begun = System.nanoTime();
      node.daemon().kill();
      node.startDaemon();
      took.add(Duration.ofNanos(System.nanoTime() - begun));
      going.set(false);
      join(labels);
      cluster.labelNamespace(namespace, "enabled");
      Duration _ = until(shop, true);
      for (RuncContainer one : shop) {
        assertThat(one.ours().stream().map(line -> line.split(" ", 6)[4])).doesNotHaveDuplicates();
      }
    }
    figures.publishEntry("ms until the next one serves", millis(took));
    // Else it takes as long as the keeper waits.
    assertThat(took).allMatch(one -> one.compareTo(Machine.deadline(20)) < 0);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  /** As with {@code hostUsers: false}. */
  @Test
  void a_container_with_a_user_namespace_gets_them_with_users_mapped() {
    Requirements.need(Machine.hasLinux(6, 12), "Linux 6.12, whose FUSE has id-mapped mounts");
    String uid = UUID.randomUUID().toString();
    cluster.pod(uid, "shop", Map.of(), Map.of());
    RuncContainer mapped = node.run(uid, true);
    Command.await("it has files", Machine.deadline(30), () -> !mapped.ours().isEmpty());
    Duration _ = until(List.of(mapped), true);
    assertThat(mapped.ours()).isNotEmpty().allMatch(line -> line.contains("idmapped"));
    // Mode 0400: it is the container's root's.
    Command.eventually(
        () -> assertThat(mapped.firstLine("/proc/slabinfo")).startsWith("slabinfo - version"));
    cluster.unlabelNamespace(namespace);
    Duration _ = until(List.of(mapped), false);
    Command.eventually(() -> assertThat(mapped.ours()).isEmpty());
    node.end(mapped);
    cluster.deletePod(uid);
  }

  @Test
  void a_namespace_that_is_deleted_and_made_anew_is_another() {
    String first = cluster.createNamespace("made-anew");
    cluster.labelNamespace(first, "enabled");
    RuncContainer old = pod("made-anew");
    Duration _ = until(List.of(old), true);
    // Its pods go first; the container may take its time.
    cluster.deletePod(old.podUid());
    cluster.deleteNamespace(first);
    String second = cluster.createNamespace("made-anew");
    RuncContainer next = pod("made-anew");
    RuncContainer witness = pod("shop");
    Duration _ = until(List.of(witness), true);
    assertThat(next.seesItself()).isFalse();
    assertThat(old.seesItself()).isTrue();
    cluster.labelNamespace(second, "enabled");
    Duration _ = until(List.of(next), true);
    cluster.unlabelNamespace(second);
    Duration _ = until(List.of(next), false);
    for (RuncContainer one : List.of(old, next, witness)) {
      node.end(one);
    }
    cluster.deletePod(next.podUid());
    cluster.deletePod(witness.podUid());
    cluster.deleteNamespace(second);
  }
}
