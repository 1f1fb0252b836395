# SPDX-License-Identifier: Apache-2.0
"""Reads files over and over until its input ends, and writes down what no program wants to see.

Arguments: the number of threads, the seconds between two reads of each, the container's memory in
kB, its number of CPUs, the files.
Prints "reads", and then lines of KIND SECONDS REST, the time since 1970:
  reads T N               N files were read in the tenth of a second that began at T
  wait T THREAD S         a read that ended at T took S seconds
  error T THREAD FILE WHY
  wrong T THREAD FILE TEXT  it did not say what the container has
  back T THREAD FILE WHAT   a counter went backwards
"""

import os
import sys
import threading
import time

THREADS, PAUSE = int(sys.argv[1]), float(sys.argv[2])
MEMORY, CPUS = int(sys.argv[3]), int(sys.argv[4])
LONG = 0.01
FILES = sys.argv[5:]

lines = []
reads = {}
lock = threading.Lock()
ended = threading.Event()


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


def counters(file, text):
    """The numbers of it that only ever grow, by name."""
    if file == "/proc/uptime":
        return {"uptime": float(text.split()[0])}
    if file != "/proc/stat":
        return {}
    names = ("cpu", "intr", "ctxt", "processes", "softirq")
    return {
        f"{words[0]}[{number}]": int(word)
        for words in (line.split() for line in text.splitlines())
        if words[0].startswith(names)
        for number, word in enumerate(words[1:])
    }


def read(number):
    turn = number
    last = {}
    while not ended.is_set():
        file = FILES[turn % len(FILES)]
        turn += 1
        begin = time.time()
        problems = []
        try:
            with open(file) as opened:
                text = opened.read()
        except OSError as error:
            text = None
            problems.append(f"error {{}} {number} {file} {error.strerror}")
        end = time.time()
        if text is not None:
            if not right(file, text):
                problems.append(f"wrong {{}} {number} {file} {ascii(text[:200])}")
            else:
                now = counters(file, text)
                problems += [
                    f"back {{}} {number} {file} {name} {last[name]} {value}"
                    for name, value in now.items()
                    if value < last.get(name, value)
                ]
                last.update(now)
        if end - begin > LONG:
            problems.append(f"wait {{}} {number} {end - begin}")
        with lock:
            tenth = int(begin * 10)
            reads[tenth] = reads.get(tenth, 0) + 1
            lines.extend(problem.replace("{}", str(end), 1) for problem in problems)
        time.sleep(PAUSE)


threads = [threading.Thread(target=read, args=(number,)) for number in range(THREADS)]
for thread in threads:
    thread.start()
print("reads", flush=True)
while os.read(0, 1024):
    pass
ended.set()
for thread in threads:
    thread.join()
for line in lines:
    print(line)
for tenth, count in sorted(reads.items()):
    print("reads", tenth / 10, count)
