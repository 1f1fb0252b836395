// SPDX-License-Identifier: Apache-2.0
// A container's program whose first instructions read /proc/meminfo, /proc/pressure/cpu and cpu/online, in
// that order; prints when it began (CLOCK_MONOTONIC), what MemTotal was, whether the others could be read,
// what is online, and, where MemTotal was not the container's (its argument), how long until it was.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int text(const char *path, char *buffer, int size) {
  int file = open(path, O_RDONLY);
  int length = file < 0 ? -1 : (int)read(file, buffer, size - 1);
  buffer[length < 0 ? 0 : length] = '\0';
  close(file);
  return length;
}

static long total(void) {
  char buffer[64];
  return text("/proc/meminfo", buffer, sizeof buffer) > 10 ? atol(buffer + 10) : -1;
}

int main(int argc, char **argv) {
  long long begun = now();
  long first = total();
  char pressure[256], online[64];
  int some = text("/proc/pressure/cpu", pressure, sizeof pressure);
  text("/sys/devices/system/cpu/online", online, sizeof online);
  online[strcspn(online, "\n")] = '\0';
  long expected = argc > 1 ? atol(argv[1]) : 0;
  long long right = begun;
  if (first != expected) {
    while (total() != expected && now() - begun < 1000000000LL) {
      nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    right = now();
  }
  printf("%lld %ld %d %s %lld\n", begun, first, some, online, right - begun);
  return 0;
}
