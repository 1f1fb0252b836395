// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LogTest {
  private static final Logger LOGGER = Logger.getLogger("podproc");
  private static final String EVIL = "/a\n2026-01-01 INFO  all is well\u001b[2J";

  private final List<LogRecord> records = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord told) {
          records.add(told);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    LOGGER.addHandler(handler);
  }

  @AfterEach
  void stop() {
    LOGGER.removeHandler(handler);
  }

  @Test
  void whatAContainerHasNamedIsNoLineOfItsOwn() {
    Log.info("%s: repaired", EVIL);
    Log.warn("%s is not repaired", EVIL);
    Log.error("%s %d", EVIL, 1);
    assertThat(records)
        .extracting(LogRecord::getMessage)
        .containsExactly(
            "/a\\n2026-01-01 INFO  all is well\\u001b[2J: repaired",
            "/a\\n2026-01-01 INFO  all is well\\u001b[2J is not repaired",
            "/a\\n2026-01-01 INFO  all is well\\u001b[2J 1");
  }

  @Test
  void norIsWhatAnExceptionTellsOfIt() {
    IOException cause = new IOException("below " + EVIL);
    Log.error("a look failed", new IllegalStateException(EVIL, cause));
    StringWriter text = new StringWriter();
    records.getFirst().getThrown().printStackTrace(new PrintWriter(text));
    assertThat(text.toString())
        .startsWith(
            "java.lang.IllegalStateException: /a\\n2026-01-01 INFO  all is well\\u001b[2J\n")
        .contains(
            "Caused by: java.io.IOException: below /a\\n2026", "at io.podproc.daemon.log.LogTest")
        .doesNotContain("\n2026", "\u001b");
  }

  @Test
  void causesThatGoInACircleComeToAnEnd() {
    IllegalStateException one = new IllegalStateException("one");
    one.initCause(new IllegalStateException("other", one));
    Log.error("a look failed", one);
    assertThat(records).hasSize(1);
  }
}
