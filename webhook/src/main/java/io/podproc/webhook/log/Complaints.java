// SPDX-License-Identifier: Apache-2.0
package io.podproc.webhook.log;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/** Warns of what goes on being wrong: each kind in one line, once a minute at most. */
public final class Complaints {
  private static final Duration SILENCE = Duration.ofMinutes(1);

  private final Logger log = Logger.getLogger("podproc");
  private final Map<String, Instant> silentUntil = new ConcurrentHashMap<>();
  private final InstantSource clock;

  public Complaints(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * Warns, unless it has warned of that just now.
   *
   * @param kind what goes wrong, the same words each time: there are few of them
   * @param detail of this time
   */
  public void about(String kind, Object detail) {
    Instant now = clock.instant();
    Instant until = silentUntil.get(kind);
    if (until == null || !now.isBefore(until)) {
      silentUntil.put(kind, now.plus(SILENCE));
      log.warnf("%s: %s", kind, detail);
    }
  }
}
