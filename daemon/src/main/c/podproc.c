// SPDX-License-Identifier: Apache-2.0
/*
 * podproc: asks the daemon that serves this node, by the socket in its run directory, and prints
 * what it says. A program of its own, and none of Java: a second JVM beside the daemon would be in
 * the daemon's memory limit with some 40 MiB, and start in a tenth of a second of a free CPU.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define RUN_DIRECTORY "/run/podproc"
#define SOCKET "/commands"     /* CommandSocket.java */
#define MOST 4096              /* of a request: CommandSocket.java */
#define PATIENCE 15            /* seconds without a byte */
#define REFUSED 2              /* Reply.java: the text is an error */

static const char usage[] =
    "usage: podproc ps [-o json]\n"
    "       podproc explain POD[/CONTAINER] [-n NAMESPACE] [-o json]\n"
    "       podproc explain --pid N [-o json]\n"
    "       podproc doctor [-o json]\n"
    "\n"
    "ps       the containers of this node: what each sees, and how its files came to it\n"
    "explain  why a container sees what it sees: each file, and each number with its limits\n"
    "doctor   what is in order on this node, what is done otherwise, what is to be mended\n"
    "\n"
    "POD is the name of a pod or its uid. The daemon is found by its run directory,\n"
    "PODPROC_RUN_DIRECTORY or " RUN_DIRECTORY ".\n";

static int fail(const char *why, const char *of) {
  fprintf(stderr, "podproc: %s%s%s\n", why, of ? ": " : "", of ? of : "");
  return REFUSED;
}

/* The daemon's own program says what it can. It returns where there is none. */
static void examine(char **words) {
  static const char *const beside[] = {"podproc-daemon", "../bin/podproc-daemon"};
  char self[PATH_MAX] = "", path[PATH_MAX];
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
    return;
  const char *folder = dirname(self);
  for (int i = 0; i < 2; i++)
    if (snprintf(path, sizeof path, "%s/%s", folder, beside[i]) < (int)sizeof path)
      execv(path, words);
}

static int reach(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval patience = {.tv_sec = PATIENCE};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int daemon = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (daemon < 0)
    return -1;
  setsockopt(daemon, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(daemon, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(daemon, (struct sockaddr *)&address, sizeof address) < 0) {
    int why = errno;
    close(daemon);
    errno = why;
    return -1;
  }
  return daemon;
}

/* Words, each with a NUL behind it; the end of what is sent ends it. */
static int ask(int daemon, char **words) {
  char request[MOST];
  size_t length = 0;
  for (; *words; words++) {
    size_t with_end = strlen(*words) + 1;
    if (with_end > sizeof request - length)
      return fail("that is too long", NULL);
    memcpy(request + length, *words, with_end);
    length += with_end;
  }
  if (send(daemon, request, length, MSG_NOSIGNAL) != (ssize_t)length ||
      shutdown(daemon, SHUT_WR) < 0)
    return fail("the daemon does not listen", strerror(errno));
  return 0;
}

/* A digit, which is how to end, and a text. */
static int tell(int daemon) {
  char text[65536], status = 0;
  for (;;) {
    ssize_t count = recv(daemon, text, sizeof text, 0);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return fail("the daemon does not answer", strerror(errno));
    if (count == 0)
      break;
    ssize_t from = 0;
    if (!status) {
      status = text[from++];
      if (status < '0' || status > '0' + REFUSED)
        return fail("that is no daemon of podproc", NULL);
      if (status == '0' + REFUSED)
        fputs("podproc: ", stderr);
    }
    FILE *out = status == '0' + REFUSED ? stderr : stdout;
    if (fwrite(text + from, 1, (size_t)(count - from), out) != (size_t)(count - from))
      return fail("that can't be written", strerror(errno));
  }
  if (!status)
    return fail("the daemon has ended meanwhile, or is asked by too many", NULL);
  return fflush(stdout) ? fail("that can't be written", strerror(errno)) : status - '0';
}

int main(int count, char **words) {
  const char *command = count > 1 ? words[1] : "";
  bool help = false;
  for (int i = 1; i < count; i++)
    help |= !strcmp(words[i], "--help") || !strcmp(words[i], "-h");
  if (help) {
    fputs(usage, stdout);
    return 0;
  }
  if (strcmp(command, "ps") && strcmp(command, "explain") && strcmp(command, "doctor")) {
    fputs(usage, stderr);
    return REFUSED;
  }
  const char *directory = getenv("PODPROC_RUN_DIRECTORY");
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s" SOCKET, directory && *directory ? directory : RUN_DIRECTORY);
  int daemon = reach(path);
  if (daemon < 0) {
    bool forbidden = errno == EACCES;
    if (!strcmp(command, "doctor") && !forbidden)
      examine(words);
    return fail(forbidden ? "only root may ask" : "no daemon runs here", path);
  }
  int error = ask(daemon, words + 1);
  return error ? error : tell(daemon);
}
