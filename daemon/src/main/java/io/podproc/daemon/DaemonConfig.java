// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.fuse.TransportKind;
import io.podproc.daemon.view.CpuPolicy;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * All settings of the daemon and their defaults. Each can be given as a system property ({@code
 * -Dpodproc.mount-point=DIR}) or in the environment ({@code PODPROC_MOUNT_POINT=DIR}).
 */
@ConfigMapping(prefix = "podproc")
public interface DaemonConfig {
  /** Where on the node the tree is mounted. */
  @WithDefault("/var/lib/podproc")
  Path mountPoint();

  /**
   * Whether links to the host's own files are laid beneath the mount, so that pods start with those
   * while no daemon serves.
   */
  @WithDefault("true")
  @WithConverter(TrueOrFalse.class)
  boolean seeds();

  /** How the daemon speaks with the kernel: by its own protocol, or through libfuse 2. */
  @WithDefault("kernel")
  TransportKind transport();

  /**
   * Where daemons and their keepers find each other, so that the files outlive a daemon. Without it
   * they end with the daemon. Needs the kernel's own protocol.
   */
  Optional<Path> runDirectory();

  /** Whether dead files in containers are exchanged for live ones on start. */
  @WithDefault("true")
  @WithConverter(TrueOrFalse.class)
  boolean repair();

  /** Whether the host's files in pods that started while no daemon served are exchanged, too. */
  @WithDefault("true")
  @WithConverter(TrueOrFalse.class)
  boolean repairSeeds();

  /** Where the host's /proc is seen. */
  @WithDefault("/proc")
  Path procRoot();

  /** Where the host's /sys is seen. */
  @WithDefault("/sys")
  Path sysRoot();

  /** Where the host's cgroup file systems are seen. */
  @WithDefault("/sys/fs/cgroup")
  Path cgroupRoot();

  /** What the number of CPUs is taken from: quota or cpuset. */
  @WithDefault("quota")
  CpuPolicy cpuPolicy();

  /** Whether containers see swap. */
  @WithDefault("true")
  @WithConverter(TrueOrFalse.class)
  boolean swap();

  /** Whether memory.high counts as a limit, too. */
  @WithDefault("false")
  @WithConverter(TrueOrFalse.class)
  boolean memoryHigh();

  /** The time between two samples of the load, 1 s to 60 s. The kernel's is 5 s. */
  @WithDefault("5s")
  Duration samplerInterval();

  /** For how long a host file that was read for one caller serves others, 0 s to 10 s. */
  @WithDefault("0.1s")
  Duration hostMaxAge();

  /** Within which time a file read through the mount must answer, 0.1 s to 60 s. */
  @WithDefault("2s")
  Duration readinessDeadline();

  /** Where health and metrics are told over HTTP. */
  @WithDefault("0.0.0.0")
  String httpAddress();

  /** The port of these, 0 for any that is free. */
  @WithDefault("9464")
  int httpPort();

  /**
   * The Node that is labelled {@code podproc.io/ready=true} while this daemon serves; empty for
   * none. It takes a pod whose ServiceAccount may patch Nodes.
   */
  Optional<String> nodeName();

  /**
   * The DaemonSet that this daemon is of, as NAMESPACE/NAME. When the daemon stops because that was
   * deleted, it gives running containers the host's own files first. It takes a pod whose
   * ServiceAccount may get the DaemonSet. Empty: it never asks.
   */
  Optional<String> daemonSet();
}
