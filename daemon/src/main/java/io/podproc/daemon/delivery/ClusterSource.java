// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.delivery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.podproc.daemon.cluster.ApiServer;
import io.podproc.daemon.cluster.Metadata;
import io.podproc.daemon.cluster.ObjectStore;
import io.podproc.daemon.cluster.Watch;
import io.podproc.rules.OptIn;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What the cluster tells: by two watches, of the pods of this node and of the namespaces that have
 * the label. What was told holds until something else is.
 */
public final class ClusterSource implements Source {
  /** Beyond any node's. */
  private static final int MOST_PODS = 20_000;

  private final DeliveryRules rules;
  private final Watching watching;

  /** By the uid of its cgroup. */
  @GuardedBy("this")
  private final Map<String, Pod> pods = new HashMap<>();

  /** Those with the label, by name. */
  @GuardedBy("this")
  private final Map<String, Metadata> namespaces = new HashMap<>();

  /** Whether a namespace that is not among them has no label. */
  @GuardedBy("this")
  private boolean allNamespaces;

  private volatile Changes changes = _ -> {};

  /** Begins to watch. */
  interface Watching {
    void begin(ObjectStore pods, ObjectStore namespaces);
  }

  private ClusterSource(DeliveryRules rules, Watching watching) {
    this.rules = rules;
    this.watching = watching;
  }

  /** Asks the API server, once it is begun. */
  public static ClusterSource of(DeliveryRules rules, ApiServer server, String node) {
    return new ClusterSource(
        rules,
        (pods, namespaces) -> {
          Watch _ = Watch.namespaces(server, OptIn.LABEL, namespaces);
          Watch _ = Watch.pods(server, node, Pod.LABELS, Pod::concerns, pods);
        });
  }

  /** Is told by whatever the watching is. */
  static ClusterSource of(DeliveryRules rules, Watching watching) {
    return new ClusterSource(rules, watching);
  }

  @Override
  public void begin(Changes listener) {
    changes = listener;
    watching.begin(new Pods(), new Namespaces());
  }

  @Override
  public synchronized Optional<DesiredFiles> wanted(String podUid) {
    Pod pod = pods.get(podUid);
    return pod == null ? Optional.empty() : wanted(pod);
  }

  @Override
  public synchronized Optional<PodStatus> standing(String podUid) {
    return Optional.ofNullable(pods.get(podUid)).map(pod -> rules.standing(pod, labels(pod)));
  }

  @GuardedBy("this")
  private Optional<DesiredFiles> wanted(Pod pod) {
    return rules.wanted(pod, labels(pod));
  }

  /** Those of its namespace. */
  @GuardedBy("this")
  private Optional<Map<String, String>> labels(Pod pod) {
    Metadata namespace = namespaces.get(pod.namespace());
    return namespace != null
        ? Optional.of(namespace.labels())
        : allNamespaces ? Optional.of(Map.of()) : Optional.empty();
  }

  /** How many pods of this node are known. */
  public synchronized int pods() {
    return pods.size();
  }

  private final class Pods implements ObjectStore {
    @Override
    public void all(Collection<Metadata> objects) {
      synchronized (ClusterSource.this) {
        // What is not among them is forgotten, and thereby left as it is: its containers may run.
        pods.clear();
        objects.stream()
            .map(Pod::of)
            .forEach(pod -> {
              boolean _ = keep(pod);
            });
      }
      changes.of(uids(_ -> true));
    }

    @Override
    public void put(Metadata object) {
      Pod pod = Pod.of(object);
      boolean changed;
      synchronized (ClusterSource.this) {
        changed = keep(pod);
      }
      if (changed) {
        changes.of(List.of(pod.cgroupUid()));
      }
    }

    @Override
    public void remove(Metadata object) {
      synchronized (ClusterSource.this) {
        Pod gone = Pod.of(object);
        // The mirror of a static pod may have been made anew already.
        Pod kept = pods.get(gone.cgroupUid());
        if (kept != null && kept.uid().equals(gone.uid())) {
          pods.remove(gone.cgroupUid());
        }
      }
    }
  }

  private final class Namespaces implements ObjectStore {
    /** Beyond any cluster's with the label. */
    private static final int MOST = 20_000;

    @Override
    public void all(Collection<Metadata> objects) {
      keep(objects, true);
    }

    @Override
    public void some(Collection<Metadata> objects) {
      keep(objects, false);
    }

    private void keep(Collection<Metadata> objects, boolean all) {
      synchronized (ClusterSource.this) {
        namespaces.clear();
        objects.forEach(object -> namespaces.put(object.name(), object));
        allNamespaces = all;
      }
      changes.of(uids(_ -> true));
    }

    @Override
    public void put(Metadata object) {
      Metadata before;
      synchronized (ClusterSource.this) {
        if (namespaces.size() >= MOST && !namespaces.containsKey(object.name())) {
          allNamespaces = false; // until the next list is whole
          return;
        }
        before = namespaces.put(object.name(), object);
      }
      if (before == null || !before.labels().equals(object.labels())) {
        changed(object.name());
      }
    }

    /** It has lost its label, or is gone: with all its pods, which were gone before. */
    @Override
    public void remove(Metadata object) {
      synchronized (ClusterSource.this) {
        Metadata kept = namespaces.get(object.name());
        if (kept == null || !kept.uid().equals(object.uid())) {
          return; // made anew
        }
        namespaces.remove(object.name());
      }
      changed(object.name());
    }

    private void changed(String namespace) {
      changes.of(uids(pod -> pod.namespace().equals(namespace)));
    }
  }

  /** Whether it is news. A pod that claims to be another's mirror is none. */
  private synchronized boolean keep(Pod pod) {
    Pod before = pods.get(pod.cgroupUid());
    if (before == null ? pods.size() >= MOST_PODS : !pod.replaces(before)) {
      return false;
    }
    pods.put(pod.cgroupUid(), pod);
    return !pod.equals(before);
  }

  private synchronized List<String> uids(Predicate<Pod> which) {
    return pods.values().stream().filter(which).map(Pod::cgroupUid).toList();
  }
}
