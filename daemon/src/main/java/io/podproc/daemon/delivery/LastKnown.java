// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import io.podproc.daemon.log.Log;
import io.podproc.rules.ViewWish;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What pods were to have when it was last known, on disk: for a daemon that starts while the API
 * server is away. A file that can't be used is left aside, and what it said is then not known.
 */
final class LastKnown {
  private static final int VERSION = 2;

  /** Of daemons that knew no views. */
  private static final int WITHOUT_VIEWS = 1;

  /** Of 10,000 pods. */
  private static final long LARGEST = 4 << 20;

  private final Path path;
  private final Set<String> files;

  /**
   * @param files that there are; others were another version's
   */
  LastKnown(Path runDirectory, Set<String> files) {
    path = runDirectory.resolve("delivery");
    this.files = files;
  }

  /** By the uid of the pod, as its cgroup has it. */
  Map<String, DesiredFiles> read() {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(path)))) {
      if (Files.size(path) > LARGEST) {
        throw new IOException("it is larger than " + LARGEST + " bytes");
      }
      int version = in.readInt();
      if (version != VERSION && version != WITHOUT_VIEWS) {
        throw new IOException("it is of version " + version + ", not " + VERSION);
      }
      Map<String, ViewWish> views = version == WITHOUT_VIEWS ? Map.of() : views(in);
      Map<String, DesiredFiles> pods = new HashMap<>();
      for (int left = in.readInt();
          left > 0;
          left--) { // where it says too many, the end comes first
        String pod = in.readUTF();
        pods.put(pod, wanted(in, views.getOrDefault(pod, ViewWish.NONE)));
      }
      if (in.read() >= 0) {
        throw new IOException("it goes on where it should end");
      }
      return pods;
    } catch (NoSuchFileException e) {
      return Map.of();
    } catch (EOFException e) {
      Log.warn(
          "%s is ignored, the API server will tell which pods get files: it is cut short", path);
      return Map.of();
    } catch (IOException e) {
      Log.warn(
          "%s is ignored, the API server will tell which pods get files: %s", path, e.getMessage());
      return Map.of();
    }
  }

  private DesiredFiles wanted(DataInputStream in, ViewWish view) throws IOException {
    boolean explicitly = in.readBoolean();
    Set<String> wanted = new HashSet<>();
    for (int left = in.readUnsignedByte(); left > 0; left--) {
      String file = in.readUTF();
      if (files.contains(file)) {
        wanted.add(file);
      }
    }
    return new DesiredFiles(Set.copyOf(wanted), explicitly, view);
  }

  /**
   * What pods ask to be shown, by their uids: the head of the file, for readers wait meanwhile.
   * Most pods ask for nothing.
   */
  Map<String, ViewWish> views() {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(path)))) {
      return in.readInt() == VERSION && Files.size(path) <= LARGEST ? views(in) : Map.of();
    } catch (IOException e) {
      return Map.of(); // whoever reads all of it tells
    }
  }

  private static Map<String, ViewWish> views(DataInputStream in) throws IOException {
    Map<String, ViewWish> views = new HashMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      views.put(in.readUTF(), view(in));
    }
    return views;
  }

  private static ViewWish view(DataInputStream in) throws IOException {
    Map<String, String> annotations = new HashMap<>();
    for (int left = in.readUnsignedByte(); left > 0; left--) {
      annotations.put(in.readUTF(), in.readUTF());
    }
    return ViewWish.of(annotations);
  }

  /** Leaves it to the next, whole or not at all. */
  void write(Map<String, DesiredFiles> pods) {
    Path next = path.resolveSibling("delivery.new");
    try {
      try (DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(next)))) {
        out.writeInt(VERSION);
        writeViews(out, pods);
        out.writeInt(pods.size());
        for (Map.Entry<String, DesiredFiles> pod : pods.entrySet()) {
          out.writeUTF(pod.getKey());
          out.writeBoolean(pod.getValue().explicitly());
          out.writeByte(pod.getValue().files().size());
          for (String file : pod.getValue().files()) {
            out.writeUTF(file);
          }
        }
      }
      Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Log.warn("%s can't be written: %s", path, e.getMessage());
    }
  }

  private static void writeViews(DataOutputStream out, Map<String, DesiredFiles> pods)
      throws IOException {
    Map<String, Map<String, String>> views = new HashMap<>();
    pods.forEach((pod, wanted) -> {
      if (!wanted.view().annotations().isEmpty()) {
        views.put(pod, wanted.view().annotations());
      }
    });
    out.writeInt(views.size());
    for (Map.Entry<String, Map<String, String>> pod : views.entrySet()) {
      out.writeUTF(pod.getKey());
      out.writeByte(pod.getValue().size());
      for (Map.Entry<String, String> annotation : pod.getValue().entrySet()) {
        out.writeUTF(annotation.getKey());
        out.writeUTF(annotation.getValue());
      }
    }
  }
}
