// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A daemon that was started by {@code daemon/bin/podproc-daemon}, and its mount point. Whatever
 * becomes of the daemon or of the tests, neither process nor mount stays behind.
 */
final class DaemonProcess implements AutoCloseable {
  /** What its log says when it serves, or stands by. */
  static final String SERVING = " files at ";

  /**
   * How to start a daemon.
   *
   * @param at the mount point, made if need be; empty for a new one
   * @param wrapper a command that gets the daemon's appended
   * @param options as {@code -Dpodproc.swap=false}
   */
  record Start(
      Optional<Path> at,
      List<String> wrapper,
      List<String> options,
      Map<String, String> environment) {
    /** On a new mount point. */
    static Start with(String... options) {
      return new Start(Optional.empty(), List.of(), List.of(options), Map.of());
    }

    Start at(Path mountPoint) {
      return new Start(Optional.of(mountPoint), wrapper, options, environment);
    }

    Start within(String... wrapper) {
      return new Start(at, List.of(wrapper), options, environment);
    }

    Start set(String... options) {
      return new Start(at, wrapper, List.of(options), environment);
    }

    Start env(Map<String, String> environment) {
      return new Start(at, wrapper, options, environment);
    }

    DaemonProcess launch() {
      return new DaemonProcess(this);
    }
  }

  private final Path mountPoint;
  private final int port;
  private final Path log;
  private final Process process;

  private DaemonProcess(Start start) {
    this.mountPoint = start.at.orElseGet(DaemonProcess::newMountPoint);
    this.port = freePort();
    try {
      log = Files.createTempFile("podproc-daemon", ".log");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> command = new ArrayList<>(start.wrapper);
    command.addAll(program());
    command.add("-Dpodproc.mount-point=" + mountPoint);
    command.add("-Dpodproc.http-port=" + port);
    command.addAll(start.options);
    process = Command.start(command, start.environment, ProcessBuilder.Redirect.to(log.toFile()));
  }

  /** The command, with what the machine takes, such as flags for a slow one. */
  static List<String> program() {
    String options = System.getenv().getOrDefault("E2E_DAEMON_OPTIONS", "");
    return Stream.concat(
            Stream.of(Machine.checkout().resolve("daemon/bin/podproc-daemon").toString()),
            Stream.of(options.split(" ", -1)).filter(option -> !option.isEmpty()))
        .toList();
  }

  /** Starts a daemon on a new mount point and waits until it serves. */
  static DaemonProcess serving(String... options) {
    DaemonProcess daemon = Start.with(options).launch();
    try {
      return daemon.awaitServing();
    } catch (RuntimeException | AssertionError e) {
      daemon.close();
      throw e;
    }
  }

  static Path newMountPoint() {
    try {
      return Files.createTempDirectory("podproc-e2e");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  DaemonProcess awaitServing() {
    Command.await(
        "the daemon serves " + mountPoint,
        Machine.deadline(30),
        () -> {
          if (!process.isAlive()) {
            throw new AssertionError("the daemon did not start:\n" + output());
          }
          // Only reading tells: the kernel remembers the attributes of a mount that died, and
          // beneath it lie files to be read as well.
          try {
            return isMounted() && !Files.readString(file("/proc/uptime")).isEmpty();
          } catch (IOException e) {
            return false;
          }
        });
    return this;
  }

  Path mountPoint() {
    return mountPoint;
  }

  /** Where a file such as /proc/meminfo is served. */
  Path file(String path) {
    return mountPoint.resolve("./" + path).normalize();
  }

  /** All that it serves, as /proc/meminfo. */
  List<String> files() {
    try (Stream<Path> found = Files.walk(mountPoint)) {
      return found
          .filter(Files::isRegularFile)
          .map(file -> "/" + mountPoint.relativize(file))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The pid of the JVM: what starts it becomes it. */
  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  int port() {
    return port;
  }

  /** Standard output and error until now. */
  String output() {
    try {
      return Command.read(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean isMounted() {
    String point =
        mountPoint.toString().replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011");
    return Machine.read("/proc/self/mountinfo").contains(" " + point + " ");
  }

  /** Asks its HTTP port, as "/q/metrics", which is there a little later than the files are. */
  HttpResponse<String> get(String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Machine.deadline(10))
            .build();
    long end = System.nanoTime() + Machine.deadline(10).toNanos();
    try (HttpClient client = HttpClient.newHttpClient()) {
      while (true) {
        try {
          return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (ConnectException e) {
          if (!process.isAlive() || System.nanoTime() > end) {
            throw e;
          }
          Command.sleep(Duration.ofMillis(20));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  /** Asks it as the kubelet does, which kills one that does not answer in time. */
  boolean isLive(Duration deadline) {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
              .send(
                  HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/health/live"))
                      .timeout(deadline)
                      .build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  /** Stops it as an operator does, SIGTERM, and returns its exit status. */
  int stop() {
    process.destroy();
    return awaitExit();
  }

  /** SIGKILL. */
  void kill() {
    process.destroyForcibly();
    int _ = awaitExit();
  }

  int awaitExit() {
    Duration deadline = Machine.deadline(30);
    try {
      if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("the daemon still runs after " + deadline + ":\n" + output());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  @Override
  public void close() {
    try {
      process.destroy();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        int _ = process.waitFor();
      }
      while (isMounted()) {
        String _ = Command.run("umount", "-l", mountPoint.toString()).ok();
      }
      removeTree(mountPoint);
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }

  /** With the placeholders in it, which daemons leave. */
  static void removeTree(Path top) throws IOException {
    if (Files.isDirectory(top, LinkOption.NOFOLLOW_LINKS)) {
      try (Stream<Path> found = Files.walk(top)) {
        for (Path path : found.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
