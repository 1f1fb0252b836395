// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.settings;

import io.podproc.daemon.log.Log;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a user has set, as system properties or else in the environment, by the names of the
 * settings. Not SmallRye's: readers wait for a start, and that took 84 ms of its main thread.
 */
final class GivenSettings {
  private static final String PROPERTY = "podproc.";
  private static final String VARIABLE = "PODPROC_";

  /** Kubernetes tells each pod of the services around it, and one of them may be called podproc. */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          VARIABLE + "(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_.*)?)?)");

  /** What settings were called before 0.2.0. 0.3.0 won't know these names. */
  private static final Map<String, String> FORMER =
      Map.of("placeholders", "seeds", "repair-placeholders", "repair-seeds");

  private final Properties properties;
  private final Map<String, String> environment;
  private final Set<String> known = new TreeSet<>();
  private final List<String> wrong = new ArrayList<>();

  /** What was given, and by which name. */
  private record Given(String name, String text) {
    @Override
    public String toString() {
      return PROPERTY + name + "=" + text;
    }
  }

  GivenSettings(Properties properties, Map<String, String> environment) {
    this.properties = properties;
    this.environment = environment;
  }

  /** Empty means nothing. */
  Optional<String> text(String name) {
    return Optional.ofNullable(given(name, "")).map(Given::text).filter(text -> !text.isEmpty());
  }

  String text(String name, String otherwise) {
    return parse(name, otherwise, text -> text);
  }

  Path path(String name, String otherwise) {
    return parse(name, otherwise, Path::of);
  }

  Optional<Path> path(String name) {
    return text(name).map(Path::of);
  }

  int number(String name, String otherwise) {
    return parse(
        name,
        otherwise,
        text -> {
          if (!text.matches("-?[0-9]{1,9}")) {
            throw new IllegalArgumentException("a whole number is asked for");
          }
          return Integer.valueOf(text);
        });
  }

  Optional<Integer> number(String name) {
    return text(name).map(_ -> number(name, "0"));
  }

  boolean trueOrFalse(String name, String otherwise) {
    return parse(
        name,
        otherwise,
        text ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default -> throw new IllegalArgumentException("allowed values: true,false");
            });
  }

  <E extends Enum<E>> E oneOf(Class<E> type, String name, String otherwise) {
    return parse(
        name,
        otherwise,
        text ->
            Arrays.stream(type.getEnumConstants())
                .filter(value -> word(value).equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() ->
                    new IllegalArgumentException(
                        "allowed values: "
                            + Arrays.stream(type.getEnumConstants())
                                .map(GivenSettings::word)
                                .collect(Collectors.joining(",")))));
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  Duration duration(String name, String otherwise) {
    return parse(name, otherwise, GivenSettings::duration);
  }

  /** As ISO 8601 has it, whose first letters may be left out, and the last one where it is an S. */
  private static Duration duration(String text) {
    try {
      if (text.matches("-?[0-9]{1,9}ms")) {
        return Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)));
      }
      boolean isShort = text.matches("-?[0-9].*");
      boolean isBare = text.matches("-?[0-9.]+");
      return Duration.parse((isShort ? "PT" : "") + text + (isBare ? "S" : ""));
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("a duration is asked for, as 500ms, 2.5s or 1m", e);
    }
  }

  /** What can't be read is told by {@link #check}, all of it at once. */
  private <T> T parse(String name, String otherwise, Function<String, T> parser) {
    Given given = given(name, otherwise);
    if (given != null) {
      try {
        if (given.text.isEmpty()) {
          throw new IllegalArgumentException("a value is asked for");
        }
        return parser.apply(given.text);
      } catch (IllegalArgumentException e) {
        wrong.add(PROPERTY + given.name + " can't be \"" + given.text + "\": " + e.getMessage());
      }
    }
    return parser.apply(otherwise);
  }

  /**
   * By its name. By a former one where that is given, and the name has no value but the default:
   * the chart gives each setting that, and only a user gives a former name.
   */
  private @Nullable Given given(String name, String otherwise) {
    Given now = lookUp(name);
    String former = FORMER.get(name);
    Given before = former == null ? null : lookUp(former);
    if (before == null) {
      return now;
    }
    Given holds = before;
    String over = "";
    if (now != null) {
      boolean isSet = !now.text.equals(otherwise);
      holds = isSet ? now : before;
      over = "; " + holds + " holds, and not " + (isSet ? before : now);
    }
    Log.warn(
        "the setting %s%s is called %s%s since 0.2.0: rename it, 0.3.0 won't know the old name%s",
        PROPERTY, former, PROPERTY, name, over);
    return holds;
  }

  private @Nullable Given lookUp(String name) {
    known.add(name);
    String property = properties.getProperty(PROPERTY + name);
    String text = property != null ? property : environment.get(variable(name));
    return text == null ? null : new Given(name, text);
  }

  /** Of mount-point it is PODPROC_MOUNT_POINT. */
  private static String variable(String name) {
    return VARIABLE + name.replace('-', '_').toUpperCase(Locale.ROOT);
  }

  /**
   * To be called when all has been asked for: that each could be read, and that none is misspelt.
   */
  void check() throws InvalidSettingException {
    properties.stringPropertyNames().stream()
        .filter(name -> name.startsWith(PROPERTY))
        .filter(name -> !known.contains(name.substring(PROPERTY.length())))
        .sorted()
        .forEach(name -> wrong.add("there is no setting " + name));
    Set<String> variables =
        known.stream().map(GivenSettings::variable).collect(Collectors.toUnmodifiableSet());
    environment.keySet().stream()
        .filter(name -> name.startsWith(VARIABLE))
        .filter(name -> !variables.contains(name) && !SERVICE_LINK.matcher(name).matches())
        .sorted()
        .forEach(name -> wrong.add("there is no setting " + name));
    if (!wrong.isEmpty()) {
      throw new InvalidSettingException(String.join("; ", wrong));
    }
  }
}
