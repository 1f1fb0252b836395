// SPDX-License-Identifier: Apache-2.0
/*
 * podproc-keeper: holds /dev/fuse open, so that the files outlive the daemon that serves them.
 *
 * A FUSE connection lasts for as long as a process holds it, and ends with an error for whoever has
 * a file of it. So two processes hold it. The first is the pod's: it starts the second, the keeper,
 * starts it anew when it dies, and ends when the pod does. The keeper leaves the pod: it joins the
 * cgroup and the mount namespace of the node's first process, and outlives whatever becomes of the
 * pod until another keeper holds the connection.
 *
 * The daemon finds the keeper by its file in the run directory, keeper-PID, on which it holds a
 * lock; copies the descriptor (pidfd_getfd), and writes into the file which connection it now is.
 * When no daemon has shown signs of life for too long, or keepers are told to go and no daemon
 * serves, the keeper brings back the node's own files and ends the connection: nobody waits for
 * ever, and nobody is left with files that are dead.
 */
#define _GNU_SOURCE
#include "node_view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEVICE 3 /* the descriptor of /dev/fuse: Keepers.java */
#define NAME "podproc-guard" /* as ps shows the keeper */
#define LOOK_MS 250
#define STAYS "keeper-" /* what the file of a keeper is named before its pid: Keepers.java */
#define LEAVES "leaving-"
#define LOST "lost-" /* what a keeper held that died, before its number */
#define ROOM 4095    /* of a keeper's file, besides the end of its line: Keepers.java */
#define LEAST_PATIENCE 3 /* seconds: a daemon gives a sign of life each second */
#define MOST_PATIENCE 86400
#define FAREWELL_MS 1000 /* for a keeper that is told to go, before the pod ends without it */

static const char usage[] =
    "usage: podproc-keeper DIR [PATIENCE]\n"
    "\n"
    "Holds /dev/fuse open for the daemons that have DIR as their run directory. When none has\n"
    "served for PATIENCE seconds (30; 3 at least), brings back the node's own files.\n";

/* What a keeper ends with. */
enum ending {
  LEFT = 0,      /* it is not needed: the pod has ended */
  ENDED = 10,    /* its connection has ended, and there is another use for the pod */
  UNSEEN = 11,   /* as well, and its mounts may still be there: its file stays */
};

struct keeper {
  int directory;
  int file; /* keeper-PID, locked */
  char name[32];
  int patience;
  pid_t pod;           /* the process of the pod, which started it */
  pid_t before;        /* the keeper that this one takes the place of, as it was killed; or 0 */
  bool told_to_leave;
  int unchanged;       /* looks since a daemon was last seen alive, or the keeper began */
  struct timespec heartbeat;
};

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* What is not seen, or is not ASCII, as \x1b: it may have been named by a container, as in OneLine.java. */
static void show(const char *text, char *seen, size_t size) {
  for (size_t at = 0; *text && at + 5 < size; text++) {
    at += (size_t)snprintf(seen + at, 5, *text >= ' ' && *text <= '~' ? "%c" : "\\x%02x", (unsigned char)*text);
  }
}

/* To the pod's log, or once that is gone to the node's. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
  char text[512], line[4 * sizeof text] = "";
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  show(text, line, sizeof line);
  if (dprintf(STDERR_FILENO, "podproc-keeper: %s\n", line) < 0) {
    int kernel = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    if (kernel >= 0) {
      dprintf(kernel, "podproc-keeper: %s\n", line);
      close(kernel);
    }
  }
}

__attribute__((noreturn)) static void die(const char *what) {
  say("%s: %s", what, strerror(errno));
  exit(1);
}

// ---- the run directory -----------------------------------------------------

static bool take_lock(int file) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(file, F_SETLK, &lock) == 0;
}

/* By a keeper or a daemon: a stranger that may only read locks for that. */
static bool is_write_locked(int file) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET}; // what a writer's is in the way of
  return fcntl(file, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* What a daemon locks while it has the turn (ServingLock.java). */
static const char *const TURN[] = {"turn", "turn-2"};
enum { TURN_FILES = sizeof TURN / sizeof *TURN };

/* Whether the turn is this keeper's now. What a stranger has locked for reading it goes without. */
static bool take_turn(const struct keeper *keeper, int files[static TURN_FILES]) {
  bool ours = false, others = false;
  for (int i = 0; i < TURN_FILES; i++) {
    files[i] = openat(keeper->directory, TURN[i], O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    ours |= files[i] >= 0 && take_lock(files[i]);
  }
  // Once all are asked for: what was a stranger's may be a daemon's by now. Its own are no others'.
  for (int i = 0; i < TURN_FILES; i++) {
    others |= files[i] < 0 || is_write_locked(files[i]);
  }
  return ours && !others;
}

static void leave_turn(const int files[static TURN_FILES]) {
  for (int i = 0; i < TURN_FILES; i++) {
    if (files[i] >= 0) {
      close(files[i]);
    }
  }
}

/* Which connection a keeper's file says that it holds. False: none yet. */
static bool read_device(int file, struct device *device) {
  char text[ROOM + 2];
  ssize_t length = pread(file, text, ROOM + 1, 0);
  text[length < 0 ? 0 : length] = '\0';
  text[strcspn(text, "\n")] = '\0';
  device->number[0] = device->source[0] = '\0';
  sscanf(text, "%23s %4095s", device->number, device->source);
  unescape(device->source);
  unsigned major, minor;
  char more;
  return sscanf(device->number, "%u:%u%c", &major, &minor, &more) == 2;
}

/* In place, in as much room as a file has from its beginning: Keepers.java does the same. */
static bool write_text(int file, const char *text) {
  char padded[ROOM + 2];
  snprintf(padded, sizeof padded, "%-*.*s\n", ROOM, ROOM, text);
  return pwrite(file, padded, ROOM + 1, 0) == ROOM + 1;
}

static bool begins_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The file of the next other keeper, open; -1 when there are no more. */
static int next_other(const struct keeper *keeper, DIR *directory, char name[static 256]) {
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    // To open and close its own would take its lock away: fcntl(2).
    if ((begins_with(entry->d_name, STAYS) || begins_with(entry->d_name, LEAVES) ||
         begins_with(entry->d_name, LOST)) &&
        strcmp(entry->d_name, keeper->name) != 0) {
      int file = openat(dirfd(directory), entry->d_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
      if (file >= 0) {
        snprintf(name, 256, "%s", entry->d_name);
        return file;
      }
    }
  }
  return -1;
}

static DIR *list(const struct keeper *keeper) {
  return fdopendir(openat(keeper->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* How many other keepers live and stay, and whether one of them holds the device. */
static int other_keepers(const struct keeper *keeper, const struct device *device, bool *holds) {
  int living = 0, file;
  char name[256];
  *holds = false;
  DIR *directory = list(keeper);
  while ((file = next_other(keeper, directory, name)) >= 0) {
    struct device other;
    if (begins_with(name, STAYS) && is_write_locked(file)) {
      living++;
      *holds |= read_device(file, &other) && strcmp(other.number, device->number) == 0;
    }
    close(file);
  }
  if (directory) {
    closedir(directory);
  }
  return living;
}

static void name_file(char name[static 32], const char *prefix, pid_t pid) {
  snprintf(name, 32, "%s%d", prefix, pid);
}

static int open_other(const struct keeper *keeper, const char *name) {
  return openat(keeper->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* What the one before held, it holds now: the pod has the descriptor still. */
static void inherit(const struct keeper *keeper, const char *prefix) {
  char name[32], text[ROOM + 1];
  name_file(name, prefix, keeper->before);
  int file = open_other(keeper, name);
  ssize_t length = file < 0 ? -1 : pread(file, text, ROOM, 0);
  if (length > 0) {
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    write_text(keeper->file, text);
  }
  if (file >= 0) {
    close(file);
  }
}

/* Of one that had this one's pid and died: what it held is still to be seen to. */
static void set_aside(const struct keeper *keeper, const char *prefix) {
  char name[32], aside[32];
  struct device device;
  name_file(name, prefix, getpid());
  int file = open_other(keeper, name);
  if (file >= 0 && read_device(file, &device)) {
    snprintf(aside, sizeof aside, LOST "%s", device.number);
    renameat(keeper->directory, name, keeper->directory, aside);
  }
  if (file >= 0) {
    close(file);
  }
}

/* Makes its file, which is never seen without the lock, or without what it holds already. */
static void sign_in(struct keeper *keeper) {
  char draft[48];
  name_file(keeper->name, STAYS, getpid());
  snprintf(draft, sizeof draft, "new-%s", keeper->name);
  keeper->file =
      openat(keeper->directory, draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (keeper->file < 0 || !take_lock(keeper->file) || !write_text(keeper->file, "")) {
    die("the run directory can't be written to"); // the room for what it will be told, a full disk
  }
  static const char *const prefixes[] = {STAYS, LEAVES};
  for (int i = 0; i < 2; i++) {
    if (keeper->before) {
      inherit(keeper, prefixes[i]);
    }
    set_aside(keeper, prefixes[i]);
  }
  if (renameat(keeper->directory, draft, keeper->directory, keeper->name) != 0) {
    die("the run directory can't be written to");
  }
  for (int i = 0; i < 2 && keeper->before && keeper->before != getpid(); i++) {
    char name[32];
    name_file(name, prefixes[i], keeper->before);
    unlinkat(keeper->directory, name, 0);
  }
}

/* No daemon is to count on it any more; one that finds no other may go on with what it holds. */
static void announce_leaving(struct keeper *keeper) {
  char name[sizeof keeper->name];
  snprintf(name, sizeof name, LEAVES "%d", getpid());
  if (renameat(keeper->directory, keeper->name, keeper->directory, name) == 0) {
    strcpy(keeper->name, name);
  }
}

static void sign_out(const struct keeper *keeper) {
  unlinkat(keeper->directory, keeper->name, 0);
}

// ---- the end of a connection -----------------------------------------------

/* What there is to be sure of before a connection is ended. */
enum condition {
  NOBODY_SERVES, /* whoever changes mounts has the turn: no daemon begins to serve meanwhile */
  ANYHOW,        /* a daemon that is frozen has the turn still, and changes nothing */
};

/* False: a daemon serves, and nothing was done. */
static bool bring_back_node_view(
    const struct keeper *keeper, const struct device *device, bool is_held, enum condition condition,
    const char *why) {
  int turn[TURN_FILES];
  bool ours = take_turn(keeper, turn);
  if (ours || condition == ANYHOW) {
    struct device actual = *device;
    if (is_held) {
      ask_number(DEVICE, &actual); // what is held, whatever was told of it
    }
    if (!ours && !is_held) {
      abort_connection(-1, &actual); // only the daemon that is stuck has it
    }
    long long begun = now_ms();
    struct outcome outcome = show_node_view(&actual, is_held ? DEVICE : -1);
    say("%s (connection %s): brought back the node's own files in %lld ms: %d in %d mount namespaces, %d "
        "could not be visited",
        why, actual.number, now_ms() - begun, outcome.files, outcome.namespaces, outcome.failed);
  }
  leave_turn(turn);
  return ours || condition == ANYHOW;
}

/*
 * Sees to what keepers held that were killed, where nobody else does. Once a daemon has told this one
 * what it mounted, that daemon has.
 */
static void clear_lost(const struct keeper *keeper, enum condition condition) {
  int file;
  char name[256];
  DIR *directory = list(keeper);
  while ((file = next_other(keeper, directory, name)) >= 0) {
    struct device device, own;
    bool held = false, lost = read_device(file, &device) && (take_lock(file) || !is_write_locked(file));
    if (lost) {
      other_keepers(keeper, &device, &held);
      held |= read_device(keeper->file, &own);
    }
    if (lost && !held) {
      held = bring_back_node_view(keeper, &device, false, condition, "nobody holds it any more");
    }
    if (lost && held) {
      unlinkat(keeper->directory, name, 0);
    }
    close(file);
  }
  if (directory) {
    closedir(directory);
  }
}

/*
 * Whether the file of a living daemon has not changed for too many looks, since the keeper's own
 * start. No clock is compared: one that is stopped along with the daemon, and goes on with it, has
 * looked no more often.
 */
static bool is_silent(struct keeper *keeper) {
  struct stat serving;
  keeper->unchanged++;
  if (fstatat(keeper->directory, "serving", &serving, 0) == 0 &&
      memcmp(&serving.st_mtim, &keeper->heartbeat, sizeof keeper->heartbeat) != 0) {
    keeper->heartbeat = serving.st_mtim;
    keeper->unchanged = 0;
  }
  return keeper->unchanged >= keeper->patience * (1000 / LOOK_MS);
}

// ---- the keeper ------------------------------------------------------------

/* What there is to do for a connection. False: it is over. */
static bool look_after(struct keeper *keeper, const struct device *device, bool is_going, int *status) {
  bool held = false;
  int others = is_going ? other_keepers(keeper, device, &held) : 0;
  *status = ENDED;
  if (held) {
    *status = LEFT;
    return false;
  }
  if (has_ended(DEVICE)) {
    if (!bring_back_node_view(keeper, device, true, NOBODY_SERVES, "the connection has ended")) {
      *status = UNSEEN; // the daemon sees to it; the next keeper, if that one does not
    }
    return false;
  }
  if (is_silent(keeper)) {
    bring_back_node_view(keeper, device, true, ANYHOW, "no daemon has served in time");
    return false;
  }
  return !keeper->told_to_leave || others > 0 ||
         !bring_back_node_view(keeper, device, true, NOBODY_SERVES, "told to go, and no daemon serves");
}

/* Of the process, not of the pod: it has no further use once the pod has ended. */
static int keep(struct keeper *keeper) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
  sign_in(keeper);
  bool cleared = false;
  while (true) {
    int status, signal = sigtimedwait(&signals, NULL, &look);
    while (waitpid(-1, NULL, WNOHANG) > 0) { // visitors that were left behind
    }
    if (signal == SIGTERM && !keeper->told_to_leave) {
      keeper->told_to_leave = true;
      announce_leaving(keeper);
    }
    bool is_going = keeper->told_to_leave || getppid() != keeper->pod;
    struct device device;
    // A daemon may have died before it told what it had mounted.
    if (read_device(keeper->file, &device) || ask_number(DEVICE, &device)) {
      if (!cleared) {
        clear_lost(keeper, NOBODY_SERVES);
        cleared = true;
      }
      if (signal == SIGHUP) { // a daemon has another mount
        status = ENDED;
        abort_connection(DEVICE, &device);
      } else if (look_after(keeper, &device, is_going, &status)) {
        continue;
      }
      if (status != UNSEEN) {
        sign_out(keeper);
      }
      return status == UNSEEN ? ENDED : status;
    }
    bool silent = is_silent(keeper);
    clear_lost(keeper, silent ? ANYHOW : NOBODY_SERVES);
    // A daemon that died before it said what it had mounted is waited for no longer than others.
    if (is_going || (!has_ended(DEVICE) && silent)) {
      sign_out(keeper);
      return is_going ? LEFT : ENDED;
    }
  }
}

// ---- out of the pod --------------------------------------------------------

/* Whether the mounts of the node's first process are others than ours: then this is a container. */
static bool is_contained(void) {
  struct stat own, init;
  return stat("/proc/self/ns/mnt", &own) == 0 && stat("/proc/1/ns/mnt", &init) == 0 &&
         own.st_ino != init.st_ino;
}

static bool join_namespace_of_init(const char *kind, int type) {
  char name[32];
  snprintf(name, sizeof name, "/proc/1/ns/%s", kind);
  int namespace = open(name, O_RDONLY | O_CLOEXEC);
  bool joined = namespace >= 0 && setns(namespace, type) == 0;
  if (namespace >= 0) {
    close(namespace);
  }
  return joined;
}

/* Whether a word is among others that are separated by commas. */
static bool has_word(const char *words, const char *word, size_t length) {
  for (const char *at = words; (at = strstr(at, word)); at++) {
    if ((at == words || at[-1] == ',') && (!at[length] || at[length] == ',' || at[length] == '\n')) {
      return true;
    }
  }
  return false;
}

/* Joins a cgroup. hierarchy is "" for cgroup v2, or one of the controllers of a hierarchy of v1. */
static bool join_cgroup(const char *hierarchy, const char *path) {
  FILE *mounts = fopen("/proc/self/mountinfo", "re");
  char *line = NULL;
  size_t size = 0;
  bool joined = false;
  while (mounts && !joined && getline(&line, &size, mounts) > 0) {
    char point[256], name[1024], *type = strstr(line, hierarchy[0] ? " - cgroup " : " - cgroup2 ");
    char *options = type ? strrchr(type, ' ') : NULL;
    if (!options || sscanf(line, "%*s %*s %*s / %255s", point) != 1 ||
        (hierarchy[0] && !has_word(options + 1, hierarchy, strlen(hierarchy)))) {
      continue;
    }
    snprintf(name, sizeof name, "%s%s/cgroup.procs", point, path);
    int procs = open(name, O_WRONLY | O_CLOEXEC);
    joined = procs >= 0 && write(procs, "0", 1) == 1;
    if (procs >= 0) {
      close(procs);
    }
  }
  free(line);
  if (mounts) {
    fclose(mounts);
  }
  return joined;
}

/* Joins the cgroups of the node's first process, a line of /proc/1/cgroup each. */
static bool join_cgroups_of_init(void) {
  FILE *cgroups = fopen("/proc/1/cgroup", "re");
  char *line = NULL;
  size_t size = 0;
  bool joined = cgroups != NULL;
  while (cgroups && getline(&line, &size, cgroups) > 0) {
    char *rest = line;
    strsep(&rest, ":");
    char *controllers = rest ? strsep(&rest, ":") : NULL;
    if (!controllers || !rest) {
      continue;
    }
    rest[strcspn(rest, "\n")] = '\0';
    controllers[strcspn(controllers, ",")] = '\0'; // the first tells the hierarchy
    // Beside v1, v2 may be mounted nowhere.
    joined &= join_cgroup(controllers, rest) || controllers[0] == '\0';
  }
  free(line);
  if (cgroups) {
    fclose(cgroups);
  }
  return joined;
}

/*
 * In a container: whatever ends its processes is not to end this one, and nothing of its file
 * system is to be held. On the node itself there is nothing to leave.
 */
static void leave_pod(void) {
  setsid();
  if (is_contained()) {
    if (!join_namespace_of_init("mnt", CLONE_NEWNS)) {
      die("the mounts of the node can't be seen (hostPID, privileged)");
    }
    join_namespace_of_init("cgroup", CLONE_NEWCGROUP); // by which paths of cgroups are told
    if (!join_cgroups_of_init()) {
      say("it stays in the cgroup of its pod, and ends with it");
    }
  }
  if (chdir("/") != 0) {
    die("/");
  }
}

// ---- the pod ---------------------------------------------------------------

/* The keeper is told apart from the pod's process: what kills the one by name spares the other. */
static void rename_to(char **argv, const char *name) {
  int last = 0;
  while (argv[last + 1]) {
    last++;
  }
  size_t size = argv[last] + strlen(argv[last]) + 1 - argv[0];
  memset(argv[0], 0, size);
  snprintf(argv[0], size, "%s", name);
  prctl(PR_SET_NAME, name);
}

/* What is mounted with it belongs to its keeper: a connection that has ended takes another. */
static void open_device(void) {
  close(DEVICE);
  int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0 || (device != DEVICE && dup3(device, DEVICE, O_CLOEXEC) < 0)) {
    die("/dev/fuse can't be opened, run as root");
  }
  if (device != DEVICE) {
    close(device);
  }
}

/* Starts a keeper, which says what it says into a pipe: it must not hold the pod's own log open. */
static pid_t start_keeper(struct keeper *keeper, char **argv, int log[2]) {
  keeper->pod = getpid();
  if (pipe2(log, O_CLOEXEC) != 0) {
    die("pipe");
  }
  pid_t pid = fork();
  if (pid == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(log[1], STDERR_FILENO);
    close(null);
    close(log[0]);
    close(log[1]);
    signal(SIGPIPE, SIG_IGN);
    rename_to(argv, NAME);
    leave_pod();
    _exit(keep(keeper));
  }
  close(log[1]);
  return pid;
}

static void relay(int log) {
  char text[1024];
  ssize_t length = read(log, text, sizeof text);
  if (length > 0 && write(STDERR_FILENO, text, length) < 0) {
    // Nobody listens.
  }
}

/* Waits for the keeper to end. A signal that tells the pod to end is passed on. Its wait status. */
static int await_keeper(pid_t pid, int log, int signals, bool *told_to_end) {
  long long deadline = 0;
  while (true) {
    struct pollfd sources[] = {{.fd = signals, .events = POLLIN}, {.fd = log, .events = POLLIN}};
    int status, left = deadline ? (int)(deadline - now_ms()) : -1;
    if (deadline && left <= 0) {
      return 0; // it stays for as long as it is needed
    }
    poll(sources, 2, left);
    if (sources[1].revents & POLLIN) {
      relay(log);
      continue;
    }
    if (waitpid(pid, &status, WNOHANG) == pid) {
      return status;
    }
    struct signalfd_siginfo signal;
    if (sources[0].revents & POLLIN && read(signals, &signal, sizeof signal) == sizeof signal &&
        signal.ssi_signo != SIGCHLD && !*told_to_end) {
      *told_to_end = true;
      deadline = now_ms() + FAREWELL_MS;
      kill(pid, SIGTERM);
    } else if (sources[1].revents & POLLHUP) {
      log = -1; // poll(2) leaves it out
    }
  }
}

int main(int argc, char **argv) {
  struct keeper keeper = {.patience = 30};
  char *end = "";
  if (argc == 3) {
    keeper.patience = (int)strtol(argv[2], &end, 10);
  }
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
    fputs(usage, stdout);
    return 0;
  }
  if (argc < 2 || argc > 3 || argv[1][0] == '-' || *end || keeper.patience < LEAST_PATIENCE ||
      keeper.patience > MOST_PATIENCE) {
    fputs(usage, stderr);
    return 2;
  }
  if (mkdir(argv[1], 0700) != 0 && errno != EEXIST) {
    die(argv[1]);
  }
  keeper.directory = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (keeper.directory < 0) {
    die(argv[1]);
  }
  if (keeper.directory == DEVICE) { // which the daemon looks for there
    keeper.directory = fcntl(DEVICE, F_DUPFD_CLOEXEC, DEVICE + 1);
  }
  sigset_t set;
  sigemptyset(&set);
  for (const int *signal = (int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0}; *signal; signal++) {
    sigaddset(&set, *signal);
  }
  sigprocmask(SIG_BLOCK, &set, NULL);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  bool told_to_end = false;
  int status = ENDED << 8;
  while (!told_to_end) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == ENDED) {
      open_device();
    } else if (WIFEXITED(status)) {
      return WEXITSTATUS(status); // it has said why
    }
    int log[2];
    pid_t pid = start_keeper(&keeper, argv, log);
    status = pid < 0 ? 0 : await_keeper(pid, log[0], signals, &told_to_end);
    close(log[0]);
    keeper.before = WIFSIGNALED(status) ? pid : 0;
    if (WIFSIGNALED(status)) {
      say("the keeper %d was killed by signal %d: another takes its place", pid, WTERMSIG(status));
      poll(NULL, 0, LOOK_MS); // one that can't live is not started all the time
    }
  }
  return 0;
}
