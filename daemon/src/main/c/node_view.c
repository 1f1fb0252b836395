// SPDX-License-Identifier: Apache-2.0
// Puts the node's own files where those of a connection were that nobody serves any more.
#define _GNU_SOURCE
#include "node_view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VISITORS 64        /* at work at once */
#define AT_WORK_MS 20      /* for so long: then it waits for something, and others need not */
#define OUT 512            /* at once, whether at work or not */
#define PASSES 3           /* over all processes: a namespace may be copied before it is visited */
#define VISIT_MS 1000      /* each has so long, and until the connection is ended */
#define LATE_VISIT_MS 250  /* after that: others wait for those that do not answer */
#define NAMESPACES 65536   /* visited, of very many; a power of two */
#define MOUNTS 4096        /* taken away in one namespace, which may have copied them */
#define DID_NOT_WORK 255   /* exit status of a visitor, else the number of files */

/* linux/mount.h, which C libraries have not had for long */
#define OPEN_TREE_CLONE_ 1
#define MOVE_MOUNT_EMPTY_PATHS_ (0x4 | 0x40)
#define MOUNT_ATTR_READ_ONLY_ALL_ (1 | 2 | 4 | 8) /* RDONLY NOSUID NODEV NOEXEC */
#define MOUNT_ATTR_NOATIME_ 0x10
#define MOUNT_ATTR_ATIMES_ 0x70
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

struct mount {
  long id;
  char *root;  /* which file of the connection's it is, as "/proc/meminfo" */
  char *point; /* where it is seen */
  bool marked; /* the node has brought it: it says noatime, and so does what takes its place */
};

// ---- mountinfo -------------------------------------------------------------

void unescape(char *text) {
  char *to = text;
  for (const char *from = text; *from; to++) {
    if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
      *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
}

#define DELETED "//deleted" /* follows where the kernel has dropped the name of what is mounted */

static void cut_mark(char *root) {
  size_t length = strlen(root), mark = strlen(DELETED);
  if (length > mark && strcmp(root + length - mark, DELETED) == 0) {
    root[length - mark] = '\0';
  }
}

/* "ID PARENT MAJ:MIN ROOT POINT OPTIONS [FIELD…] - TYPE SOURCE …" (fs/proc_namespace.c:show_mountinfo) */
static bool parse(char *line, const struct device *device, struct mount *mount) {
  char *type = strstr(line, " - ");
  if (!type || strncmp(type + 3, TYPE " ", sizeof TYPE) != 0) {
    return false;
  }
  char *rest = line, *after = type + 3 + sizeof TYPE;
  char *id = strsep(&rest, " "), *parent = strsep(&rest, " "), *number = strsep(&rest, " ");
  char *root = strsep(&rest, " "), *point = strsep(&rest, " "), *options = strsep(&rest, " ");
  char *source = strsep(&after, " \n");
  if (!rest || !parent || strcmp(number, device->number) != 0) {
    return false;
  }
  unescape(source);
  if (device->source[0] && strcmp(source, device->source) != 0) {
    return false;
  }
  unescape(root);
  cut_mark(root);
  unescape(point);
  *mount = (struct mount){
      .id = strtol(id, NULL, 10),
      .root = strdup(root),
      .point = strdup(point),
      .marked = strstr(options, "noatime") != NULL};
  return mount->root && mount->point;
}

/* The connection's mounts in a mountinfo, in the kernel's order, so many at most; their number, or -1. */
static int mounts_of(const char *mountinfo, const struct device *device, struct mount *mounts, int most) {
  FILE *file = fopen(mountinfo, "re");
  if (!file) {
    return -1;
  }
  int count = 0;
  char *line = NULL;
  size_t size = 0;
  while (count < most && getline(&line, &size, file) > 0) {
    count += parse(line, device, &mounts[count]);
  }
  free(line);
  fclose(file);
  return count;
}

bool is_mounted(const struct device *device) {
  struct mount any;
  return device->source[0] && mounts_of("/proc/self/mountinfo", device, &any, 1) == 1;
}

// ---- one namespace ---------------------------------------------------------

/* The node's own file as a mount that is nowhere yet and can only be read; -1 if there is none. */
static int copy_of(const char *file, bool marked) {
  if (strncmp(file, "/proc/", 6) != 0 && strncmp(file, "/sys/", 5) != 0) {
    return -1;
  }
  int copy = (int)syscall(SYS_open_tree, AT_FDCWD, file, OPEN_TREE_CLONE_ | O_CLOEXEC);
  if (copy >= 0) {
    struct {
      uint64_t set, clear, propagation, userns;
    } attributes = {.set = MOUNT_ATTR_READ_ONLY_ALL_ | (marked ? MOUNT_ATTR_NOATIME_ : 0),
                    .clear = marked ? MOUNT_ATTR_ATIMES_ : 0,
                    .propagation = MS_PRIVATE};
    syscall(SYS_mount_setattr, copy, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
  }
  return copy;
}

/* The id of the mount that a descriptor is of. From the node's /proc, the current directory. */
static long mount_id(int descriptor) {
  char name[48], text[512];
  snprintf(name, sizeof name, "self/fdinfo/%d", descriptor);
  int file = open(name, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (file >= 0) {
    close(file);
  }
  text[length < 0 ? 0 : length] = '\0';
  const char *id = strstr(text, "mnt_id:");
  return id ? strtol(id + strlen("mnt_id:"), NULL, 10) : -1;
}

/* What is seen at a point of the namespace that is visited. */
static int see(int root, const char *point) {
  return openat(root, point[1] ? point + 1 : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static int put_on(int copy, int seen) {
  if (syscall(SYS_move_mount, copy, "", seen, "", MOVE_MOUNT_EMPTY_PATHS_) != 0) {
    return -1;
  }
  // Before Linux 5.12 there is no mount_setattr, and the copy is as the node's procfs is mounted.
  char name[48];
  snprintf(name, sizeof name, "self/fd/%d", copy);
  mount(NULL, name, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  return mount(NULL, name, NULL, MS_PRIVATE, NULL);
}

/* What became of a mount. */
enum exchanged {
  UNSEEN,    /* nothing: something else is seen there */
  GONE,      /* it was taken away */
  EXCHANGED, /* and the node's own file is seen there */
};

/*
 * Takes the mount away if it is the one that is seen. What lies beneath is the container's own file,
 * for as long as it takes to lay a copy of the node's on it; a mount that is locked, as are those
 * that a user namespace was begun with, stays beneath.
 */
static enum exchanged exchange(int root, const struct mount *mount, int copy, bool ended) {
  enum exchanged result = UNSEEN;
  int seen = see(root, mount->point);
  if (seen >= 0 && mount_id(seen) == mount->id && (!ended || is_dead(seen))) {
    char name[48];
    snprintf(name, sizeof name, "self/fd/%d", seen);
    if (umount2(name, MNT_DETACH) == 0) {
      result = GONE;
      close(seen);
      seen = copy < 0 ? -1 : see(root, mount->point);
    }
    if (copy >= 0 && put_on(copy, seen) == 0) {
      result = EXCHANGED;
    }
  }
  if (seen >= 0) {
    close(seen);
  }
  return result;
}

/* What follows is reached from the node's /proc, whatever /proc is in the container. */
static bool enter(int namespace, int proc) {
  return setns(namespace, CLONE_NEWNS) == 0 && fchdir(proc) == 0;
}

/*
 * In a process of its own, which is left in the namespace. That is seen from its own root directory,
 * which setns(2) makes the visitor's (fs/namespace.c:mntns_install): the process that led there may
 * have another (chroot). The number of files that were exchanged, or DID_NOT_WORK.
 */
static int visit(int pid, const struct device *device, bool ended) {
  char name[48];
  struct mount mounts[MOUNTS];
  snprintf(name, sizeof name, "/proc/%d/ns/mnt", pid);
  int theirs = open(name, O_RDONLY | O_CLOEXEC), own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (theirs < 0 || own < 0 || proc < 0 || !enter(theirs, proc)) {
    return DID_NOT_WORK;
  }
  int files = 0, count = mounts_of("self/mountinfo", device, mounts, MOUNTS);
  int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (count < 0 || root < 0) {
    return DID_NOT_WORK;
  }
  // The uppermost of a stack first: the kernel lists a mount after the one that it lies on. One by
  // one: a container may have more of them than a process may have descriptors.
  for (int i = count - 1; i >= 0; i--) {
    int copy = enter(own, proc) ? copy_of(mounts[i].root, mounts[i].marked) : -1;
    if (!enter(theirs, proc)) {
      return DID_NOT_WORK;
    }
    files += exchange(root, &mounts[i], copy, ended) == EXCHANGED;
    if (copy >= 0) {
      close(copy);
    }
  }
  return files < DID_NOT_WORK ? files : DID_NOT_WORK - 1;
}

// ---- all namespaces --------------------------------------------------------

struct visitor {
  pid_t pid;
  long long since; /* in milliseconds */
  int slot;        /* of the namespace; -1 for the node's own */
};

/* All that is on its way. */
struct round {
  const struct device *device;
  int held;
  long long begun;
  bool ended;
  int pass;
  struct visitor visitors[OUT];
  int out;
  struct outcome outcome;
  ino_t seen[NAMESPACES];
  bool failed[NAMESPACES]; /* to be visited once more */
  int known;
};

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static void send_visitor(struct round *round, int pid, int slot) {
  pid_t visitor = fork();
  if (visitor == 0) {
    // It may never come back, and must then hold nothing that others wait for.
    if (syscall(SYS_close_range, 3, ~0U, 0) != 0) {
      for (int descriptor = 3; descriptor < 1024; descriptor++) {
        close(descriptor);
      }
    }
    _exit(visit(pid, round->device, round->ended));
  }
  if (visitor > 0) {
    round->visitors[round->out++] = (struct visitor){visitor, now(), slot};
  } else {
    round->outcome.failed++;
  }
}

/* Whether it has ended, or its time is up. */
static bool is_through(struct round *round, const struct visitor *visitor, long long most) {
  int status;
  struct outcome *outcome = &round->outcome;
  if (waitpid(visitor->pid, &status, WNOHANG) == visitor->pid) {
    bool worked = WIFEXITED(status) && WEXITSTATUS(status) != DID_NOT_WORK;
    int files = worked ? WEXITSTATUS(status) : 0;
    outcome->files += files;
    outcome->namespaces += files > 0;
    if (!worked && visitor->slot >= 0 && round->pass == 1) {
      round->failed[visitor->slot] = true; // the process that led there has ended, perhaps
    } else {
      outcome->failed += !worked;
    }
    return true;
  }
  if (now() - visitor->since < most) {
    return false;
  }
  kill(visitor->pid, SIGKILL); // one that waits for a file system may not obey
  outcome->failed++;
  return true;
}

/* Waits until no more than so many visitors are at work, and no more than so many out. */
static void await_visitors(struct round *round, int at_work, int out) {
  while (true) {
    int working = 0;
    for (int i = 0; i < round->out;) {
      long long most = now() - round->begun < VISIT_MS ? VISIT_MS : LATE_VISIT_MS;
      if (is_through(round, &round->visitors[i], most)) {
        round->visitors[i] = round->visitors[--round->out];
      } else {
        working += now() - round->visitors[i].since < AT_WORK_MS;
        i++;
      }
    }
    if (!round->ended && now() - round->begun >= VISIT_MS) {
      abort_connection(round->held, round->device);
      round->ended = true;
    }
    if (working <= at_work && round->out <= out) {
      return;
    }
    poll(NULL, 0, 1);
  }
}

static ino_t namespace_of(const char *pid) {
  char name[64], text[64];
  snprintf(name, sizeof name, "/proc/%.20s/ns/mnt", pid);
  ssize_t length = readlink(name, text, sizeof text - 1);
  unsigned long inode = 0;
  if (length > 0) {
    text[length] = '\0';
    sscanf(text, "mnt:[%lu]", &inode);
  }
  return inode;
}

/* The slot of a namespace that is to be visited; -1 for one that was. */
static int slot_of(struct round *round, ino_t inode) {
  unsigned slot = inode * 2654435761U % NAMESPACES;
  while (round->seen[slot] && round->seen[slot] != inode) {
    slot = (slot + 1) % NAMESPACES;
  }
  bool is_wanted = round->failed[slot];
  round->failed[slot] = false;
  if (!round->seen[slot] && round->known < NAMESPACES - 1) {
    round->seen[slot] = inode;
    round->known++;
    is_wanted = true;
  }
  return is_wanted ? (int)slot : -1;
}

/*
 * Those that were not visited yet, each through the process in it that the kernel lists first,
 * mostly its oldest. False: there were none.
 */
static bool visit_namespaces(struct round *round) {
  DIR *proc = opendir("/proc");
  bool any = false;
  for (struct dirent *entry; proc && (entry = readdir(proc));) {
    int pid = atoi(entry->d_name);
    ino_t inode = pid > 0 ? namespace_of(entry->d_name) : 0;
    int slot = inode ? slot_of(round, inode) : -1;
    if (slot >= 0) {
      await_visitors(round, VISITORS - 1, OUT - 1);
      send_visitor(round, pid, slot);
      any = true;
    }
  }
  if (proc) {
    closedir(proc);
  }
  await_visitors(round, 0, OUT);
  return any;
}

/* What starts from now on finds the files that lie beneath. */
static void unmount_from_node(const struct device *device, bool ended) {
  struct mount mounts[MOUNTS];
  int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  bool more = root >= 0 && chdir("/proc") == 0;
  while (more) {
    int count = mounts_of("/proc/self/mountinfo", device, mounts, MOUNTS);
    more = false;
    for (int i = 0; i < count; i++) { // the mount point's own is the oldest
      more |= exchange(root, &mounts[i], -1, ended) == GONE; // not what another has mounted over it
      free(mounts[i].root);
      free(mounts[i].point);
    }
  }
}

struct outcome show_node_view(const struct device *device, int held) {
  static struct round round; // a megabyte is touched only now
  memset(&round, 0, sizeof round);
  round.device = device;
  round.held = held;
  round.begun = now();
  round.ended = held < 0 || has_ended(held);
  pid_t child = fork(); // a path may lie on a file system that never answers
  if (child == 0) {
    unmount_from_node(device, round.ended);
    _exit(0);
  }
  if (child > 0) {
    round.visitors[round.out++] = (struct visitor){child, now(), -1};
  }
  await_visitors(&round, 0, 0);
  slot_of(&round, namespace_of("self"));
  do {
    round.pass++;
  } while (visit_namespaces(&round) && round.pass < PASSES);
  await_visitors(&round, 0, 0);
  if (!round.ended) {
    abort_connection(held, device);
  }
  return round.outcome;
}
