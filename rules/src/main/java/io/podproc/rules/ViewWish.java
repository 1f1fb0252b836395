// SPDX-License-Identifier: Apache-2.0
package io.podproc.rules;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What a pod's annotations say its containers are to be shown: {@code podproc.io/cpus} and {@code
 * podproc.io/memory} hold for all of them, with {@code .CONTAINER} behind it for one. What can't be
 * used is as if it were not there.
 *
 * @param annotations those of them that the pod has; longer values are cut, so that they are of no
 *     use
 */
public record ViewWish(Map<String, String> annotations) {
  public static final String CPUS = "podproc.io/cpus";
  public static final String MEMORY = "podproc.io/memory";

  /** Of most pods. */
  public static final ViewWish NONE = new ViewWish(Map.of());

  /** Programs divide by it, and by parts of it. */
  public static final long LEAST_MEMORY = 1L << 20;

  /** More than that, a pod has no containers; the rest is passed over. */
  static final int MOST = 64;

  private static final String LIMIT = "limit";
  private static final BigDecimal MOST_MEMORY = BigDecimal.valueOf(Long.MAX_VALUE);

  /** Whether an annotation is one of these. */
  public static boolean concerns(String key) {
    return isFor(CPUS, key) || isFor(MEMORY, key);
  }

  private static boolean isFor(String what, String key) {
    return key.startsWith(what)
        && (key.length() == what.length() || key.charAt(what.length()) == '.');
  }

  /** Of a pod with these annotations. */
  public static ViewWish of(Map<String, String> all) {
    TreeMap<String, String> kept = new TreeMap<>();
    all.forEach((key, value) -> {
      if (concerns(key)) {
        kept.put(key, value.substring(0, Math.min(value.length(), Quantity.LONGEST + 1)));
      }
    });
    while (kept.size() > MOST) {
      kept.pollLastEntry();
    }
    return kept.isEmpty() ? NONE : new ViewWish(Map.copyOf(kept));
  }

  /** Whether one of them is for a container of a certain name. */
  public boolean namesContainers() {
    return annotations.keySet().stream().anyMatch(key -> !key.equals(CPUS) && !key.equals(MEMORY));
  }

  /**
   * What a container is to be shown.
   *
   * @param container its name; empty where it is not known, and what is for all containers holds
   */
  public Shown shown(Optional<String> container) {
    if (annotations.isEmpty()) {
      return Shown.USUAL;
    }
    return new Shown(
        told(CPUS, container)
            .flatMap(CpuWish::read)
            .or(() -> told(CPUS, Optional.empty()).flatMap(CpuWish::read))
            .orElse(CpuWish.USUAL),
        told(MEMORY, container)
            .flatMap(ViewWish::memory)
            .or(() -> told(MEMORY, Optional.empty()).flatMap(ViewWish::memory))
            .orElse(OptionalLong.empty()));
  }

  private Optional<String> told(String what, Optional<String> container) {
    return Optional.ofNullable(
        annotations.get(container.map(name -> what + "." + name).orElse(what)));
  }

  /** The bytes; none for the limit; empty where it says nothing that can be used. */
  private static Optional<OptionalLong> memory(String text) {
    if (text.strip().equals(LIMIT)) {
      return Optional.of(OptionalLong.empty());
    }
    return Quantity.read(text.strip())
        .filter(bytes ->
            bytes.compareTo(BigDecimal.valueOf(LEAST_MEMORY)) >= 0
                && bytes.compareTo(MOST_MEMORY) <= 0)
        .map(bytes -> OptionalLong.of(bytes.setScale(0, RoundingMode.FLOOR).longValue()));
  }

  /** What can't be used of it: a line for each, in the order of the annotations. */
  public List<String> faults() {
    List<String> faults = new ArrayList<>();
    new TreeMap<>(annotations)
        .forEach((key, value) -> {
          boolean cpus = isFor(CPUS, key);
          if (cpus ? CpuWish.read(value).isEmpty() : memory(value).isEmpty()) {
            faults.add(
                key
                    + (cpus
                        ? " is not limit, request, cpuset or 0.01 to 8192: "
                        : " is not limit or a quantity from 1Mi on: ")
                    + value);
          }
        });
    return faults;
  }

  /** The names of containers that it has words for. */
  public List<String> containers() {
    return annotations.keySet().stream()
        .filter(key -> !key.equals(CPUS) && !key.equals(MEMORY))
        .map(key -> key.substring((isFor(CPUS, key) ? CPUS : MEMORY).length() + 1))
        .distinct()
        .sorted()
        .toList();
  }
}
