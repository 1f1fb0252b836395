// SPDX-License-Identifier: Apache-2.0
#ifndef PODPROC_CONNECTION_H
#define PODPROC_CONNECTION_H

#include <stdbool.h>

#define TYPE "fuse.podproc" /* of its mounts, in mountinfo */

/* A FUSE connection, by what its mounts have in mountinfo. */
struct device {
  char number[24];   /* of the device, as "0:57": another's, once the connection has no mount */
  char source[4096]; /* of what is mounted; "" if it was not told */
};

/*
 * Whether a connection has ended, or nothing was mounted with it yet.
 * held: a descriptor of /dev/fuse
 */
bool has_ended(int held);

/*
 * Has the kernel say which connection is held, whatever was told of it. False: none is, or this
 * kernel, before Linux 6.16, does not say.
 */
bool ask_number(int held, struct device *device);

/*
 * Ends the connection that is held, and leaves its mounts where they are. Never another: where the
 * kernel tells which one is held, what was told of it is not asked.
 * held: -1 where nobody holds it: then only what is mounted with its source is ended
 */
void abort_connection(int held, const struct device *device);

/* Whether the mount that a descriptor names is of a connection that has ended. Waits for the answer
 * of one that has not. */
bool is_dead(int mount);

#endif
