// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook;

import io.podproc.webhook.admission.ReviewRequest;
import io.podproc.webhook.injection.InjectableFile;
import io.podproc.webhook.injection.InjectionRules;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the types of the settings can't say. */
final class SettingsCheck {
  private static final String PREFIX = "PODPROC_";

  /** Kubernetes tells each pod of the services around it, and some of them are called podproc. */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          PREFIX + "(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_.*)?)?)");

  private static final Pattern DNS_LABEL = ReviewRequest.DNS_LABEL;
  private static final Pattern DNS_SUBDOMAIN =
      Pattern.compile("(?=.{1,253}$)" + DNS_LABEL + "(\\." + DNS_LABEL + ")*");

  private static final Duration MAX_DRAIN = Duration.ofMinutes(1);

  private SettingsCheck() {}

  /** A setting is not what it may be. The message is one line that says which. */
  static final class Invalid extends Exception {
    private static final long serialVersionUID = 1;

    Invalid(String message) {
      super(message);
    }
  }

  /**
   * Checks values, and that no setting in the environment is misspelt: SmallRye overlooks those.
   *
   * @param environment the names of all environment variables
   */
  static void check(WebhookConfig config, Set<String> environment) throws Invalid {
    Set<String> known =
        Arrays.stream(WebhookConfig.class.getDeclaredMethods())
            .map(SettingsCheck::environmentName)
            .collect(Collectors.toSet());
    for (String name : environment) {
      if (name.startsWith(PREFIX)
          && !known.contains(name)
          && !SERVICE_LINK.matcher(name).matches()) {
        throw new Invalid("there is no setting " + name);
      }
    }
    requireAbsolute("mount-point", config.mountPoint());
    requireAbsolute("certificate-directory", config.certificateDirectory());
    if (config.clientAuthorities().isPresent()) {
      requireAbsolute("client-authorities", config.clientAuthorities().get());
    }
    requireName("namespace", config.namespace(), DNS_LABEL);
    requireName("service", config.service(), DNS_LABEL);
    for (Map.Entry<String, String> name :
        Map.of(
                "webhook-configuration", config.webhookConfiguration(),
                "certificate-secret", config.certificateSecret(),
                "certificate-lease", config.certificateLease())
            .entrySet()) {
      requireName(name.getKey(), name.getValue(), DNS_SUBDOMAIN);
    }
    if (config.drain().isNegative() || config.drain().compareTo(MAX_DRAIN) > 0) {
      throw new Invalid(
          "podproc.drain must be between 0 s and 60 s, not "
              + config.drain().toMillis() / 1000.0
              + " s");
    }
    var _ = files(config);
  }

  /** What of the settings decides on pods. */
  static InjectionRules rules(WebhookConfig config) throws Invalid {
    return new InjectionRules(
        config.mountPoint().normalize().toString(),
        config.namespace(),
        files(config),
        config.skipRuntimeClasses().orElse(List.of()),
        config.skipHostPid(),
        config.skipPrivileged(),
        config.userNamespaces(),
        config.defaultPodSecurity(),
        config.preferReadyNodes(),
        config.nodeDelivery());
  }

  private static List<InjectableFile> files(WebhookConfig config) throws Invalid {
    Set<InjectableFile> files = new HashSet<>();
    for (String path : config.files()) {
      files.add(
          InjectableFile.at(path.strip())
              .orElseThrow(
                  () -> new Invalid("podproc.files: podproc has no file \"" + path + "\"")));
    }
    return InjectableFile.all().stream().filter(files::contains).toList();
  }

  private static String environmentName(Method setting) {
    return PREFIX + setting.getName().replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
  }

  private static void requireAbsolute(String setting, Path path) throws Invalid {
    if (!path.isAbsolute()) {
      throw new Invalid("podproc." + setting + " must be an absolute path, not " + path);
    }
  }

  private static void requireName(String setting, String name, Pattern pattern) throws Invalid {
    if (!pattern.matcher(name).matches()) {
      throw new Invalid(
          "podproc." + setting + " must be a name in Kubernetes, not \"" + name + "\"");
    }
  }
}
