// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.tls.kubernetes;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Two who write the same field would do so for ever. After three patches within a minute there is a
 * pause of a minute, which doubles each time that the patch after it is undone as well, up to a
 * quarter of an hour; where none was needed for longer than that, all is forgotten.
 */
final class Rivalry {
  private static final int MOST = 3;
  private static final Duration WITHIN = Duration.ofMinutes(1);
  private static final Duration LONGEST = Duration.ofMinutes(15);

  private final InstantSource clock;
  private final Deque<Instant> patches = new ArrayDeque<>();
  private Duration pause = Duration.ZERO;
  private Instant pausedUntil = Instant.EPOCH;

  Rivalry(InstantSource clock) {
    this.clock = clock;
  }

  /** Whether it is too early for another patch. */
  boolean isPaused() {
    Instant now = clock.instant();
    // A clock that was set back must not make it longer.
    return now.isBefore(pausedUntil) && !now.plus(pause).isBefore(pausedUntil);
  }

  Instant pausedUntil() {
    return pausedUntil;
  }

  /** A patch was made. */
  void patched() {
    Instant now = clock.instant();
    boolean _ = patches.removeIf(patch -> patch.plus(WITHIN).isBefore(now) || patch.isAfter(now));
    patches.addLast(now);
    boolean again = !pause.isZero() && now.isBefore(pausedUntil.plus(LONGEST));
    if (again) {
      Duration longer = pause.multipliedBy(2);
      pause = longer.compareTo(LONGEST) < 0 ? longer : LONGEST;
      pausedUntil = now.plus(pause);
    } else if (patches.size() >= MOST) {
      pause = WITHIN;
      pausedUntil = now.plus(pause);
    } else {
      pause = Duration.ZERO;
    }
  }

  /** Those others that managedFields name as writers of a caBundle, and when they wrote last. */
  static String writers(HasMetadata object, String self) {
    String writers =
        object.getMetadata().getManagedFields().stream()
            .filter(entry -> !self.equals(entry.getManager()))
            .filter(entry ->
                entry.getFieldsV1() != null
                    && hasCaBundle(entry.getFieldsV1().getAdditionalProperties()))
            .map(Rivalry::writer)
            .distinct()
            .collect(Collectors.joining(", "));
    return writers.isEmpty() ? "managedFields do not tell who" : "by managedFields " + writers;
  }

  private static String writer(ManagedFieldsEntry entry) {
    String manager = Objects.requireNonNullElse(entry.getManager(), "somebody without a name");
    return manager.replaceAll("[^\\x20-\\x7e]", "?") + " at " + entry.getTime();
  }

  private static boolean hasCaBundle(@Nullable Object fields) {
    return fields instanceof Map<?, ?> map
        && (map.containsKey("f:caBundle") || map.values().stream().anyMatch(Rivalry::hasCaBundle));
  }
}
