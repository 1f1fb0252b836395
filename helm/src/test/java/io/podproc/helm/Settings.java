// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The settings of a program, as its source has them. */
final class Settings {
  static final Path DAEMON = Path.of("../daemon");
  static final Path WEBHOOK = Path.of("../webhook");

  /** Of the daemon: {@code given.path("mount-point", "/var/lib/podproc")}. */
  private static final Pattern GIVEN =
      Pattern.compile("given\\.\\w+\\((?:\\w+\\.class, )?\"([a-z-]+)\"(?:, \"([^\"]*)\")?\\)");

  private static final Pattern HYPHEN = Pattern.compile("-([a-z])");

  /** Of the webhook: an interface of SmallRye's. */
  private static final Pattern SETTING =
      Pattern.compile(
          "(?:@WithDefault\\(\\s*((?:\"[^\"]*\"[\\s+]*)+)\\)\\s*)?"
              + "(?:@With\\w+\\([\\w.]+\\)\\s*)*"
              + "[\\w<>]+ (\\w+)\\(\\);");

  private static final Pattern TEXT = Pattern.compile("\"([^\"]*)\"");
  private static final Pattern PROPERTY = Pattern.compile("(?m)^(quarkus[^=#\\s]*)=");

  private Settings() {}

  /** Name, as mountPoint, to default; empty where there is none. */
  static Map<String, String> of(Path module) {
    return module.equals(DAEMON) ? ofDaemon() : ofWebhook();
  }

  private static Map<String, String> ofDaemon() {
    Map<String, String> settings = new TreeMap<>();
    GIVEN
        .matcher(text(DAEMON.resolve("src/main/java/io/podproc/daemon/settings/DaemonConfig.java")))
        .results()
        .forEach(setting ->
            settings.put(
                HYPHEN
                    .matcher(setting.group(1))
                    .replaceAll(h -> h.group(1).toUpperCase(Locale.ROOT)),
                Objects.requireNonNullElse(setting.group(2), "")));
    return settings;
  }

  private static Map<String, String> ofWebhook() {
    Map<String, String> settings = new TreeMap<>();
    Matcher setting =
        SETTING.matcher(
            text(WEBHOOK.resolve("src/main/java/io/podproc/webhook/WebhookConfig.java")));
    while (setting.find()) {
      String texts = setting.group(1) == null ? "" : setting.group(1);
      settings.put(
          setting.group(2),
          TEXT.matcher(texts).results().map(t -> t.group(1)).collect(Collectors.joining()));
    }
    return settings;
  }

  /** The names that a program takes from its environment, be they podproc's or Quarkus's. */
  static Set<String> environment(Path module) {
    Set<String> names = new TreeSet<>();
    of(module).keySet().forEach(setting -> names.add(environmentName(setting)));
    String properties = text(module.resolve("src/main/resources/application.properties"));
    PROPERTY
        .matcher(properties)
        .results()
        .forEach(p -> names.add(p.group(1).replaceAll("[^a-z]", "_").toUpperCase(Locale.ROOT)));
    return names;
  }

  static String environmentName(String setting) {
    return "PODPROC_" + setting.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
  }

  /** mountPoint as mount-point. */
  static String hyphened(String setting) {
    return setting.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
