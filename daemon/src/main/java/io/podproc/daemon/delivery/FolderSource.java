// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.log.Log;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What can be told without the API server: pods of these namespaces get the usual files. Which
 * namespace a pod is of is told by the folder that the kubelet makes for its logs, before its
 * containers: {@code NAMESPACE_NAME_UID}.
 */
public final class FolderSource implements Source {
  private static final int MOST = 20_000;

  private final DeliveryRules rules;
  private final Set<String> namespaces;
  private final Path folders;

  /** What its name says. */
  private record Folder(String namespace, String pod) {}

  /** By uid. */
  @GuardedBy("this")
  private Map<String, Folder> known = Map.of();

  @GuardedBy("this")
  private boolean told;

  /**
   * @param namespaces whose pods get files
   * @param folders usually {@code /var/log/pods}
   */
  public FolderSource(DeliveryRules rules, Set<String> namespaces, Path folders) {
    this.rules = rules;
    this.namespaces = namespaces;
    this.folders = folders;
  }

  @Override
  public synchronized Optional<DesiredFiles> wanted(String podUid) {
    if (!known.containsKey(podUid)) {
      known = look();
    }
    return standing(podUid).flatMap(PodStatus::wanted);
  }

  /** As of the last look: who asks makes none. */
  @Override
  public synchronized Optional<PodStatus> standing(String podUid) {
    return Optional.ofNullable(known.get(podUid))
        .map(folder ->
            rules.standing(folder.namespace, folder.pod, namespaces.contains(folder.namespace)));
  }

  @Override
  public void begin(Changes changes) {
    // a pod never changes its namespace
  }

  @GuardedBy("this")
  private Map<String, Folder> look() {
    Map<String, Folder> found = new HashMap<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folders)) {
      for (Path folder : all) {
        String name = String.valueOf(folder.getFileName());
        // Neither names of namespaces nor uids have a _.
        int first = name.indexOf('_');
        int last = name.lastIndexOf('_');
        if (first > 0 && last > first && found.size() < MOST) {
          found.put(
              name.substring(last + 1),
              new Folder(name.substring(0, first), name.substring(first + 1, last)));
        }
      }
      told = false;
    } catch (IOException | RuntimeException e) {
      if (!told) {
        told = true;
        Log.warn("pods of named namespaces can't be told from others: %s", e);
      }
      return known;
    }
    return found;
  }
}
