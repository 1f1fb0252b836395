// SPDX-License-Identifier: Apache-2.0
#ifndef PODPROC_NODE_VIEW_H
#define PODPROC_NODE_VIEW_H

#include <stdbool.h>

/* A FUSE connection, by the device number that its mounts have in mountinfo, as "0:57". */
struct device {
  char number[24];
};

/* What became of the mounts of a connection. */
struct outcome {
  int files;      /* files of containers that show the node's own now */
  int namespaces; /* in so many mount namespaces */
  int failed;     /* so many could not be visited, or not in time */
};

/*
 * Brings back the node's own files where nobody serves a connection: takes its mounts away from the
 * node and from every other mount namespace, and mounts the node's files in their place in
 * containers. Then ends the connection if it `lives`: whoever waits for an answer gets an error, at
 * the latest after a second. The number of one that has ended may be another's by now.
 *
 * No program of a container is run. Each namespace is visited by a process of its own, which has a
 * second and is then left behind: a container's file system may never answer.
 */
struct outcome show_node_view(const struct device *device, bool lives);

/* Ends a connection, and leaves its mounts where they are. */
void abort_connection(const struct device *device);

#endif
