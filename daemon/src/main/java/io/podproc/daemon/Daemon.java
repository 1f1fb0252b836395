// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.linux.SystemCalls;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The node daemon: serves until it is told to stop. */
@QuarkusMain
public final class Daemon implements QuarkusApplication {
  private static final int FAILED = 1;
  private static final Duration START_DEADLINE = Duration.ofSeconds(4);

  /** Only a signal ends it, for which the JVM's own status would be 143: that of a failure. */
  private static volatile int status;

  public static void main(String... args) throws InterruptedException {
    if (args.length > 0) {
      System.exit(MountCommand.run(args));
    }
    // Readers may wait for this start. So they are served before Quarkus begins, which takes as
    // long as all the rest; and what takes long is done beside it.
    Thread _ = Thread.ofPlatform().daemon().name("linking").start(SystemCalls::link);
    StartFailure.prepare();
    CompletableFuture<Service> service = new CompletableFuture<>();
    endWithShutdown(service);
    try {
      service.complete(new Service(DaemonConfig.of(System.getProperties(), System.getenv())));
    } catch (GivenSettings.Invalid | MountException | IOException | RuntimeException e) {
      StartFailure.print(e);
      status = FAILED;
      service.cancel(false);
      System.exit(FAILED);
    }
    Quarkus.run(Daemon.class, Daemon::exit, args);
  }

  /**
   * The JVM ends when the last of its shutdown hooks does, Quarkus's among them. This one is there
   * before the first request: a signal may come at once.
   */
  private static void endWithShutdown(CompletableFuture<Service> service) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    service.get(START_DEADLINE.toNanos(), TimeUnit.NANOSECONDS).end();
                  } catch (InterruptedException
                      | ExecutionException
                      | TimeoutException
                      | CancellationException e) {
                    // It has not begun, and there is nothing to end.
                  }
                  Runtime.getRuntime().halt(status);
                },
                "ending"));
  }

  @Override
  public int run(String... args) {
    Quarkus.waitForExit();
    return 0;
  }

  /** Quarkus's handler of exits. */
  private static void exit(Integer code, @Nullable Throwable failure) {
    // A signal that comes while Quarkus begins is a failure to Quarkus, and an end like any other.
    if (!isEnding()) {
      if (failure != null) {
        StartFailure.print(failure);
      }
      status = code;
    }
    System.exit(code);
  }

  private static boolean isEnding() {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread());
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }
}
