// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How many CPUs and how much memory programs say there are: docs/programs.md tells it of each, and
 * is right. With {@code -Dprograms.update=true} it is written anew.
 */
@Tag("programs")
@ExtendWith(SharedDaemon.class)
@TestInstance(Lifecycle.PER_CLASS)
class ProgramsIT {
  private static final Path TABLE = Machine.checkout().resolve("docs/programs.md");
  private static final Path SCRIPT =
      Machine.checkout().resolve("e2e/src/test/resources/programs.sh");
  private static final Pattern PROGRAM =
      Pattern.compile("(?m)^## (.+) \\| (.+) \\| (.+)\\n(\\w+)\\(\\)");
  private static final long MEBIBYTE = 1024;

  /** It has as many threads as it finds CPUs, and multiplies with all of them. */
  private static final String OPENBLAS =
      """
      #include <dlfcn.h>
      #include <stdio.h>
      enum { N = 300, ROW_MAJOR = 101, AS_IT_IS = 111 };
      static double a[N * N], b[N * N], c[N * N];
      int main(void) {
        void *library = dlopen("libopenblas.so.0", RTLD_NOW);
        if (!library) return 1;
        int (*threads)(void) = dlsym(library, "openblas_get_num_threads");
        void (*multiply)(int, int, int, int, int, int, double, const double *, int, const double *, int,
                         double, double *, int) = dlsym(library, "cblas_dgemm");
        for (int i = 0; i < N * N; i++) a[i] = 1, b[i] = 2;
        multiply(ROW_MAJOR, AS_IT_IS, AS_IT_IS, N, N, N, 1, a, N, b, N, 0, c, N);
        for (int i = 0; i < N * N; i++) if (c[i] != 2.0 * N) return 2;
        printf("cpus %d\\n", threads());
      }
      """;

  /** Threads that allocate on each CPU that they may run on, in turn, and free each other's. */
  private static final String ALLOCATE =
      """
      #define _GNU_SOURCE
      #include <pthread.h>
      #include <sched.h>
      #include <stdatomic.h>
      #include <stdlib.h>
      #include <string.h>
      enum { THREADS = 8, ROUNDS = 500, SLOTS = 64 };
      static _Atomic(char *) slots[SLOTS];
      static cpu_set_t all;
      static void *run(void *number) {
        for (long round = 0; round < ROUNDS; round++) {
          for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
            if (!CPU_ISSET(cpu, &all)) continue;
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            if (sched_setaffinity(0, sizeof one, &one) != 0) exit(1);
            size_t size = 16 << (round + (long)number) % 12;
            char *block = malloc(size);
            if (!block) exit(2);
            memset(block, 1, size);
            free(atomic_exchange(&slots[(round + cpu) % SLOTS], block));
          }
        }
        return NULL;
      }
      int main(void) {
        pthread_t threads[THREADS];
        if (sched_getaffinity(0, sizeof all, &all) != 0) return 3;
        for (long i = 0; i < THREADS; i++) if (pthread_create(&threads[i], NULL, run, (void *)i) != 0) return 4;
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        return 0;
      }
      """;

  @TempDir static Path probes;
  private static final String POD = UUID.randomUUID().toString();

  private final DaemonProcess daemon;
  private AnnotatedNode node;
  private final Map<Limits, Container> containers = new EnumMap<>(Limits.class);

  /**
   * What containers are limited to: the first in memory as well, the last two in nothing, of which
   * the pod of one asks that it is shown as much as the first.
   */
  private enum Limits {
    ONE_CPU,
    HALF_A_CPU,
    CPUSET,
    VIEW,
    NONE;

    Container start(DaemonProcess daemon) {
      Container.Builder container = Container.of(daemon);
      return switch (this) {
        case ONE_CPU -> container.cpus("1").memory("256M").start();
        case HALF_A_CPU -> container.cpus("0.5").start();
        case CPUSET -> container.cpuset("1").start();
        case VIEW -> throw new IllegalStateException("it is started where its pod is known");
        case NONE -> container.start();
      };
    }
  }

  /**
   * @param name as the table has it
   * @param source Debian's package
   * @param function in the script
   */
  private record Program(String name, String source, String asks, String function) {}

  ProgramsIT(DaemonProcess shared) {
    daemon = shared;
  }

  private static List<Program> programs() {
    List<Program> programs = new ArrayList<>();
    Matcher found = PROGRAM.matcher(Machine.read(SCRIPT));
    while (found.find()) {
      programs.add(new Program(found.group(1), found.group(2), found.group(3), found.group(4)));
    }
    return programs;
  }

  @BeforeAll
  void start() throws IOException {
    Requirements.need(
        Runtime.getRuntime().availableProcessors() > 1, "a host with more than the one CPU");
    for (String tool :
        "btop atop glances nmon dstat collectl monit numactl hwloc-calc stress-ng node ruby php nginx curl htop sar busybox musl-gcc prometheus-node-exporter xz script"
            .split(" ", -1)) {
      Requirements.tool(tool);
    }
    compile();
    node = new AnnotatedNode();
    for (Limits limits : Limits.values()) {
      Container container = limits == Limits.VIEW ? view() : limits.start(daemon);
      containers.put(limits, container);
      String _ =
          container
              .run(
                  "scratch=$(mktemp -d); probes=%s JAVA_HOME=%s; . %s"
                      .formatted(probes, System.getProperty("java.home"), SCRIPT))
              .ok();
    }
  }

  private Container view() {
    node.annotate(POD, Map.of("podproc.io/cpus", "1", "podproc.io/memory", "256Mi"));
    Container view = node.container(POD).start();
    Command.await(
        "it is shown what its pod asks for",
        Machine.deadline(20),
        () -> view.memory("MemTotal") == 256 * MEBIBYTE);
    return view;
  }

  private static void compile() throws IOException {
    Files.writeString(
        probes.resolve("probe.c"),
        """
        #include <stdio.h>
        #include <unistd.h>
        int main(void) {
          printf("cpus %ld\\nkib %ld\\n", sysconf(_SC_NPROCESSORS_ONLN),
                 sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024));
        }
        """);
    Files.writeString(
        probes.resolve("openmp.c"),
        """
        #include <omp.h>
        #include <stdio.h>
        int main(void) { printf("cpus %d\\n", omp_get_num_procs()); }
        """);
    Files.writeString(probes.resolve("openblas.c"), OPENBLAS);
    Files.writeString(probes.resolve("allocate.c"), ALLOCATE);
    Files.writeString(
        probes.resolve("Probe.java"),
        """
        import com.sun.management.OperatingSystemMXBean;
        import java.lang.management.ManagementFactory;
        class Probe {
          public static void main(String[] none) {
            var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            System.out.printf("cpus %d%nkib %d%n", Runtime.getRuntime().availableProcessors(),
                system.getTotalMemorySize() / 1024);
          }
        }
        """);
    String _ =
        Command.bash(
                "cd %s; gcc -o glibc probe.c; musl-gcc -static -o musl probe.c; gcc -fopenmp -o openmp openmp.c; gcc -o openblas openblas.c; gcc -pthread -o allocate allocate.c; %s/bin/javac Probe.java"
                    .formatted(probes, System.getProperty("java.home")))
            .ok();
  }

  @AfterAll
  void stop() {
    containers
        .values()
        .forEach(container -> {
          String _ = container.run("rm -rf \"$scratch\"").text();
          container.close();
        });
    if (node != null) {
      node.close();
    }
  }

  @Test
  void each_says_what_the_table_tells_of_it() throws IOException {
    List<Program> programs = programs();
    List<List<Map<String, Long>>> said = askAll(programs);
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < programs.size(); i++) {
      int number = i;
      rows.append(row(programs.get(i), said.stream().map(all -> all.get(number)).toList()));
    }
    if (Boolean.getBoolean("programs.update")) {
      Files.writeString(
          TABLE,
          Machine.read(TABLE)
              .replaceFirst(
                  "(?s)(\n\\| program \\|[^\n]*\n[^\n]*\n).*?\n\n",
                  "$1" + Matcher.quoteReplacement(rows.toString()) + "\n"));
    }
    assertThat(programs).hasSizeGreaterThan(25);
    assertThat(Machine.read(TABLE).lines()).containsSequence(rows.toString().lines().toList());
  }

  /**
   * They have an arena for each CPU, and index it by sched_getcpu(3). One that finds fewer CPUs
   * than it may run on says so, and does without.
   */
  @ParameterizedTest
  @CsvSource({"libjemalloc.so.2, percpu_arena:percpu", "libtcmalloc_minimal.so.4, "})
  void allocators_that_count_cpus_work_on_each_of_them(String library, @Nullable String setting) {
    containers.forEach((limits, container) -> {
      Output output =
          container.run(
              "LD_PRELOAD=%s MALLOC_CONF=%s \"$probes/allocate\" 2>&1"
                  .formatted(library, setting == null ? "" : setting));
      assertThat(output.status()).as("%s: %s", limits, output.text()).isZero();
      assertThat(output.text())
          .as("%s", limits)
          .matches(
              "|<jemalloc>: Number of CPUs detected is not deterministic[.] Per-CPU arena disabled[.]\n");
    });
  }

  /** In the order of the limits, and of the programs: what they said. Most of it is waiting. */
  private List<List<Map<String, Long>>> askAll(List<Program> programs) {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<List<Map<String, Long>>>> asked =
          containers.values().stream()
              .map(container ->
                  CompletableFuture.supplyAsync(
                      () -> programs.stream().map(program -> ask(container, program)).toList(),
                      threads))
              .toList();
      return asked.stream().map(CompletableFuture::join).toList();
    }
  }

  private static Map<String, Long> ask(Container container, Program program) {
    Map<String, Long> said = new LinkedHashMap<>();
    container
        .run(program.function)
        .ok()
        .lines()
        .filter(line -> !line.isEmpty())
        .map(line -> line.split(" ", -1))
        .forEach(words -> said.put(words[0], Math.round(Double.parseDouble(words[1]))));
    return said;
  }

  private static String row(Program program, List<Map<String, Long>> said) {
    List<String> cells = new ArrayList<>(List.of(program.name, program.source, program.asks));
    List<Map<String, Long>> limited = said.subList(0, said.size() - 1);
    limited.forEach(words -> cells.add(cpus(words.get("cpus"), true)));
    cells.add(cpus(said.getLast().get("cpus"), false));
    cells.add(memory(said.getFirst().get("kib"), true));
    cells.add(memory(said.get(said.size() - 2).get("kib"), true));
    cells.add(memory(said.getLast().get("kib"), false));
    return cells.stream().collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  /** In bold where it is not the container's. */
  private static String cpus(@Nullable Long said, boolean isLimited) {
    if (said == null) {
      return "";
    }
    String words =
        said == Runtime.getRuntime().availableProcessors() ? "the node's" : said.toString();
    return isLimited && said != 1 ? "**" + words + "**" : words;
  }

  /** Programs round, and what /sys says of a memory node is not all of it. */
  private static String memory(@Nullable Long kib, boolean isLimited) {
    if (kib == null) {
      return "";
    }
    long total = Output.kilobytes(Machine.read("/proc/meminfo"), "MemTotal");
    boolean isNodes = kib > total / 3 && kib < total * 1.1;
    if (!isLimited) {
      return isNodes ? "the node's" : kib + " KiB";
    }
    long mebibytes = Math.round((double) kib / MEBIBYTE);
    return isNodes
        ? "**the node's**"
        : (mebibytes >= 254 && mebibytes <= 258 ? 256 : mebibytes) + " MiB";
  }
}
