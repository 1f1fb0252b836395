// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Commands of the host. */
final class Command {
  /**
   * Starts all processes: they ask the kernel to be stopped when the thread that started them ends
   * (prctl(2), PR_SET_PDEATHSIG), and this one ends with the tests.
   */
  private static final ExecutorService STARTER =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("starter").factory());

  private Command() {}

  /** Runs a command on the host to its end. */
  static Output run(String... command) {
    return run(Machine.deadline(60), command);
  }

  /** As {@link #run(String...)}, within a time. */
  static Output run(Duration deadline, String... command) {
    try {
      Path log = Files.createTempFile("podproc-command", ".log");
      try {
        Process process =
            start(List.of(command), Map.of(), ProcessBuilder.Redirect.to(log.toFile()));
        process.getOutputStream().close();
        if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroy();
          throw new AssertionError(
              String.join(" ", command) + " still ran after " + deadline + ":\n" + read(log));
        }
        return new Output(process.exitValue(), read(log));
      } finally {
        Files.delete(log);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Runs a script of bash's on the host. */
  static Output bash(String script) {
    return run("bash", "-c", script);
  }

  /** Starts a command that ends with the tests at the latest. */
  static Process start(
      List<String> command, Map<String, String> environment, ProcessBuilder.Redirect output) {
    ProcessBuilder builder =
        new ProcessBuilder("setpriv", "--pdeathsig", "TERM", "--")
            .redirectErrorStream(true)
            .redirectOutput(output);
    builder.command().addAll(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("PODPROC_"));
    builder.environment().putAll(environment);
    try {
      return STARTER.submit(builder::start).get();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException("can't start " + command, e);
    }
  }

  /** Waits until something holds. */
  static void await(String what, Duration deadline, BooleanSupplier condition) {
    long end = System.nanoTime() + deadline.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("after " + deadline + " still not so: " + what);
      }
      sleep(Duration.ofMillis(50));
    }
  }

  /**
   * Repeats assertions until they hold: the kernel adds up what it counts per CPU every two seconds
   * (mm/memcontrol.c, FLUSH_TIME).
   */
  static void eventually(Runnable assertions) {
    long end = System.nanoTime() + Machine.deadline(10).toNanos();
    while (true) {
      try {
        assertions.run();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        sleep(Duration.ofMillis(250));
      }
    }
  }

  static void sleep(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  static String read(Path log) throws IOException {
    return Files.readString(log, StandardCharsets.UTF_8);
  }

  static IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted", e);
  }
}
