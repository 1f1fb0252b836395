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
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Reads a file through the mount as any process would. */
public final class MountProbe {
  /** What came of it. */
  public enum Result {
    /** There was text. */
    ANSWERS,
    /** There was an error, or nothing. */
    DEAD,
    /** There was none within the deadline, though others got theirs. */
    LATE,
    /** There was no answer within the deadline, to nobody. */
    HANGS
  }

  /**
   * Of an attempt without an answer: each directory and the file are looked up and asked for their
   * attributes, and the file is opened. Who gets so far is nobody else.
   */
  static final int OWN_REQUESTS = 6;

  private final Path file;
  private final Duration deadline;
  private final LongSupplier answers;

  @GuardedBy("this")
  private @Nullable CompletableFuture<Result> underWay;

  /**
   * @param file one that somebody else serves
   */
  public MountProbe(Path file, Duration deadline) {
    this(file, deadline, () -> 0);
  }

  /**
   * @param file one that this process serves
   * @param answers how many requests it has answered until now
   */
  public MountProbe(Path file, Duration deadline, LongSupplier answers) {
    this.file = file;
    this.deadline = deadline;
    this.answers = answers;
  }

  public Result probe() throws InterruptedException {
    long before = answers.getAsLong();
    try {
      return attempt().get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return answers.getAsLong() - before > OWN_REQUESTS ? Result.LATE : Result.HANGS;
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
    // Where nothing is mounted there may be a placeholder, a link, and it is not the mount that
    // answers.
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      return in.read() >= 0 ? Result.ANSWERS : Result.DEAD;
    } catch (IOException e) {
      return Result.DEAD;
    }
  }
}
