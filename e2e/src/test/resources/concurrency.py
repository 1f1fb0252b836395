"""Reads a container's files in many threads and checks what each read says.

usage: concurrency.py SECONDS THREADS MEM_TOTAL_KB CPUS
Prints how many reads there were; the first that is not as it must be ends it with its text.
"""

import os
import re
import sys
import threading
import time

seconds, threads, mem_total, cpus = (int(word) for word in sys.argv[1:])
end = time.monotonic() + seconds
began = time.monotonic()
counts = [0] * threads
wrong = []

online = "0\n" if cpus == 1 else "0-%d\n" % (cpus - 1)
meminfo = re.compile(r"MemTotal: +%d kB\nMemFree: +\d+ kB\nMemAvailable: +\d+ kB\n"
                     r"([A-Za-z0-9_()]+: +\d+( kB)?\n){20,}\Z" % mem_total)
stat = re.compile(r"cpu ( \d+){10}\n" + "".join(r"cpu%d( \d+){10}\n" % n for n in range(cpus))
                  + r"intr \d+[ \d]*\nctxt \d+\nbtime \d+\nprocesses \d+\nprocs_running [1-9]\d*\n"
                  r"procs_blocked \d+\nsoftirq \d+[ \d]*\n\Z")
cpuinfo = re.compile("".join(r"processor\t: %d\n([^\n]+\n)+\n" % n for n in range(cpus)) + r"\Z")
uptime = re.compile(r"\d+\.\d\d \d+\.\d\d\n\Z")
loadavg = re.compile(r"(\d+\.\d\d ){3}\d+/\d+ \d+\n\Z")
pattern_of = {
    "/proc/meminfo": meminfo,
    "/proc/stat": stat,
    "/proc/cpuinfo": cpuinfo,
    "/proc/uptime": uptime,
    "/proc/loadavg": loadavg,
    "/proc/swaps": re.compile(r"Filename[^\n]*\n([^\n]+\n)?\Z"),
    "/proc/diskstats": re.compile(r"( *\d+ +\d+ \S+( \d+){17}\n)*\Z"),
    "/sys/devices/system/cpu/online": re.compile(online + r"\Z"),
    "/sys/devices/system/cpu/present": re.compile(online + r"\Z"),
    "/sys/devices/system/cpu/possible": re.compile(online + r"\Z"),
}
paths = list(pattern_of)


def read(path, size):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        text = b""
        while True:
            part = os.read(descriptor, size)
            if not part:
                return text.decode("ascii")
            text += part
    finally:
        os.close(descriptor)


def run(number):
    turn = number
    size = 65536 if number % 2 else 1000  # half of them in pieces
    while time.monotonic() < end and not wrong:
        path = paths[turn % len(paths)]
        turn += 1
        try:
            text = read(path, size)
        except OSError as e:
            wrong.append("%s: %s" % (path, e))
            return
        if not pattern_of[path].match(text):
            wrong.append("%s in a container of %d kB, %d CPUs:\n%s" % (path, mem_total, cpus, text))
            return
        counts[number] += 1


threading.stack_size(256 << 10)
workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
if wrong:
    sys.exit(wrong[0])
print("reads", sum(counts), "least", min(counts))
