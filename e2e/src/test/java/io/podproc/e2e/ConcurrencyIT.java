// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * 20 containers read at once, each with 64 threads. Each has a memory limit that no other has, and
 * every other one half a CPU: each text must be whole, well formed and the reader's own.
 */
@Tag("concurrency")
class ConcurrencyIT {
  private static final int CONTAINERS = 20;
  private static final int THREADS = 64;
  private static final int SECONDS = 30;
  private static final int MIB = 1024;
  private static final Path SCRIPTS = Machine.checkout().resolve("e2e/src/test/resources");
  private static final Path READER = SCRIPTS.resolve("concurrency.py");
  private static final Path HAMMER = SCRIPTS.resolve("hammer.py");

  private DaemonProcess daemon;

  @BeforeAll
  static void check() {
    Requirements.mount();
    Requirements.tool("python3");
  }

  /** What the daemon takes of the machine. */
  private record Footprint(long descriptors, long threads, long rssMib) {
    static Footprint of(DaemonProcess daemon) {
      String status = Machine.read("/proc/" + daemon.pid() + "/status");
      try (Stream<Path> open = Files.list(Path.of("/proc/" + daemon.pid() + "/fd"))) {
        return new Footprint(
            open.count(),
            (long) Output.number(status, "^Threads:\\s+(\\d+)"),
            (long) Output.number(status, "^VmRSS:\\s+(\\d+)") / MIB);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @BeforeEach
  void start() {
    daemon = DaemonProcess.serving("-Dpodproc.sampler-interval=1s");
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  @Test
  void many_readers_in_many_containers_each_see_their_own() throws Exception {
    // One container first: the host's files that the daemon keeps open are no leak.
    try (Container first = container(0)) {
      String _ = read(first, 0, 1, 4);
    }
    awaitNoContainers();
    Footprint before = Footprint.of(daemon);

    List<Container> containers = new ArrayList<>();
    Footprint during;
    try (ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < CONTAINERS; i++) {
        containers.add(container(i));
      }
      List<Future<String>> answers = new ArrayList<>();
      for (int i = 0; i < CONTAINERS; i++) {
        int number = i;
        answers.add(readers.submit(() -> read(containers.get(number), number, SECONDS, THREADS)));
      }
      Command.sleep(Duration.ofSeconds(SECONDS - 5));
      during = Footprint.of(daemon);
      long reads = 0;
      for (Future<String> answer : answers) {
        reads += (long) Output.number(answer(answer), "^reads (\\d+) least [1-9]");
      }
      System.out.printf(
          "%d reads in %d s by %d threads of %d containers%n",
          reads, SECONDS, CONTAINERS * THREADS, CONTAINERS);
    } finally {
      containers.forEach(Container::close);
    }
    awaitNoContainers();
    Footprint after = Footprint.of(daemon);
    System.out.printf("before %s%nduring %s%nafter  %s%n", before, during, after);

    assertThat(metric("podproc_containers")).isZero();
    assertThat(daemon.get("/q/metrics").body())
        .doesNotContainPattern("podproc_fallbacks_total\\{[^}]*} [1-9]")
        .doesNotContainPattern("podproc_requests_total\\{[^}]*outcome=\"error\"[^}]*} [1-9]");
    assertThat(after.descriptors()).isLessThanOrEqualTo(before.descriptors() + 2);
    assertThat(during.threads()).isLessThanOrEqualTo(before.threads() + 4);
    assertThat(during.rssMib()).isLessThan(200);
  }

  /**
   * The kernel queues what is asked in the order in which it was asked: one reader among so many
   * others would get a share of one in {@link #THREADS}.
   */
  @Test
  void a_container_with_many_readers_leaves_others_their_turn() throws Exception {
    try (Container many = container(1);
        Container one = container(3);
        ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> all = readers.submit(() -> hammer(many, THREADS));
      long reads = reads(hammer(one, 1));
      long others = reads(answer(all));
      System.out.printf("%d reads by one reader beside %d by %d%n", reads, others, THREADS);
      assertThat(reads).isGreaterThan(others / (THREADS / 4));
    }
  }

  private static String hammer(Container container, int processes) {
    return container
        .run(
            Machine.deadline(60),
            "/usr/bin/python3 -I -S " + HAMMER + " 5 " + processes + " /proc/loadavg")
        .ok();
  }

  private static long reads(String answer) {
    return (long) Output.number(answer, "^reads (\\d+)$");
  }

  private static int memoryMib(int number) {
    return 100 + number;
  }

  private static boolean isHalved(int number) {
    return number % 2 == 0;
  }

  private Container container(int number) {
    return Container.of(daemon)
        .memory(memoryMib(number) + "M")
        .cpus(isHalved(number) ? "0.5" : "max")
        .start();
  }

  private static String read(Container container, int number, int seconds, int threads) {
    int cpus = isHalved(number) ? 1 : Runtime.getRuntime().availableProcessors();
    return container
        .run(
            Machine.deadline(seconds + 60),
            Stream.of(READER, seconds, threads, memoryMib(number) * MIB, cpus)
                .map(Object::toString)
                .collect(Collectors.joining(" ", "/usr/bin/python3 -I -S ", "")))
        .ok();
  }

  private static String answer(Future<String> answer) throws InterruptedException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }

  private void awaitNoContainers() {
    Command.await(
        "the daemon has let go of all containers",
        Machine.deadline(20),
        () -> metric("podproc_containers") == 0);
  }

  private double metric(String name) {
    return Output.number(daemon.get("/q/metrics").body(), "^" + name + "\\S* (\\S+)$");
  }
}
