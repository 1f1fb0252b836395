// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.status;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Makes a page for all who wait for it when it is begun. So what it costs does not grow with the
 * number of those who ask, and nobody gets what was made before it asked.
 */
final class SharedPage {
  /** Who asks more often waits as long, and shares the answer with others. */
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Page page;
  private final Executor threads;
  private final Consumer<Throwable> failed;

  @GuardedBy("this")
  private List<Consumer<Answer>> waiting = new ArrayList<>();

  @GuardedBy("this")
  private boolean isUnderWay;

  /**
   * @param failed is told what making it throws
   */
  SharedPage(Page page, Executor threads, Consumer<Throwable> failed) {
    this.page = page;
    this.threads = threads;
    this.failed = failed;
  }

  /** Has it made. */
  synchronized void begin(Consumer<Answer> client) {
    waiting.add(client);
    if (!isUnderWay) {
      threads.execute(this::make);
      isUnderWay = true;
    }
  }

  private void make() {
    try {
      for (List<Consumer<Answer>> some = next(); !some.isEmpty(); some = next()) {
        Answer answer = answer();
        some.forEach(client -> client.accept(answer));
        Thread.sleep(PAUSE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized List<Consumer<Answer>> next() {
    List<Consumer<Answer>> some = waiting;
    waiting = new ArrayList<>();
    isUnderWay = !some.isEmpty();
    return some;
  }

  private Answer answer() throws InterruptedException {
    try {
      return page.answer();
    } catch (InterruptedException e) {
      throw e;
    } catch (Throwable e) {
      failed.accept(e);
      return Answer.plain(500, "See the log.\n");
    }
  }
}
