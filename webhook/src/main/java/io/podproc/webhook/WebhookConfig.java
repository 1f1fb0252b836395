// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.podproc.webhook.injection.PodSecurityLevel;
import io.podproc.webhook.tls.CertificateSource;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * All settings of the webhook and their defaults. Each can be given as a system property ({@code
 * -Dpodproc.mount-point=DIR}) or in the environment ({@code PODPROC_MOUNT_POINT=DIR}).
 */
@ConfigMapping(prefix = "podproc")
public interface WebhookConfig {
  /** Where on each node the daemon has mounted its tree. */
  @WithDefault("/var/lib/podproc")
  Path mountPoint();

  /** The namespace that podproc itself runs in. No pod in it is injected. */
  @WithDefault("podproc")
  String namespace();

  /** The files that a pod gets which does not name any, as paths in the container. */
  @WithDefault(
      "/proc/cpuinfo,/proc/meminfo,/proc/stat,/proc/uptime,/proc/loadavg,/proc/swaps,"
          + "/proc/diskstats,/proc/slabinfo,/sys/devices/system/cpu/online")
  List<String> files();

  /**
   * Runtime classes whose containers have a kernel of their own; * stands for any text. May be
   * empty.
   */
  @WithDefault("gvisor*,runsc*,kata*")
  Optional<List<String>> skipRuntimeClasses();

  /** Whether pods with hostPID keep the host's view. */
  @WithDefault("true")
  @WithConverter(TrueOrFalse.class)
  boolean skipHostPid();

  /**
   * Whether containers that are privileged, have CAP_SYS_ADMIN or {@code procMount: Unmasked} keep
   * the node's view, unless their pod itself is labelled.
   */
  @WithDefault("true")
  @WithConverter(TrueOrFalse.class)
  boolean skipPrivileged();

  /**
   * Whether pods with {@code hostUsers: false} are injected: if the daemon's mount can be idmapped.
   */
  @WithDefault("false")
  @WithConverter(TrueOrFalse.class)
  boolean userNamespaces();

  /** The Pod Security level of namespaces without the label: the API server's default. */
  @WithDefault("privileged")
  PodSecurityLevel defaultPodSecurity();

  /** Whether injected pods prefer nodes on which the daemon serves ({@code podproc.io/ready}). */
  @WithDefault("false")
  @WithConverter(TrueOrFalse.class)
  boolean preferReadyNodes();

  /**
   * Whether daemons bring files to pods as well, as labels say: then they do what a webhook can't.
   */
  @WithDefault("false")
  @WithConverter(TrueOrFalse.class)
  boolean nodeDelivery();

  /** The MutatingWebhookConfiguration that registers this webhook. */
  @WithDefault("podproc")
  String webhookConfiguration();

  /** The Service that the API server calls this webhook by. */
  @WithDefault("podproc-webhook")
  String service();

  /** self: makes and renews its own certificate. files: takes the one in certificate-directory. */
  @WithDefault("self")
  CertificateSource certificateSource();

  /** files: the directory with tls.crt and tls.key, as a Secret is mounted. */
  @WithDefault("/etc/podproc/tls")
  Path certificateDirectory();

  /**
   * A file of CA certificates in PEM: who sends reviews must have a client certificate of one of
   * them. Without it, anybody may who reaches the port.
   */
  Optional<Path> clientAuthorities();

  /** self: the Secret that keeps CA and certificate, for all replicas. It must exist. */
  @WithDefault("podproc-webhook-tls")
  String certificateSecret();

  /** self: the Lease by which one replica at a time makes certificates. It must exist. */
  @WithDefault("podproc-webhook")
  String certificateLease();

  /** self: for how long a serving certificate is valid, 30 s to 397 days. */
  @WithDefault("90d")
  Duration certificateValidity();

  /** self: for how long a CA is valid; at least four times a serving certificate's validity. */
  @WithDefault("1825d")
  Duration caValidity();

  /** How long a stopping webhook goes on answering while endpoints forget it, 0 s to 60 s. */
  @WithDefault("5s")
  Duration drain();
}
