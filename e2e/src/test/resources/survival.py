# SPDX-License-Identifier: Apache-2.0
"""Reads all files over and over, and writes down what a program would not want to see.

Arguments: the file that ends it when it appears, the number of threads, the container's memory in
kB and its number of CPUs. Prints lines of KIND SECONDS REST, the time since 1970:
  reads T N        N files were read in the tenth of a second that began at T
  wait T S         a read that began at T took S seconds
  error T FILE WHY
  wrong T FILE TEXT  it did not say what the container has
"""

import os
import sys
import threading
import time

END, THREADS, MEMORY, CPUS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
LONG = 0.01
FILES = sys.argv[5:]

lines = []
reads = {}
lock = threading.Lock()


def right(file, text):
    if file == "/proc/meminfo":
        return f"MemTotal: {MEMORY:14} kB" in text
    if file == "/proc/cpuinfo":
        return text.count("processor\t:") == CPUS
    if file == "/proc/stat":
        return text.count("\ncpu") == CPUS
    if file == "/sys/devices/system/cpu/online":
        return text == ("0\n" if CPUS == 1 else f"0-{CPUS - 1}\n")
    return True


def read(number):
    turn = number
    while not os.path.exists(END):
        file = FILES[turn % len(FILES)]
        turn += 1
        begin = time.time()
        problem = None
        try:
            with open(file) as opened:
                text = opened.read()
                if not right(file, text):
                    problem = f"wrong {begin} {file} {text[:200]!r}"
        except OSError as error:
            problem = f"error {begin} {file} {error.strerror}"
        took = time.time() - begin
        with lock:
            tenth = int(begin * 10)
            reads[tenth] = reads.get(tenth, 0) + 1
            if problem:
                lines.append(problem)
            if took > LONG:
                lines.append(f"wait {begin} {took}")
        time.sleep(0.002)


threads = [threading.Thread(target=read, args=(number,)) for number in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for line in lines:
    print(line)
for tenth, count in sorted(reads.items()):
    print("reads", tenth / 10, count)
