// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.cluster;

import java.util.Set;
import java.util.function.Predicate;

/**
 * Which objects are watched, and what of them is read.
 *
 * @param what as in the log and in metrics
 * @param path of the list, with what chooses among them
 * @param ofOneNode whether it is a node's part of them
 */
record WatchedResource(String what, String path, boolean ofOneNode, MetadataParser parser) {
  /** The pods of a node. */
  static WatchedResource pods(String node, Set<String> labels, Predicate<String> annotations) {
    return new WatchedResource(
        "pods",
        "/api/v1/pods?fieldSelector=spec.nodeName%3D" + node,
        true,
        new MetadataParser(labels, annotations));
  }

  /** The namespaces with a label, whatever its value. */
  static WatchedResource namespaces(String label) {
    return new WatchedResource(
        "namespaces",
        "/api/v1/namespaces?labelSelector=" + label.replace("/", "%2F"),
        false,
        new MetadataParser(Set.of(label), _ -> false));
  }

  /** Where, and from which version on, it is asked for. */
  String query(WatchSchedule.Ask ask, WatchSchedule schedule) {
    String watching =
        "&watch=true&allowWatchBookmarks=true&timeoutSeconds=" + schedule.watchFor().toSeconds();
    String least = schedule.least().map(version -> "&resourceVersion=" + version).orElse("");
    return path
        + switch (ask) {
          case WATCH -> watching + "&resourceVersion=" + schedule.version().orElseThrow();
          case STREAM ->
              watching + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan" + least;
          // A node's pods come from the API server's memory only where any version is asked for:
          // else
          // an old one reads those of all nodes for each daemon.
          case LIST ->
              least.isEmpty()
                  ? (ofOneNode ? "&resourceVersion=0" : "")
                  : least + "&resourceVersionMatch=NotOlderThan";
        };
  }
}
