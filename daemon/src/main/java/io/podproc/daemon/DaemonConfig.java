// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.GivenSettings.Invalid;
import io.podproc.daemon.fuse.TransportKind;
import io.podproc.daemon.view.CpuPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Pattern;

/**
 * All settings of the daemon and their defaults. Each can be given as a system property ({@code
 * -Dpodproc.mount-point=DIR}) or in the environment ({@code PODPROC_MOUNT_POINT=DIR}).
 *
 * @param mountPoint where on the node the tree is mounted
 * @param seeds whether links to the host's own files are laid beneath the mount, so that pods start
 *     with those while no daemon serves
 * @param transport how the daemon speaks with the kernel: by its own protocol, or through libfuse 2
 * @param runDirectory where daemons and their keepers find each other, so that the files outlive a
 *     daemon. Without it they end with the daemon. Needs the kernel's own protocol
 * @param repair whether dead files in containers are exchanged for live ones on start
 * @param repairSeeds whether the host's files in pods that started while no daemon served are
 *     exchanged, too
 * @param procRoot where the host's /proc is seen
 * @param sysRoot where the host's /sys is seen
 * @param cgroupRoot where the host's cgroup file systems are seen
 * @param cpuPolicy what the number of CPUs is taken from: quota or cpuset
 * @param swap whether containers see swap
 * @param memoryHigh whether memory.high counts as a limit, too
 * @param samplerInterval the time between two samples of the load, 1 s to 60 s. The kernel's is 5 s
 * @param hostMaxAge for how long a host file that was read for one caller serves others, 0 s to 10
 *     s
 * @param readinessDeadline within which time a file read through the mount must answer, 0.1 s to 60
 *     s
 * @param httpAddress where health and metrics are told over HTTP
 * @param httpPort the port of these, 0 for any that is free
 * @param nodeName the Node that is labelled {@code podproc.io/ready=true} while this daemon serves;
 *     empty for none. It takes a pod whose ServiceAccount may patch Nodes
 * @param daemonSet the DaemonSet that this daemon is of, as NAMESPACE/NAME. When the daemon stops
 *     because that was deleted, it gives running containers the host's own files first. It takes a
 *     pod whose ServiceAccount may get the DaemonSet. Empty: it never asks
 */
record DaemonConfig(
    Path mountPoint,
    boolean seeds,
    TransportKind transport,
    Optional<Path> runDirectory,
    boolean repair,
    boolean repairSeeds,
    Path procRoot,
    Path sysRoot,
    Path cgroupRoot,
    CpuPolicy cpuPolicy,
    boolean swap,
    boolean memoryHigh,
    Duration samplerInterval,
    Duration hostMaxAge,
    Duration readinessDeadline,
    String httpAddress,
    int httpPort,
    Optional<String> nodeName,
    Optional<String> daemonSet) {
  /** A DNS subdomain, which is what names of Nodes are. */
  private static final Pattern NODE_NAME =
      Pattern.compile(
          "(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");

  private static final Pattern DAEMON_SET =
      Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/" + NODE_NAME);

  /**
   * Those that the user has given, and defaults.
   *
   * @throws Invalid one can't be used, or there is no such setting
   */
  static DaemonConfig of(Properties properties, Map<String, String> environment) throws Invalid {
    GivenSettings given = new GivenSettings(properties, environment);
    DaemonConfig config =
        new DaemonConfig(
            given.path("mount-point", "/var/lib/podproc"),
            given.trueOrFalse("seeds", "true"),
            given.oneOf(TransportKind.class, "transport", "kernel"),
            given.path("run-directory"),
            given.trueOrFalse("repair", "true"),
            given.trueOrFalse("repair-seeds", "true"),
            given.path("proc-root", "/proc"),
            given.path("sys-root", "/sys"),
            given.path("cgroup-root", "/sys/fs/cgroup"),
            given.oneOf(CpuPolicy.class, "cpu-policy", "quota"),
            given.trueOrFalse("swap", "true"),
            given.trueOrFalse("memory-high", "false"),
            given.duration("sampler-interval", "5s"),
            given.duration("host-max-age", "0.1s"),
            given.duration("readiness-deadline", "2s"),
            given.text("http-address", "0.0.0.0"),
            given.number("http-port", "9464"),
            given.text("node-name"),
            given.text("daemon-set"));
    given.check();
    config.check();
    return config;
  }

  /** What the types can't say. */
  private void check() throws Invalid {
    if (!mountPoint.isAbsolute()) {
      throw new Invalid("podproc.mount-point must be an absolute path, not " + mountPoint);
    }
    Optional<String> wrong = nodeName.filter(name -> !NODE_NAME.matcher(name).matches());
    if (wrong.isPresent()) {
      throw new Invalid("podproc.node-name must be the name of a Node, not " + wrong.get());
    }
    wrong = daemonSet.filter(name -> !DAEMON_SET.matcher(name).matches());
    if (wrong.isPresent()) {
      throw new Invalid(
          "podproc.daemon-set must be NAMESPACE/NAME of a DaemonSet, not " + wrong.get());
    }
    if (runDirectory.isPresent() && transport != TransportKind.KERNEL) {
      throw new Invalid("podproc.run-directory needs podproc.transport=kernel");
    }
    if (httpPort < 0 || httpPort > 65535) {
      throw new Invalid("podproc.http-port must be between 0 and 65535, not " + httpPort);
    }
    check("sampler-interval", samplerInterval, Duration.ofSeconds(1), ofMinute());
    check("host-max-age", hostMaxAge, Duration.ZERO, Duration.ofSeconds(10));
    check("readiness-deadline", readinessDeadline, Duration.ofMillis(100), ofMinute());
  }

  private static Duration ofMinute() {
    return Duration.ofMinutes(1);
  }

  private static void check(String name, Duration value, Duration least, Duration most)
      throws Invalid {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new Invalid(
          "podproc.%s must be between %s and %s, not %s"
              .formatted(name, seconds(least), seconds(most), seconds(value)));
    }
  }

  private static String seconds(Duration duration) {
    return duration.toMillis() / 1000.0 + " s";
  }
}
