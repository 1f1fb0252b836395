// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestReporter;

/**
 * Pods that read all of their files in a loop, on each node up to five: what a user would notice of
 * what is done to podproc meanwhile. Only who keeps a file open may read an error when podproc is
 * uninstalled; these open it anew each time.
 */
final class Readers {
  private static final String CONTAINER = "main";
  private static final int MOST = 5;

  private final Cluster cluster;
  private final List<RunningPod> pods;

  private Readers(Cluster cluster, List<RunningPod> pods) {
    this.cluster = cluster;
    this.pods = pods;
  }

  /**
   * Starts them, and waits until they see themselves: in a namespace, and in one of Pod Security
   * baseline, where nodes bring all the files, unless the release that is installed can't do that.
   */
  static Readers start(Cluster cluster, String namespace) {
    return cluster.podproc().bringsFiles()
        ? startIn(cluster, namespace, cluster.namespace(Cluster.OPT_IN, Cluster.BASELINE))
        : startIn(cluster, namespace);
  }

  /** Starts one in each of some namespaces on each node, and waits until they see themselves. */
  static Readers startIn(Cluster cluster, String... namespaces) {
    List<RunningPod> pods =
        cluster.podproc().nodes().stream()
            .limit(MOST)
            .flatMap(
                node -> Stream.of(namespaces).map(each -> cluster.runOn(node, each, "reading")))
            .toList();
    assertThat(pods).as("nodes where files are served").isNotEmpty();
    Readers readers = new Readers(cluster, pods);
    pods.forEach(pod -> readers.awaitView(pod, Cluster.LIMITED));
    return readers;
  }

  List<RunningPod> pods() {
    return pods;
  }

  private void awaitView(RunningPod pod, long memory) {
    Command.await(
        "a pod on " + pod.node() + " sees " + memory + " kB",
        Machine.deadline(180),
        () -> memory == Reading.of(pod.log(CONTAINER)).views().getLast());
  }

  /** Waits until all see themselves. */
  void awaitOwnView() {
    pods.forEach(pod -> awaitView(pod, Cluster.LIMITED));
  }

  /** Waits until all see their node. */
  void awaitNodeView() {
    pods.forEach(pod -> awaitView(pod, cluster.nodeMemory(pod)));
  }

  /** Has them end. */
  private List<Reading> end() {
    return pods.stream().map(Readers::end).toList();
  }

  private static Reading end(RunningPod pod) {
    String _ = pod.sh("touch /tmp/end").ok();
    Command.await(
        "a pod on " + pod.node() + " has told what it read",
        Machine.deadline(60),
        () -> Reading.of(pod.log(CONTAINER)).isEnded());
    return Reading.of(pod.log(CONTAINER));
  }

  /** Ends them: they have read all the time, without an error, and nothing but their own. */
  void assertUndisturbed(TestReporter figures) {
    List<Reading> readings = end();
    tell(readings, figures);
    assertThat(readings)
        .allSatisfy(reading -> {
          assertThat(reading.errors()).as(reading.log()).isZero();
          assertThat(reading.views()).containsExactly(Cluster.LIMITED);
        });
  }

  /** Ends them: they have seen themselves, then their node, and read no error. */
  void assertReleased(TestReporter figures) {
    List<Reading> readings = end();
    tell(readings, figures);
    for (int i = 0; i < pods.size(); i++) {
      assertThat(readings.get(i).errors()).as(readings.get(i).log()).isZero();
      assertThat(readings.get(i).views())
          .containsExactly(Cluster.LIMITED, cluster.nodeMemory(pods.get(i)));
    }
  }

  /**
   * Ends them: they have seen themselves, their node, and themselves again, and read errors for a
   * second at most.
   */
  void assertSawTheirNodeMeanwhile(TestReporter figures) {
    List<Reading> readings = end();
    tell(readings, figures);
    figures.publishEntry("errors", sum(readings.stream().map(Reading::errors)));
    figures.publishEntry("for (ms)", longest(readings.stream().map(Reading::erringMillis)));
    for (int i = 0; i < pods.size(); i++) {
      Reading reading = readings.get(i);
      assertThat(reading.views())
          .as(reading.log())
          .containsExactly(Cluster.LIMITED, cluster.nodeMemory(pods.get(i)), Cluster.LIMITED);
      assertThat(reading.erringMillis())
          .as(reading.log())
          .isLessThanOrEqualTo(Machine.deadline(1).toMillis());
    }
  }

  private static void tell(List<Reading> readings, TestReporter figures) {
    figures.publishEntry("reads", sum(readings.stream().map(Reading::reads)));
    figures.publishEntry(
        "longest wait (ms)", longest(readings.stream().map(Reading::longestMillis)));
    Set<String> slowest = readings.stream().map(Reading::slowest).collect(Collectors.toSet());
    figures.publishEntry("of", String.join(" ", slowest));
  }

  private static String sum(Stream<Long> figures) {
    return Long.toString(figures.mapToLong(Long::longValue).sum());
  }

  private static String longest(Stream<Long> figures) {
    return Long.toString(figures.mapToLong(Long::longValue).max().orElse(0));
  }
}
