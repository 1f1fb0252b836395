// SPDX-License-Identifier: Apache-2.0
#ifndef PODPROC_NODE_VIEW_H
#define PODPROC_NODE_VIEW_H

#include "connection.h"

/* What became of the mounts of a connection. */
struct outcome {
  int files;      /* files of containers that show the node's own now */
  int namespaces; /* in so many mount namespaces */
  int failed;     /* so many could not be visited, or not in time */
};

/*
 * Brings back the node's own files where nobody serves a connection: takes its mounts away from the
 * node and from every other mount namespace, and mounts the node's files in their place in
 * containers. Then ends the connection: whoever waits for an answer gets an error, at the latest
 * after a second.
 * held: a descriptor of /dev/fuse of that connection; -1 where nobody holds it. Then, and where it
 *     has ended, its number may be another's by now, and mounts that somebody serves are left alone
 *
 * No program of a container is run. Each namespace is visited by a process of its own, which has a
 * second and is then left behind: a container's file system may never answer.
 */
struct outcome show_node_view(const struct device *device, int held);

/* Whether this process sees a mount of the connection, with the source that was told of it. */
bool is_mounted(const struct device *device);

/* What mountinfo writes as \040 and the like: blanks, tabs, ends of lines and backslashes. */
void unescape(char *text);

#endif
