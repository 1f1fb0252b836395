// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.state;

import io.podproc.daemon.cgroup.CpuTime;
import io.podproc.daemon.cgroup.CpuUsage;
import io.podproc.daemon.cgroup.ProcCgroup;
import io.podproc.daemon.container.Snapshot;
import io.podproc.daemon.host.NodeCounts;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.view.Load;
import io.podproc.rules.CpuWish;
import io.podproc.rules.Shown;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A daemon's snapshot, as the next one finds it in the run directory. Versions differ: what this
 * one does not understand it does without. Not JSON: readers wait while it is read, and a JSON
 * library took 50 ms to begin.
 */
public final class StateFile {
  private static final int VERSION = 6;

  /**
   * Of 600 containers on a node of 256 CPUs, which take 48 bytes each; twice as much, when it was
   * read, of a heap of 48 MiB.
   */
  private static final long LARGEST = 8 << 20;

  private final Path path;

  /** Why it could not be written the last time: that is told once, not each time. */
  private String failure = "";

  public StateFile(Path runDirectory) {
    path = runDirectory.resolve("state");
  }

  /** What was left; empty, with one line that says why, where it can't be used. */
  Optional<Snapshot> read() {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(path)))) {
      if (Files.size(path) > LARGEST) {
        throw new IOException("it is larger than " + LARGEST + " bytes");
      }
      int version = in.readInt();
      if (version != VERSION) {
        throw new IOException("it is of version " + version + ", not " + VERSION);
      }
      Snapshot snapshot = new Snapshot(in.readLong(), list(in, StateFile::container));
      if (in.read() >= 0) {
        throw new IOException("it goes on where it should end");
      }
      return Optional.of(snapshot);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (EOFException e) {
      Log.warn("%s is ignored, and CPU times, loads and counts start again: it is cut short", path);
      return Optional.empty();
    } catch (IOException e) {
      Log.warn(
          "%s is ignored, and CPU times, loads and counts start again: %s", path, e.getMessage());
      return Optional.empty();
    }
  }

  /** Leaves it to the next, whole or not at all. */
  synchronized void write(Snapshot snapshot) {
    Path next = path.resolveSibling("state.new");
    try {
      try (DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(next)))) {
        out.writeInt(VERSION);
        out.writeLong(snapshot.sampledNanos());
        write(out, snapshot.containers(), StateFile::write);
      }
      Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
      if (!failure.isEmpty()) {
        Log.info("%s is written again", path);
      }
      failure = "";
    } catch (IOException e) {
      if (!failure.equals(e.toString())) {
        Log.warn(
            "%s can't be written, and what is left there is what the next daemon goes on with: %s",
            path, e);
      }
      failure = e.toString();
      remove(next);
    }
  }

  /** What was written of it takes room. */
  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // It is written over the next time.
    }
  }

  private interface Reader<T> {
    T read(DataInputStream in) throws IOException;
  }

  private interface Writer<T> {
    void write(DataOutputStream out, T value) throws IOException;
  }

  // Each pair below reads what it writes.

  private static void write(DataOutputStream out, Snapshot.OfContainer container)
      throws IOException {
    Map<String, String> v1 = container.paths().v1();
    write(
        out,
        List.copyOf(v1.entrySet()),
        (o, entry) -> {
          o.writeUTF(entry.getKey());
          o.writeUTF(entry.getValue());
        });
    write(out, container.paths().v2(), DataOutputStream::writeUTF);
    out.writeInt(container.oldest());
    out.writeLong(container.start().toNanos());
    write(out, container.cpu(), StateFile::write);
    Load load = container.load();
    for (long average : load.averages()) {
      out.writeLong(average);
    }
    out.writeInt(load.running());
    out.writeInt(load.blocked());
    out.writeInt(load.total());
    out.writeInt(load.forks());
    out.writeInt(load.lastPid());
    out.writeInt(container.nodePid());
    write(out, container.firstCounts(), StateFile::write);
    write(out, container.shown());
  }

  private static void write(DataOutputStream out, Shown shown) throws IOException {
    out.writeUTF(shown.cpus().kind().name());
    out.writeDouble(shown.cpus().most());
    out.writeLong(shown.memory().orElse(0));
  }

  private static Shown shown(DataInputStream in) throws IOException {
    String name = in.readUTF();
    double most = in.readDouble();
    long memory = in.readLong();
    for (CpuWish.Kind kind : CpuWish.Kind.values()) {
      if (kind.name().equals(name) && most >= 0 && most <= CpuWish.MOST) {
        return new Shown(
            new CpuWish(kind, most), memory > 0 ? OptionalLong.of(memory) : OptionalLong.empty());
      }
    }
    throw new IOException("it tells of a view that there is not");
  }

  private static Snapshot.OfContainer container(DataInputStream in) throws IOException {
    Map<String, String> v1 = new HashMap<>();
    for (Map.Entry<String, String> entry : list(in, i -> Map.entry(i.readUTF(), i.readUTF()))) {
      v1.put(entry.getKey(), entry.getValue());
    }
    return new Snapshot.OfContainer(
        new ProcCgroup(Map.copyOf(v1), optional(in, i -> i.readUTF())),
        in.readInt(),
        Duration.ofNanos(in.readLong()),
        optional(in, StateFile::accounts),
        new Load(
            List.of(in.readLong(), in.readLong(), in.readLong()),
            in.readInt(),
            in.readInt(),
            in.readInt(),
            in.readInt(),
            in.readInt()),
        in.readInt(),
        optional(in, StateFile::counts),
        shown(in));
  }

  private static void write(DataOutputStream out, NodeCounts counts) throws IOException {
    out.writeLong(counts.interrupts());
    out.writeLong(counts.contextSwitches());
    write(out, counts.softInterrupts(), DataOutputStream::writeLong);
  }

  private static NodeCounts counts(DataInputStream in) throws IOException {
    return new NodeCounts(
        in.readLong(), in.readLong(), List.copyOf(list(in, DataInputStream::readLong)));
  }

  private static void write(DataOutputStream out, Snapshot.Accounts cpu) throws IOException {
    out.writeLong(cpu.bookedNanos());
    write(out, cpu.last().total());
    write(out, cpu.last().perCpuNanos(), DataOutputStream::writeLong);
    write(out, cpu.total());
    write(
        out,
        cpu.cpus(),
        (o, account) -> {
          write(o, account.used());
          o.writeDouble(account.capacityNanos());
          o.writeLong(account.idleNanos());
        });
  }

  private static Snapshot.Accounts accounts(DataInputStream in) throws IOException {
    return new Snapshot.Accounts(
        in.readLong(),
        new CpuUsage(time(in), list(in, DataInputStream::readLong)),
        time(in),
        list(in, i -> new Snapshot.Account(time(i), i.readDouble(), i.readLong())));
  }

  private static void write(DataOutputStream out, CpuTime time) throws IOException {
    out.writeLong(time.user());
    out.writeLong(time.nice());
    out.writeLong(time.system());
  }

  private static CpuTime time(DataInputStream in) throws IOException {
    return new CpuTime(in.readLong(), in.readLong(), in.readLong());
  }

  private static <T> void write(DataOutputStream out, Optional<T> value, Writer<T> writer)
      throws IOException {
    write(out, value.stream().toList(), writer);
  }

  private static <T> Optional<T> optional(DataInputStream in, Reader<T> reader) throws IOException {
    return list(in, reader).stream().findFirst();
  }

  private static <T> void write(DataOutputStream out, List<T> values, Writer<T> writer)
      throws IOException {
    out.writeInt(values.size());
    for (T value : values) {
      writer.write(out, value);
    }
  }

  private static <T> List<T> list(DataInputStream in, Reader<T> reader) throws IOException {
    List<T> values = new ArrayList<>();
    for (int i = in.readInt(); i > 0; i--) { // where it says too many, the end comes first
      values.add(reader.read(in));
    }
    return values;
  }
}
