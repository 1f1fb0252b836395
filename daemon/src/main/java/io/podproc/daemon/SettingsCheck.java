// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.fuse.TransportKind;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the types of the settings can't say. */
final class SettingsCheck {
  private static final String PREFIX = "PODPROC_";

  /** Kubernetes tells each pod of the services around it, and one of them may be called podproc. */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          PREFIX + "(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_.*)?)?)");

  /** A DNS subdomain, which is what names of Nodes are. */
  private static final Pattern NODE_NAME =
      Pattern.compile(
          "(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");

  private static final Pattern DAEMON_SET =
      Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/" + NODE_NAME);

  private SettingsCheck() {}

  /** A setting is out of its range. The message is one line that says which. */
  static final class Invalid extends Exception {
    private static final long serialVersionUID = 1;

    Invalid(String message) {
      super(message);
    }
  }

  /**
   * The settings, from system properties and the environment.
   *
   * @throws RuntimeException one can't be read, or there is no such setting
   */
  static DaemonConfig settings() throws Invalid {
    DaemonConfig config =
        new SmallRyeConfigBuilder()
            .addDefaultInterceptors()
            .addSystemSources()
            .addDiscoveredConverters()
            .withMapping(DaemonConfig.class)
            .build()
            .getConfigMapping(DaemonConfig.class);
    check(config, System.getenv().keySet());
    return config;
  }

  /**
   * Checks ranges, and that no setting in the environment is misspelt: SmallRye overlooks those.
   *
   * @param environment the names of all environment variables
   */
  static void check(DaemonConfig config, Set<String> environment) throws Invalid {
    Set<String> known =
        Arrays.stream(DaemonConfig.class.getDeclaredMethods())
            .map(SettingsCheck::environmentName)
            .collect(Collectors.toSet());
    for (String name : environment) {
      if (name.startsWith(PREFIX)
          && !known.contains(name)
          && !SERVICE_LINK.matcher(name).matches()) {
        throw new Invalid("there is no setting " + name);
      }
    }
    if (!config.mountPoint().isAbsolute()) {
      throw new Invalid("podproc.mount-point must be an absolute path, not " + config.mountPoint());
    }
    Optional<String> wrong = config.nodeName().filter(name -> !NODE_NAME.matcher(name).matches());
    if (wrong.isPresent()) {
      throw new Invalid("podproc.node-name must be the name of a Node, not " + wrong.get());
    }
    wrong = config.daemonSet().filter(name -> !DAEMON_SET.matcher(name).matches());
    if (wrong.isPresent()) {
      throw new Invalid(
          "podproc.daemon-set must be NAMESPACE/NAME of a DaemonSet, not " + wrong.get());
    }
    if (config.runDirectory().isPresent() && config.transport() != TransportKind.KERNEL) {
      throw new Invalid("podproc.run-directory needs podproc.transport=kernel");
    }
    if (config.httpPort() < 0 || config.httpPort() > 65535) {
      throw new Invalid("podproc.http-port must be between 0 and 65535, not " + config.httpPort());
    }
    check("sampler-interval", config.samplerInterval(), Duration.ofSeconds(1), ofMinute());
    check("host-max-age", config.hostMaxAge(), Duration.ZERO, Duration.ofSeconds(10));
    check("readiness-deadline", config.readinessDeadline(), Duration.ofMillis(100), ofMinute());
  }

  private static String environmentName(Method setting) {
    return PREFIX + setting.getName().replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
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
