// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.settings;

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
 * @param placeholders whether links to the host's own files are laid beneath the mount, so that
 *     pods start with those while no daemon serves
 * @param transport how the daemon speaks with the kernel: by its own protocol, or through libfuse 2
 * @param userNamespaces whether the mount may be id-mapped, as the runtime does for pods with
 *     {@code hostUsers: false}. Each open then costs a request and a text more. Linux 6.12, and the
 *     kernel's own protocol; holds from the next mount on
 * @param selinuxContext what the files are labelled with where SELinux is on, so that containers
 *     may read them; none: what its policy has for FUSE
 * @param runDirectory where daemons and their keepers find each other, so that the files outlive a
 *     daemon. Without it they end with the daemon. Needs the kernel's own protocol
 * @param repair whether dead files in containers are exchanged for live ones on start
 * @param repairPlaceholders whether the host's files in pods that started while no daemon served,
 *     or ran when the keeper's patience ended, are exchanged, too
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
 * @param probePort a port of health alone, 0 for any that is free, where whoever asks from an
 *     address of the node itself, as the kubelet does, is answered before all others; empty for
 *     none
 * @param uiPort the port of a page for people, at the loopback of the daemon's own network: {@code
 *     kubectl podproc ui} comes there; 0 for any that is free. None in the node's own network
 * @param nodeName the Node that this daemon serves; empty outside of a cluster
 * @param nodeLabel whether that Node is labelled {@code podproc.io/ready=true} while this daemon
 *     serves. It takes a pod whose ServiceAccount may patch Nodes
 * @param daemonSet the DaemonSet that this daemon is of, as NAMESPACE/NAME. When the daemon stops
 *     because that was deleted, it gives running containers the host's own files first. It takes a
 *     pod whose ServiceAccount may get the DaemonSet. Empty: it never asks
 * @param nodeDelivery whether this daemon brings its files to containers itself. It takes a pod
 *     whose ServiceAccount may list and watch pods and namespaces, or deliveryNamespaces
 * @param deliveryNamespaces namespaces whose pods get files without a question to the API server,
 *     whatever labels say; with commas between them. Empty: labels decide
 * @param podLogs where the kubelet makes a folder for each pod, as {@code NAMESPACE_NAME_UID}
 * @param namespace that of podproc itself, whose pods get no files
 */
public record DaemonConfig(
    Path mountPoint,
    boolean placeholders,
    TransportKind transport,
    boolean userNamespaces,
    Optional<String> selinuxContext,
    Optional<Path> runDirectory,
    boolean repair,
    boolean repairPlaceholders,
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
    Optional<Integer> probePort,
    Optional<Integer> uiPort,
    Optional<String> nodeName,
    Optional<String> daemonSet,
    boolean nodeLabel,
    boolean nodeDelivery,
    Optional<String> deliveryNamespaces,
    Path podLogs,
    String namespace) {
  /** A DNS subdomain, which is what names of Nodes are. */
  private static final Pattern NODE_NAME =
      Pattern.compile(
          "(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");

  private static final String NAMESPACE = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";

  private static final Pattern DAEMON_SET = Pattern.compile(NAMESPACE + "/" + NODE_NAME);

  private static final Pattern NAMESPACES = Pattern.compile(NAMESPACE + "(," + NAMESPACE + ")*");

  /** USER:ROLE:TYPE[:LEVEL], and no comma, which would begin another option of the mount. */
  private static final Pattern CONTEXT = Pattern.compile("[\\w.-]+(:[\\w.-]+){2,4}");

  /**
   * Those that the user has given, and defaults.
   *
   * @throws InvalidSettingException one can't be used, or there is no such setting
   */
  public static DaemonConfig of(Properties properties, Map<String, String> environment)
      throws InvalidSettingException {
    GivenSettings given = new GivenSettings(properties, environment);
    DaemonConfig config =
        new DaemonConfig(
            given.path("mount-point", "/var/lib/podproc"),
            given.trueOrFalse("placeholders", "true"),
            given.oneOf(TransportKind.class, "transport", "kernel"),
            given.trueOrFalse("user-namespaces", "false"),
            // container-selinux's for files that containers share, which Bottlerocket knows as well
            Optional.of(given.text("selinux-context", "system_u:object_r:container_file_t:s0"))
                .filter(context -> !context.equals("none")),
            given.path("run-directory"),
            given.trueOrFalse("repair", "true"),
            given.trueOrFalse("repair-placeholders", "true"),
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
            given.number("probe-port"),
            given.number("ui-port"),
            given.text("node-name"),
            given.text("daemon-set"),
            given.trueOrFalse("node-label", "true"),
            given.trueOrFalse("node-delivery", "false"),
            given.text("delivery-namespaces"),
            given.path("pod-logs", "/var/log/pods"),
            given.text("namespace", "podproc"));
    given.check();
    config.check();
    return config;
  }

  /** What the types can't say. */
  private void check() throws InvalidSettingException {
    if (!mountPoint.isAbsolute()) {
      throw new InvalidSettingException(
          "podproc.mount-point must be an absolute path, not " + mountPoint);
    }
    Optional<String> wrong = selinuxContext.filter(context -> !CONTEXT.matcher(context).matches());
    if (wrong.isPresent()) {
      throw new InvalidSettingException(
          "podproc.selinux-context must be USER:ROLE:TYPE[:LEVEL] or none, not " + wrong.get());
    }
    wrong = nodeName.filter(name -> !NODE_NAME.matcher(name).matches());
    if (wrong.isPresent()) {
      throw new InvalidSettingException(
          "podproc.node-name must be the name of a Node, not " + wrong.get());
    }
    wrong = daemonSet.filter(name -> !DAEMON_SET.matcher(name).matches());
    if (wrong.isPresent()) {
      throw new InvalidSettingException(
          "podproc.daemon-set must be NAMESPACE/NAME of a DaemonSet, not " + wrong.get());
    }
    wrong = deliveryNamespaces.filter(names -> !NAMESPACES.matcher(names).matches());
    if (wrong.isPresent()) {
      throw new InvalidSettingException(
          "podproc.delivery-namespaces must be names of namespaces, not " + wrong.get());
    }
    if (nodeDelivery && nodeName.isEmpty() && deliveryNamespaces.isEmpty()) {
      throw new InvalidSettingException(
          "podproc.node-delivery needs podproc.node-name or podproc.delivery-namespaces");
    }
    if (runDirectory.isPresent() && transport != TransportKind.KERNEL) {
      throw new InvalidSettingException("podproc.run-directory needs podproc.transport=kernel");
    }
    checkPorts();
    check("sampler-interval", samplerInterval, Duration.ofSeconds(1), ofMinute());
    check("host-max-age", hostMaxAge, Duration.ZERO, Duration.ofSeconds(10));
    check("readiness-deadline", readinessDeadline, Duration.ofMillis(100), ofMinute());
  }

  private void checkPorts() throws InvalidSettingException {
    checkPort("http-port", httpPort);
    if (probePort.isPresent()) {
      checkPort("probe-port", probePort.get());
    }
    if (uiPort.isPresent()) {
      checkPort("ui-port", uiPort.get());
    }
  }

  private static void checkPort(String name, int port) throws InvalidSettingException {
    if (port < 0 || port > 65535) {
      throw new InvalidSettingException(
          "podproc." + name + " must be between 0 and 65535, not " + port);
    }
  }

  private static Duration ofMinute() {
    return Duration.ofMinutes(1);
  }

  private static void check(String name, Duration value, Duration least, Duration most)
      throws InvalidSettingException {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new InvalidSettingException(
          "podproc."
              + name
              + " must be between "
              + seconds(least)
              + " and "
              + seconds(most)
              + ", not "
              + seconds(value));
    }
  }

  private static String seconds(Duration duration) {
    return duration.toMillis() / 1000.0 + " s";
  }
}
