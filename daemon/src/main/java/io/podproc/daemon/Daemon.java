// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.podproc.daemon.fuse.MountException;
import io.podproc.daemon.linux.SystemCalls;
import io.podproc.daemon.log.StartFailure;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.settings.InvalidSettingException;
import io.quarkus.runtime.Application;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The node daemon: serves until it is told to stop. */
@QuarkusMain
public final class Daemon {
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
      startQuarkus();
    } catch (InvalidSettingException
        | MountException
        | IOException
        | ReflectiveOperationException
        | LinkageError // of a class that reads settings of the log as it begins
        | RuntimeException e) {
      StartFailure.print(e);
      status = FAILED;
      service.cancel(false); // of no effect where there is one to end
      System.exit(FAILED);
    }
    new CountDownLatch(1).await(); // only a signal ends it
  }

  /**
   * What its settings say of the log holds from here on. Not by {@code Quarkus.run}, which ends
   * with the first signal, and the log with it: what the service has to say while it ends would be
   * lost.
   */
  private static void startQuarkus() throws ReflectiveOperationException {
    Class.forName(Application.APP_CLASS_NAME)
        .asSubclass(Application.class)
        .getDeclaredConstructor()
        .newInstance()
        .start(new String[0]);
  }

  /**
   * The JVM ends when the last of its shutdown hooks does. This one is there before the first
   * request: a signal may come at once.
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
}
