// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.fuse;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Reads a file through the mount as any process would. */
public final class MountProbe {
  /** What came of it. */
  public enum Result {
    /** There was text. */
    ANSWERS,
    /** There was an error, or nothing. */
    DEAD,
    /** There was no answer within the deadline. */
    HANGS
  }

  private final Path file;
  private final Duration deadline;

  @GuardedBy("this")
  private @Nullable CompletableFuture<Result> underWay;

  /**
   * @param file one that is served
   */
  public MountProbe(Path file, Duration deadline) {
    this.file = file;
    this.deadline = deadline;
  }

  public Result probe() throws InterruptedException {
    try {
      return attempt().get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return Result.HANGS;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reading may hang where no signal reaches: while one attempt does, no second one is made. */
  private synchronized CompletableFuture<Result> attempt() {
    CompletableFuture<Result> current = underWay;
    if (current == null || current.isDone()) {
      CompletableFuture<Result> next = new CompletableFuture<>();
      Thread.ofPlatform().daemon().name("mount-probe").start(() -> next.complete(read()));
      underWay = next;
      return next;
    }
    return current;
  }

  private Result read() {
    // Where nothing is mounted there may be a seed, a link, and it is not the mount that answers.
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      return in.read() >= 0 ? Result.ANSWERS : Result.DEAD;
    } catch (IOException e) {
      return Result.DEAD;
    }
  }
}
