// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.attach;

import static org.assertj.core.api.Assertions.assertThat;

import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.host.Processes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whether all that start are met, in folders that are made as the kubelet makes them. */
@Timeout(60)
class StartsTest {
  @TempDir Path cgroups;
  private Path tier = Path.of("");
  private final BlockingQueue<String> met = new LinkedBlockingQueue<>();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private @Nullable Starts starts;
  private @Nullable Process program;

  @BeforeEach
  void makeNode() throws IOException {
    Files.writeString(cgroups.resolve("cgroup.controllers"), "memory\n");
    tier = Files.createDirectories(cgroups.resolve("kubepods/burstable"));
    program = new ProcessBuilder("sleep", "60").start(); // what runs in all of them
  }

  @AfterEach
  void stop() {
    if (starts != null) {
      starts.close();
    }
    if (program != null) {
      program.destroyForcibly();
    }
    assertThat(failures).isEmpty();
  }

  private void begin() throws IOException {
    Processes processes = new Processes(Path.of("/proc"));
    PodCgroups folders = new PodCgroups(processes, cgroups, ProcCgroup.parse("0::/\n"));
    starts =
        new Starts(
            processes,
            folders,
            new Attach(
                processes,
                Path.of("/proc"),
                Path.of("/nowhere"),
                folders,
                (_, _) -> {},
                Attach.DEADLINE),
            container -> {
              met.add(container.containerId().substring(0, 1));
              return Optional.empty(); // it is to have nothing
            },
            new Nobody(),
            failures::add);
    starts.begin();
  }

  /** Until one is met: what was there at the first look had started before. */
  private void awaitWatching() throws IOException, InterruptedException {
    Path pod = pod(0);
    for (int some = 0xa00; met.poll(100, TimeUnit.MILLISECONDS) == null; some++) {
      run(Files.createDirectory(pod.resolve(Integer.toHexString(some) + "0".repeat(61))));
    }
    while (met.poll(100, TimeUnit.MILLISECONDS) != null) {
      // the others of these
    }
  }

  private static final class Nobody implements StartTimes {
    @Override
    public void attached(boolean beforeStart, Duration sinceMade) {
      throw new IllegalStateException();
    }

    @Override
    public void margin(Duration margin) {
      throw new IllegalStateException();
    }
  }

  private Path pod(int number) throws IOException {
    return Files.createDirectories(tier.resolve("pod00000000-0000-4000-8000-00000000000" + number));
  }

  private static Path container(Path pod, String digit) throws IOException {
    return Files.createDirectory(pod.resolve(digit.repeat(64)));
  }

  private void run(Path container) throws IOException {
    Files.writeString(
        container.resolve("cgroup.procs"), Objects.requireNonNull(program).pid() + "\n");
  }

  private void assertMet(String digit) throws InterruptedException {
    assertThat(met.poll(20, TimeUnit.SECONDS)).isEqualTo(digit);
  }

  @Test
  void eachIsMetOnceWhateverWasMadeFirst() throws Exception {
    run(container(pod(1), "1")); // it runs already
    begin();
    awaitWatching();
    for (int pod = 2; pod < 6; pod++) {
      run(container(pod(pod), Integer.toString(pod)));
      assertMet(Integer.toString(pod));
    }
    run(container(pod(1), "6"));
    assertMet("6");
    assertThat(met).isEmpty();
  }

  @Test
  void aFolderThatComesAndGoesDisturbsNobody() throws Exception {
    begin();
    awaitWatching();
    for (int time = 0; time < 200; time++) {
      Path folder = container(pod(1), "1");
      Files.delete(folder);
      Files.delete(folder.getParent());
    }
    run(container(pod(2), "2"));
    assertMet("2");
  }

  private static int mostQueued() throws IOException {
    // Of sysctls the kernel refuses to read into a buffer as large as another test may have left.
    return Integer.parseInt(
        Files.readString(Path.of("/proc/sys/fs/inotify/max_queued_events")).strip());
  }

  /** More is made than the kernel keeps events of, while the one that hears them is held up. */
  @Test
  void whereEventsAreLostAllFoldersAreLookedAt() throws Exception {
    Path held = container(pod(1), "1").resolve("cgroup.procs");
    assertThat(new ProcessBuilder("mkfifo", held.toString()).start().waitFor()).isZero();
    begin();
    try (OutputStream _ = Files.newOutputStream(held)) { // opened when the other end is
      int most = mostQueued();
      Path[] files = {tier.resolve("a"), tier.resolve("b")};
      for (int event = 0; event <= most; event++) { // the same one twice would be one event
        Files.delete(Files.createFile(files[event % 2]));
      }
      run(container(pod(2), "2"));
      Files.delete(held);
    }
    assertMet("2");
  }
}
