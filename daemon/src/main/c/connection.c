// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "connection.h"
#include "node_view.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONTROL "/sys/fs/fuse/connections"
#define NUMBER "fuse_connection:"

/* fs/fuse/dev.c:fuse_dev_poll */
bool has_ended(int held) {
  struct pollfd device = {.fd = held};
  return poll(&device, 1, 0) == 1 && device.revents & POLLERR;
}

/* fs/fuse/dev.c:fuse_dev_show_fdinfo */
bool ask_number(int held, struct device *device) {
  char name[48], text[512];
  snprintf(name, sizeof name, "/proc/self/fdinfo/%d", held);
  int file = open(name, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (file >= 0) {
    close(file);
  }
  text[length < 0 ? 0 : length] = '\0';
  const char *number = strstr(text, NUMBER);
  unsigned minor;
  if (!number || sscanf(number + strlen(NUMBER), "%u", &minor) != 1) {
    return false;
  }
  char told[sizeof device->number];
  snprintf(told, sizeof told, "%s", device->number);
  snprintf(device->number, sizeof device->number, "0:%u", minor);
  if (strcmp(told, device->number) != 0) {
    device->source[0] = '\0'; // that of another
  }
  return true;
}

/* By fusectl (fs/fuse/control.c), which need not be mounted on the node. */
static bool write_abort(int held, struct device device) {
  if (held >= 0) {
    ask_number(held, &device);
  }
  char name[96];
  const char *minor = strchr(device.number, ':');
  snprintf(name, sizeof name, CONTROL "/%.16s/abort", minor ? minor + 1 : "");
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("fusectl", CONTROL, "fusectl", 0, NULL) != 0) {
    return false;
  }
  // While it lasts, the number is its own. So if it does now, it is what has been opened. It does as
  // well while it is mounted, and this namespace has a copy of that mount.
  int file = open(name, O_WRONLY | O_CLOEXEC);
  bool lasts = held >= 0 ? !has_ended(held) : is_mounted(&device);
  return file >= 0 && lasts && write(file, "1", 1) == 1;
}

void abort_connection(int held, const struct device *device) {
  pid_t child = fork();
  if (child == 0) {
    _exit(write_abort(held, *device) ? 0 : 1);
  }
  if (child > 0) {
    waitpid(child, NULL, 0);
  }
}

/* fs/fuse/inode.c:fuse_statfs */
bool is_dead(int mount) {
  struct statfs unused;
  return fstatfs(mount, &unused) != 0 && errno == ENOTCONN;
}
