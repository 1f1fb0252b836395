// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.host.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs that begin, as /proc/[pid]/stat tells. */
@Timeout(60)
class MarginsTest {
  /** PF_FORKNOEXEC. */
  private static final int FORKED = 0x40;

  @TempDir Path proc;
  private final BlockingQueue<Duration> told = new LinkedBlockingQueue<>();
  private final List<Boolean> before = new CopyOnWriteArrayList<>();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private boolean fails;
  private Margins margins = margins();

  private Margins margins() {
    return new Margins(
        new Processes(proc),
        new StartTimes() {
          @Override
          public void attached(boolean beforeStart, Duration sinceMade) {
            before.add(beforeStart);
          }

          @Override
          public void margin(Duration margin) {
            if (fails) {
              fails = false;
              throw new StackOverflowError();
            }
            told.add(margin);
          }
        },
        failures::add);
  }

  @BeforeEach
  void start() {
    margins = margins();
    margins.begin();
  }

  @AfterEach
  void stop() {
    margins.close();
  }

  private void process(int pid, int flags) throws IOException {
    Path folder = Files.createDirectories(proc.resolve(Integer.toString(pid)));
    Files.move(
        Files.writeString(
            folder.resolve("new"), pid + " (init) S 1 1 1 0 -1 " + flags + " 0".repeat(43) + "\n"),
        folder.resolve("stat"),
        StandardCopyOption.ATOMIC_MOVE);
  }

  private Duration begin(int pid, long attachedNanos) throws IOException, InterruptedException {
    long begins = System.nanoTime();
    process(pid, 0);
    Duration margin = Objects.requireNonNull(told.poll(20, TimeUnit.SECONDS));
    assertThat(margin).isGreaterThanOrEqualTo(Duration.ofNanos(begins - attachedNanos));
    return margin;
  }

  @Test
  void itIsToldHowLongAfterItsFilesAProgramBegins() throws Exception {
    process(7, FORKED);
    process(8, FORKED);
    long now = System.nanoTime();
    margins.met(7, now, now);
    margins.met(8, now, now);
    assertThat(begin(8, now)).isPositive();
    assertThat(begin(7, now)).isPositive();
    assertThat(before).containsExactly(true, true);
    assertThat(failures).isEmpty();
  }

  @Test
  void oneThatHadBegunHasNone() throws Exception {
    process(7, 0);
    margins.met(7, 0, System.nanoTime());
    assertThat(before).containsExactly(false);
    assertThat(told.poll(50, TimeUnit.MILLISECONDS)).isNull();
  }

  @Test
  void whatOneThrowsIsNotTheEndOfTheOthers() throws Exception {
    fails = true;
    process(7, FORKED);
    process(8, FORKED);
    long now = System.nanoTime();
    margins.met(7, now, now);
    process(7, 0);
    while (failures.isEmpty()) {
      Thread.onSpinWait();
    }
    margins.met(8, now, now);
    assertThat(begin(8, now)).isPositive();
  }
}
