// SPDX-License-Identifier: Apache-2.0
package io.podproc.helm;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Has bash run the commands of a document, in a folder that looks like the checkout, where each
 * program of ours is a stand-in, and with no other programs at hand than stand-ins and a few that
 * only print.
 */
final class Walk implements AutoCloseable {
  private static final List<String> REAL = List.of("sed", "grep");
  private static final Path STAND_IN = Path.of("src/test/resources/stand-in").toAbsolutePath();

  private final Path checkout;
  private final Path programs;
  private final Path calls;
  private final ServerSocket server;
  private volatile Programs answers;
  private volatile String problem = "";

  /**
   * @param folder what is in there goes
   */
  Walk(Path folder) throws IOException {
    Chart.remove(folder);
    Files.createDirectories(folder);
    checkout = Files.createDirectory(folder.resolve("checkout"));
    programs = Files.createDirectory(folder.resolve("programs"));
    calls = Files.createDirectory(folder.resolve("calls"));
    mirror(Readme.ROOT.toRealPath());
    for (String program : Programs.FOREIGN) {
      Files.createSymbolicLink(programs.resolve(program), STAND_IN);
    }
    for (String program : REAL) {
      Files.createSymbolicLink(programs.resolve(program), onPath(program));
    }
    answers = new Programs(new StandInCluster(), checkout, false);
    server = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().name("stand-ins").start(this::serve);
  }

  private static Path onPath(String program) {
    return Arrays.stream(System.getenv("PATH").split(":", -1))
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }

  private void mirror(Path root) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            String name = folder.getFileName().toString();
            if (!folder.equals(root) && (name.equals("target") || name.startsWith("."))) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(checkout.resolve(root.relativize(folder)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.createSymbolicLink(
                checkout.resolve(root.relativize(file)),
                Files.isExecutable(file) ? STAND_IN : file);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  // ---- what stand-ins ask ----

  private void serve() {
    while (!server.isClosed()) {
      try (Socket socket = server.accept()) {
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        String answer = answer(Path.of(in.readLine()));
        socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        if (!server.isClosed()) {
          problem = e.toString();
        }
      }
    }
  }

  /** Status, and from the next line on what is printed. */
  private String answer(Path call) {
    String program = Settings.text(call.resolve("program")).strip();
    Path path = checkout.resolve("./" + program).normalize();
    String name =
        program.startsWith(programs.toString())
            ? programs.relativize(Path.of(program)).toString()
            : checkout.relativize(path).toString();
    Path words = call.resolve("words");
    Path input = call.resolve("input");
    try {
      return "0\n"
          + answers.call(
              name,
              Files.exists(words)
                  ? Stream.of(Settings.text(words).split("\0", -1))
                      .collect(
                          Collectors.collectingAndThen(
                              Collectors.toList(), all -> all.subList(0, all.size() - 1)))
                  : List.of(),
              Files.exists(input) ? Settings.text(input) : "");
    } catch (RuntimeException e) {
      problem = name + ": " + e.getMessage();
      return "1\n" + problem + "\n";
    }
  }

  // ---- what a reader types ----

  /**
   * Runs a command on a cluster, and returns what is wrong with it; empty if nothing is.
   *
   * @param told whether it is told of in a sentence, where it may be without its operands
   */
  String run(String command, StandInCluster cluster, boolean told) {
    answers = new Programs(cluster, checkout, told);
    problem = "";
    ProcessBuilder bash =
        new ProcessBuilder("/bin/bash", "-euo", "pipefail", "-c", command)
            .directory(checkout.toFile())
            .redirectErrorStream(true);
    bash.environment().clear();
    bash.environment()
        .putAll(
            Map.of(
                "PATH", programs.toString(),
                "WALK_PORT", Integer.toString(server.getLocalPort()),
                "WALK_FOLDER", calls.toString()));
    try {
      Process process = bash.start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(2, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        return "it does not end";
      }
      return process.exitValue() == 0 && problem.isEmpty()
          ? ""
          : "exit status " + process.exitValue() + "\n" + problem + "\n" + said;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
