// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podproc.daemon.cgroup.Cgroup;
import io.podproc.daemon.cgroup.MemoryFacts;
import io.podproc.daemon.fake.FakeKernel;
import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.linux.Errno;
import io.podproc.daemon.linux.ExhaustedException;
import io.podproc.daemon.view.CpuTimes;
import io.podproc.daemon.view.Load;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import io.podproc.daemon.view.VisibleCpus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenerTest {
  private static final int CALLER = 300;
  private static final String SECRET = "the host's own slabs\n";

  @TempDir Path root;
  private FakeKernel kernel;
  private final Recorder requests = new Recorder();
  private Seen seen = () -> Optional.of(new NumberedView(1));
  private NamedFile.Text text = view -> "view " + view.load().lastPid() + "\n";
  private int renewals;

  private interface Seen {
    Optional<View> view() throws IOException;
  }

  /** What is counted, in order. */
  private static final class Recorder implements Requests {
    private final List<String> events = new ArrayList<>();

    @Override
    public void answered() {}

    @Override
    public void refused() {}

    @Override
    public void rendered(VirtualTree.File file, Outcome outcome, long nanos) {
      assertThat(nanos).isNotNegative();
      events.add(file.path() + " " + outcome);
    }

    @Override
    public void fellBack(VirtualTree.File file, Reason reason, Exception cause) {
      events.add(file.path() + " " + reason + ": " + cause.getMessage());
    }

    @Override
    public void failed(Throwable defect) {
      events.add("failed: " + defect);
    }
  }

  /** A view that can be told from others, and of which no more is asked here. */
  private record NumberedView(int number) implements View {
    @Override
    public Load load() {
      return new Load(List.of(), 0, 0, 0, number, number);
    }

    @Override
    public NodeCounts nodeCounts() {
      throw new UnsupportedOperationException();
    }

    @Override
    public HostFacts host() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Cgroup cgroup() {
      throw new UnsupportedOperationException();
    }

    @Override
    public MemoryFacts memory() {
      throw new UnsupportedOperationException();
    }

    @Override
    public VisibleCpus cpus() {
      throw new UnsupportedOperationException();
    }

    @Override
    public CpuTimes cpuTimes() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Duration age() {
      throw new UnsupportedOperationException();
    }
  }

  private final class TestViews implements Views {
    @Override
    public Optional<View> of(int callerTid) throws IOException {
      assertThat(callerTid).isEqualTo(CALLER);
      return seen.view();
    }

    @Override
    public Object owner(int callerTid) {
      throw new UnsupportedOperationException();
    }

    @Override
    public View renew(View view) {
      renewals++;
      return new NumberedView(((NumberedView) view).number + 1);
    }
  }

  @BeforeEach
  void boot() {
    kernel = FakeKernel.v2(root);
    kernel.write("proc/stat", "host\n").write("proc/slabinfo", SECRET);
  }

  private Opener opener() {
    return new Opener(new TestViews(), kernel.host(), requests);
  }

  private OpenFile open(VirtualTree.File file) {
    return opener().open(file, CALLER);
  }

  private OpenFile openStat() {
    return open(VirtualTree.File.of(10, new NamedFile("/proc/stat", view -> text.of(view))));
  }

  private OpenFile openSlabinfo() {
    return open(
        VirtualTree.File.rootOnly(
            11, new NamedFile("/proc/slabinfo", view -> text.of(view)), "none\n"));
  }

  private static String read(OpenFile file) throws IOException {
    return new String(file.snapshot(0), StandardCharsets.ISO_8859_1);
  }

  @Test
  void aContainerSeesItself() throws IOException {
    assertThat(read(openStat())).isEqualTo("view 1\n");
    assertThat(requests.events).containsExactly("/proc/stat CONTAINER");
  }

  @Test
  void aProcessOfTheHostSeesTheHost() throws IOException {
    seen = Optional::empty;
    assertThat(read(openStat())).isEqualTo("host\n");
    assertThat(requests.events).containsExactly("/proc/stat HOST");
  }

  @Test
  void theCallerIsPlacedWhenItOpensAndNotWhenItReads() throws IOException {
    OpenFile file = openStat();
    seen =
        () -> {
          throw new IOException("gone meanwhile");
        };
    assertThat(read(file)).isEqualTo("view 1\n");
  }

  @Test
  void aCallerThatIsGoneSeesTheHostAndIsCounted() throws IOException {
    seen =
        () -> {
          throw new IOException("no such process");
        };
    assertThat(read(openStat())).isEqualTo("host\n");
    assertThat(requests.events)
        .containsExactly("/proc/stat CALLER: no such process", "/proc/stat FALLBACK");
  }

  @Test
  void aDefectInPlacingTheCallerIsCountedAsOne() throws IOException {
    seen =
        () -> {
          throw new IllegalStateException("a bug");
        };
    assertThat(read(openStat())).isEqualTo("host\n");
    assertThat(requests.events).containsExactly("/proc/stat RENDER: a bug", "/proc/stat FALLBACK");
  }

  @Test
  void aCgroupThatWasMadeAnewIsTriedOnceMore() throws IOException {
    text =
        view -> {
          if (view.load().lastPid() == 1) {
            throw new IOException("no such device");
          }
          return "view " + view.load().lastPid() + "\n";
        };
    assertThat(read(openStat())).isEqualTo("view 2\n");
    assertThat(renewals).isEqualTo(1);
    assertThat(requests.events).containsExactly("/proc/stat CONTAINER");
  }

  @Test
  void afterThatTheHostIsServed() throws IOException {
    text =
        view -> {
          throw new IOException("no such file " + view.load().lastPid());
        };
    assertThat(read(openStat())).isEqualTo("host\n");
    assertThat(renewals).isEqualTo(1);
    assertThat(requests.events)
        .containsExactly("/proc/stat KERNEL: no such file 2", "/proc/stat FALLBACK");
  }

  @Test
  void aDefectInRenderingServesTheHost() throws IOException {
    text =
        view -> {
          throw new IllegalStateException("a bug");
        };
    assertThat(read(openStat())).isEqualTo("host\n");
    assertThat(renewals).isZero();
    assertThat(requests.events).containsExactly("/proc/stat RENDER: a bug", "/proc/stat FALLBACK");
  }

  @Test
  void aDefectInTheSecondTryServesTheHost() throws IOException {
    text =
        view -> {
          if (view.load().lastPid() == 1) {
            throw new IOException("no such device");
          }
          throw new IllegalStateException("a bug");
        };
    assertThat(read(openStat())).isEqualTo("host\n");
    assertThat(requests.events).containsExactly("/proc/stat RENDER: a bug", "/proc/stat FALLBACK");
  }

  /** The host's numbers would be taken for the container's, by programs that size heaps by them. */
  @Test
  void wherePodprocIsShortOfSomethingTheHostIsNotServed() throws IOException {
    ExhaustedException shortage = new ExhaustedException("/proc/300/cgroup", Errno.EMFILE);
    OpenFile file = openStat();
    text =
        view -> {
          throw shortage;
        };
    assertThatThrownBy(() -> read(file)).isSameAs(shortage);
    assertThat(requests.events)
        .containsExactly("/proc/stat SHORTAGE: " + shortage.getMessage(), "/proc/stat ERROR");
    assertThat(renewals).isZero();
    requests.events.clear();
    seen =
        () -> {
          throw shortage;
        };
    assertThatThrownBy(() -> read(openStat())).isSameAs(shortage);
    assertThat(requests.events)
        .containsExactly("/proc/stat SHORTAGE: " + shortage.getMessage(), "/proc/stat ERROR");
  }

  @Test
  void theLastGoodTextIsServedMeanwhile() throws IOException {
    ExhaustedException shortage = new ExhaustedException("memory.stat", Errno.ENOMEM);
    OpenFile file = openStat();
    assertThat(read(file)).isEqualTo("view 1\n");
    NamedFile.Text good = text;
    text =
        view -> {
          throw shortage;
        };
    requests.events.clear();
    assertThat(read(file)).isEqualTo("view 1\n");
    assertThat(requests.events)
        .containsExactly("/proc/stat SHORTAGE: memory.stat: out of memory", "/proc/stat STALE");
    // What fell back to the host is not good.
    text =
        view -> {
          throw new IOException("gone");
        };
    assertThat(read(file)).isEqualTo("host\n");
    text =
        view -> {
          throw shortage;
        };
    assertThatThrownBy(() -> read(file)).isSameAs(shortage);
    text = good;
    assertThat(read(file)).startsWith("view ");
  }

  @Test
  void anOpenFileRecoversWithItsContainer() throws IOException {
    OpenFile file = openStat();
    text =
        view -> {
          throw new IOException("for a moment");
        };
    assertThat(read(file)).isEqualTo("host\n");
    text = view -> "back\n";
    assertThat(read(file)).isEqualTo("back\n");
  }

  @Test
  void whereNotEvenTheHostsTextIsThereTheReaderGetsAnError() {
    kernel.remove("proc/stat");
    seen = Optional::empty;
    assertThatThrownBy(() -> read(openStat())).isInstanceOf(IOException.class);
    assertThat(requests.events).containsExactly("/proc/stat ERROR");
    requests.events.clear();
    seen = () -> Optional.of(new NumberedView(1));
    text =
        view -> {
          throw new IOException("gone");
        };
    assertThatThrownBy(() -> read(openStat())).isInstanceOf(IOException.class);
    assertThat(requests.events).containsExactly("/proc/stat KERNEL: gone", "/proc/stat ERROR");
  }

  @Test
  void whatIsRootsAloneNeverShowsTheHost() throws IOException {
    assertThat(read(openSlabinfo())).isEqualTo("view 1\n");
    text =
        view -> {
          throw new IOException("gone");
        };
    assertThat(read(openSlabinfo())).isEqualTo("none\n");
    text =
        view -> {
          throw new IllegalStateException("a bug");
        };
    assertThat(read(openSlabinfo())).isEqualTo("none\n");
    seen = Optional::empty;
    assertThat(read(openSlabinfo())).isEqualTo("none\n");
    seen =
        () -> {
          throw new IOException("no such process");
        };
    assertThat(read(openSlabinfo())).isEqualTo("none\n");
    seen =
        () -> {
          throw new IllegalStateException("a bug");
        };
    assertThat(read(openSlabinfo())).isEqualTo("none\n");
  }

  // ---- sizes ----

  private VirtualTree.File stat() {
    return VirtualTree.File.of(10, new NamedFile("/proc/stat", view -> text.of(view)));
  }

  @Test
  void theSizeIsThatOfTheCallersOwnText() throws IOException {
    Opener opener = opener();
    assertThat(opener.size(stat(), CALLER).bytes()).isEqualTo("view 1\n".length());
    text = view -> "a longer text of view " + view.load().lastPid() + "\n";
    assertThat(opener.size(stat(), CALLER).bytes()).isEqualTo("a longer text of view 1\n".length());
    seen = Optional::empty;
    assertThat(opener.size(stat(), CALLER).bytes()).isEqualTo("host\n".length());
  }

  @Test
  void whoHasOpenedAFileReadsWhatWasMeasuredAndNothingIsRenderedTwice() throws IOException {
    Opener opener = opener();
    OpenFile file = opener.open(stat(), CALLER);
    assertThat(opener.size(stat(), CALLER).bytes()).isEqualTo(7);
    text = view -> "a text that has grown\n";
    assertThat(read(file)).isEqualTo("view 1\n");
    assertThat(requests.events).containsExactly("/proc/stat CONTAINER");
    assertThat(read(file)).isEqualTo("a text that has grown\n");
  }

  @Test
  void whoHasReadAlreadySeesWhatIsNew() throws IOException {
    Opener opener = opener();
    OpenFile file = opener.open(stat(), CALLER);
    assertThat(read(file)).isEqualTo("view 1\n");
    assertThat(opener.size(stat(), CALLER).bytes()).isEqualTo(7);
    text = view -> "a text that has grown\n";
    assertThat(read(file)).isEqualTo("a text that has grown\n");
  }

  @Test
  void whatCannotBeHadHasNoSize() {
    kernel.remove("proc/stat");
    seen = Optional::empty;
    assertThat(opener().size(stat(), CALLER).bytes()).isZero();
    seen =
        () -> {
          throw new ExhaustedException("/proc/300/cgroup", Errno.EMFILE);
        };
    assertThat(opener().size(stat(), CALLER).bytes()).isZero();
  }

  @Test
  void theSizeOfWhatIsRootsAloneIsNotThatOfTheHostsText() {
    seen = Optional::empty;
    VirtualTree.File slabs =
        VirtualTree.File.rootOnly(11, new NamedFile("/proc/slabinfo", View::toString), "none\n");
    assertThat(opener().size(slabs, CALLER).bytes()).isEqualTo(5);
  }

  @Test
  void bytesThatAreNotAsciiPassThrough() throws IOException {
    text = view -> "\u00e9\u00ff\n";
    assertThat(openStat().snapshot(0)).isEqualTo(new byte[] {(byte) 0xe9, (byte) 0xff, '\n'});
  }
}
