// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.podproc.daemon.cluster.ApiServer;
import io.podproc.daemon.container.Containers;
import io.podproc.daemon.delivery.Attacher;
import io.podproc.daemon.delivery.ClusterSource;
import io.podproc.daemon.delivery.Delivery;
import io.podproc.daemon.delivery.DeliveryRules;
import io.podproc.daemon.delivery.FolderSource;
import io.podproc.daemon.delivery.Source;
import io.podproc.daemon.delivery.StartListener;
import io.podproc.daemon.delivery.ViewListener;
import io.podproc.daemon.log.Log;
import io.podproc.daemon.settings.DaemonConfig;
import io.podproc.daemon.status.metrics.DeliveryMetrics;
import io.podproc.daemon.vfs.VirtualTree;
import io.podproc.rules.ViewWish;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The delivery by this daemon, as its settings say, and what is counted of it. */
final class NodeDelivery implements MeterBinder, AutoCloseable {
  private final Delivery delivery;

  private NodeDelivery(Delivery delivery) {
    this.delivery = delivery;
  }

  /** Empty where it is not wanted, or nobody could tell which containers are to have files. */
  static Optional<NodeDelivery> of(
      DaemonConfig config,
      VirtualTree tree,
      Attacher attacher,
      Containers containers,
      Map<String, String> environment) {
    if (!config.nodeDelivery()) {
      return Optional.empty();
    }
    DeliveryRules rules =
        new DeliveryRules(
            config.namespace(), paths(tree, file -> true), paths(tree, VirtualTree.File::isUsual));
    return source(config, rules, environment)
        .map(source ->
            Delivery.of(source, attacher, rules, config.runDirectory()).telling(shown(containers)))
        .map(NodeDelivery::new);
  }

  private static Set<String> paths(VirtualTree tree, Predicate<VirtualTree.File> which) {
    return tree.files().stream()
        .filter(which)
        .map(VirtualTree.File::path)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** What pods wish to be shown is told to who shows it. */
  private static ViewListener shown(Containers containers) {
    return new ViewListener() {
      @Override
      public void tell(Map<String, ViewWish> byPod) {
        containers.tell(byPod);
      }

      @Override
      public void forget(Predicate<String> podUids) {
        containers.forget(podUids);
      }
    };
  }

  private static Optional<Source> source(
      DaemonConfig config, DeliveryRules rules, Map<String, String> environment) {
    if (config.deliveryNamespaces().isPresent()) {
      Set<String> namespaces =
          Arrays.stream(config.deliveryNamespaces().get().split(",", -1))
              .collect(Collectors.toUnmodifiableSet());
      return Optional.of(new FolderSource(rules, namespaces, config.podLogs()));
    }
    Optional<ApiServer> server = ApiServer.ofPod(environment);
    if (server.isEmpty()) {
      Log.warn("not running in a pod of a cluster: no container gets files from this daemon");
    }
    return server.map(api -> ClusterSource.of(rules, api, config.nodeName().orElseThrow()));
  }

  /** Who is to be asked as a container starts. */
  StartListener listener() {
    return delivery;
  }

  /** Who knows why a container has what it has. */
  Delivery delivery() {
    return delivery;
  }

  /** It is to be this daemon's turn, and readers wait for it. */
  void recall() {
    delivery.recall();
  }

  /** It is this daemon's turn. */
  void begin() {
    delivery.begin();
  }

  /** Leaves all containers as they are. */
  @Override
  public void close() {
    delivery.close();
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    new DeliveryMetrics(delivery).bindTo(registry);
  }
}
