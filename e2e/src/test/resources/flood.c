// SPDX-License-Identifier: Apache-2.0
// flood COUNT SECONDS FILE: has so many threads that do nothing but read a file. Says when all do.
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *path;
static atomic_int begun;

// Nobody reads before all are there: who makes them would get one turn among those that read.
static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;

static void *reads(void *unused) {
  char text[16384];
  pthread_rwlock_rdlock(&gate);
  pthread_rwlock_unlock(&gate);
  atomic_fetch_add(&begun, 1);
  for (;;) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
      usleep(1000);
      continue;
    }
    while (read(file, text, sizeof text) > 0) {
    }
    close(file);
  }
  return unused;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int count = atoi(argv[1]);
  path = argv[3];
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 65536);
  pthread_rwlock_wrlock(&gate);
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, &small, reads, NULL)) return 1;
  }
  pthread_rwlock_unlock(&gate);
  while (begun < count) usleep(10000);
  printf("all %d read\n", count);
  fflush(stdout);
  sleep(atoi(argv[2]));
  _exit(0);
}
