// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The same container, seen by podproc and by Debian's lxcfs 5.0.3: each field of each file says the
 * same, or is on the list below.
 */
@Tag("differential")
@ExtendWith(SharedDaemon.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DifferentialIT {
  /**
   * Fields in which the two differ, and why. A row that is no longer true fails the test.
   *
   * @param kind of which containers it is true
   * @param fields a pattern
   */
  private record Difference(Kind kind, String path, Pattern fields, String reason) {
    boolean covers(Kind otherKind, String otherPath, String field) {
      return (kind == Kind.ANY || kind == otherKind)
          && path.equals(otherPath)
          && fields.matcher(field).matches();
    }
  }

  /** Containers by what is special about them. */
  private enum Kind {
    ANY,
    CPUSET,
    NO_LIMITS,
    QUOTA_OF_THE_POD
  }

  private static final List<Difference> DIFFERENCES =
      List.of(
          differs(
              "/proc/cpuinfo",
              "cpu\\d+ (siblings|cpu cores|core id|apicid|initial apicid)",
              "lxcfs leaves the node's numbers, which do not fit the CPUs that it shows"),
          differs(
              "/proc/meminfo",
              "Mlocked|KReclaimable|KernelStack|PageTables|SecPageTables|VmallocUsed|Percpu"
                  + "|FileHugePages|FilePmdMapped|ShmemHugePages|ShmemPmdMapped|Zswap(ped)?",
              "lxcfs shows the node's memory in use; podproc shows 0 where cgroup v1 counts nothing"),
          differs(
              Kind.NO_LIMITS,
              "/proc/meminfo",
              "Mem(Free|Available)",
              "lxcfs promises more than the node has left"),
          differs(
              Kind.CPUSET,
              "/proc/cpuinfo",
              "cpu0 processor",
              "lxcfs numbers the CPUs of a cpuset anew, and no program can be bound to these"),
          differs(
              Kind.CPUSET, "/proc/stat", "cpu[01] .*", "lxcfs numbers the CPUs of a cpuset anew"),
          differs(
              Kind.CPUSET,
              "/sys/devices/system/cpu/online",
              "text",
              "lxcfs numbers the CPUs of a cpuset anew"),
          differs(
              Kind.QUOTA_OF_THE_POD,
              "/proc/cpuinfo",
              "cpu1 .*",
              "lxcfs does not see the quota of an ancestor"),
          differs(
              Kind.QUOTA_OF_THE_POD,
              "/proc/stat",
              "cpu1 .*",
              "lxcfs does not see the quota of an ancestor"),
          differs(
              Kind.QUOTA_OF_THE_POD,
              "/sys/devices/system/cpu/online",
              "text",
              "lxcfs does not see the quota of an ancestor"),
          differs(
              "/proc/stat",
              "cpu\\d* (user|nice|system|idle)",
              "lxcfs counts from the first look at the container, podproc from its start"),
          differs(
              "/proc/stat",
              "processes|procs_running|procs_blocked",
              "lxcfs shows the node's, podproc the container's"),
          differs(
              "/proc/stat",
              "intr|ctxt|softirq",
              "lxcfs shows what the node has counted since its boot, podproc since the container's"
                  + " first look"),
          differs(
              "/proc/uptime",
              "idle",
              "lxcfs takes what the container used from the time of one CPU, podproc from that of"
                  + " all that it may use"),
          differs(
              "/proc/loadavg", "running", "whoever reads this runs: podproc counts one at least"),
          differs(
              "/proc/loadavg",
              "total",
              "lxcfs has no count before its first sample, podproc counts on the spot"),
          differs(
              "/proc/loadavg",
              "last_pid",
              "lxcfs tells the node's number, podproc that of the container's pid namespace"),
          differs(
              "/proc/diskstats",
              ".*",
              "lxcfs asks for counters of the CFQ scheduler, gone since Linux 5.0, and shows the"
                  + " node's; podproc shows the disks that the container has used"),
          differs(
              "/proc/slabinfo",
              "text",
              "lxcfs shows the node's text, which only the node's root may read"),
          differs(
              "/sys/devices/system/cpu/present",
              "text",
              "lxcfs shows the node's; podproc the CPUs that are online"),
          differs(
              "/sys/devices/system/cpu/offline",
              "text",
              "lxcfs shows the node's; podproc the node's CPUs that the container does not see"),
          differs(
              "/sys/devices/system/cpu/possible",
              "text",
              "lxcfs shows the node's; podproc the CPUs that are online"));

  /** Files that lxcfs 5.0.3 does not have. */
  private static final List<String> ONLY_PODPROC =
      List.of(
          "/proc/pressure/cpu",
          "/proc/pressure/io",
          "/proc/pressure/memory",
          "/proc/vmstat",
          "/sys/devices/system/node/has_cpu",
          "/sys/devices/system/node/has_memory",
          "/sys/devices/system/node/node0/cpulist",
          "/sys/devices/system/node/node0/cpumap",
          "/sys/devices/system/node/node0/distance",
          "/sys/devices/system/node/node0/meminfo",
          "/sys/devices/system/node/online",
          "/sys/devices/system/node/possible");

  /**
   * What moves between two reads, and by how much at most. kB: what each cat maps, and what the
   * kernel adds up in batches of 64 pages a CPU. Load: each has a sampler of its own, and one
   * sample weighs 0.08.
   */
  private static final List<Map.Entry<Pattern, Double>> MOVING =
      List.of(
          moves("/proc/meminfo (Mem(Free|Available)|Cached|(Ina|A)ctive.*|AnonPages|Mapped)", 4096),
          moves("/proc/meminfo (Dirty|Writeback|Shmem|Unevictable|AnonHugePages)", 4096),
          moves("/proc/meminfo (Committed_AS|DirectMap.*|CmaFree)", 1 << 20),
          moves("/proc/uptime age", 1.0),
          moves("/proc/loadavg load.*", 0.2),
          moves("/proc/cpuinfo cpu\\d+ cpu MHz", 5000));

  private static final Pattern LEADING_NUMBER = Pattern.compile("(\\d+(\\.\\d+)?)( kB)?");

  private final DaemonProcess daemon;
  private final Set<Difference> seen = new LinkedHashSet<>();
  private LxcfsProcess lxcfs;

  DifferentialIT(DaemonProcess shared) {
    daemon = shared;
  }

  private static Difference differs(String path, String fields, String reason) {
    return differs(Kind.ANY, path, fields, reason);
  }

  private static Difference differs(Kind kind, String path, String fields, String reason) {
    return new Difference(kind, path, Pattern.compile(fields), reason);
  }

  private static Map.Entry<Pattern, Double> moves(String field, double tolerance) {
    return Map.entry(Pattern.compile(field), tolerance);
  }

  @BeforeAll
  void startLxcfs() {
    Requirements.tool("lxcfs");
    Requirements.cgroup1(); // on v2 lxcfs 5.0.3 differs in more, and the list would be another
    lxcfs = new LxcfsProcess();
  }

  @AfterAll
  void stopLxcfs() {
    if (lxcfs != null) {
      lxcfs.close();
      assertThat(DIFFERENCES.stream().filter(row -> !seen.contains(row)))
          .as("listed, and no longer so")
          .isEmpty();
    }
  }

  @Test
  void a_container_with_a_quota() {
    compare(Kind.ANY, new Container.Builder().cpus("1.5").memory("256M"));
  }

  @Test
  void a_container_with_a_cpuset() {
    compare(Kind.CPUSET, new Container.Builder().cpuset("1").memory("1G"));
  }

  @Test
  void a_container_with_less_than_a_cpu() {
    compare(Kind.ANY, new Container.Builder().cpus("0.5").memory("96M"));
  }

  @Test
  void a_container_without_limits() {
    compare(Kind.NO_LIMITS, new Container.Builder());
  }

  @Test
  void a_container_whose_pod_has_the_tighter_limits() {
    String pod = "/" + Container.uniqueName();
    try {
      Container.limitCgroup(pod, "--cpus", "1", "--memory", "128M");
      compare(
          Kind.QUOTA_OF_THE_POD,
          new Container.Builder().cgroup(pod + "/" + Container.runtimeScope()).memory("max"));
    } finally {
      Container.removeCgroup(pod);
    }
  }

  private void compare(Kind kind, Container.Builder builder) {
    try (Container container = builder.start()) {
      // Something to see: page cache, anonymous memory, user and system time.
      String _ = container.run("cat /usr/lib/x86_64-linux-gnu/*.so* | head -c 30M >/dev/null").ok();
      String _ =
          container
              .run(
                  "/usr/bin/python3 -I -S -c '"
                      + "import signal,time; x = b\"x\" * (24 << 20); e = time.process_time() + 0.5\n"
                      + "while time.process_time() < e: pass\n"
                      + "signal.pause()' & sleep 2")
              .ok();
      List<String> unexplained = new ArrayList<>();
      List<String> missing = new ArrayList<>();
      for (String path : daemon.files()) {
        Map<String, String> own = Fields.of(path, container.read(daemon.file(path).toString()));
        Output theirs = container.run("cat " + lxcfs.file(path));
        if (theirs.status() != 0) {
          missing.add(path);
        } else {
          compare(kind, path, own, Fields.of(path, theirs.text()), unexplained);
        }
      }
      assertThat(unexplained).as("podproc | lxcfs").isEmpty();
      assertThat(missing).isEqualTo(ONLY_PODPROC);
    }
  }

  private void compare(
      Kind kind,
      String path,
      Map<String, String> own,
      Map<String, String> theirs,
      List<String> unexplained) {
    Set<String> names = new TreeSet<>(own.keySet());
    names.addAll(theirs.keySet());
    for (String name : names) {
      String mine = own.getOrDefault(name, "(absent)");
      String other = theirs.getOrDefault(name, "(absent)");
      if (!same(path + " " + name, mine, other)) {
        List<Difference> known =
            DIFFERENCES.stream().filter(row -> row.covers(kind, path, name)).toList();
        seen.addAll(known);
        if (known.isEmpty()) {
          unexplained.add("%s %s: %s | %s".formatted(path, name, mine, other));
        }
      }
    }
  }

  private static boolean same(String field, String own, String theirs) {
    if (own.equals(theirs)) {
      return true;
    }
    Optional<Double> tolerance =
        MOVING.stream()
            .filter(row -> row.getKey().matcher(field).matches())
            .map(Map.Entry::getValue)
            .findFirst();
    return tolerance.isPresent()
        && LEADING_NUMBER.matcher(own).matches()
        && LEADING_NUMBER.matcher(theirs).matches()
        && Math.abs(number(own) - number(theirs)) <= tolerance.get();
  }

  private static double number(String value) {
    return Double.parseDouble(value.replace(" kB", ""));
  }
}
