#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A container that only reads, and what another one may do beside it.

usage: neighbour.py victim FILE MEMTOTAL_KB CALM reads each 10 ms until there is a file; tells waits,
                                                 errors and wrong texts, and what CALM took, a file
                                                 of a daemon that nobody disturbs
       neighbour.py chain CGROUPFS               nests cgroups as deep as paths go, and a name of a
                                                 runtime at the end, where it reads
       neighbour.py unchain CGROUPFS             removes them
       neighbour.py fakes CGROUPFS COUNT         goes through cgroups with names of a runtime, reads
                                                 in each and keeps the file open
       neighbour.py walk CGROUPFS COUNT          goes through cgroups with its container's first
                                                 process, reads in each and keeps the file open
       neighbour.py threads COUNT SECONDS        has so many sleeping threads, and four that read
       neighbour.py readers COUNT SECONDS        has so many threads that all read, at a moment each
       neighbour.py connections HOST PORT COUNT TEXT SECONDS FROM TO
                                                 holds so many connections, from the addresses HOST
                                                 ends with from FROM to TO, on each of which it says
                                                 TEXT and no more; makes anew those that end
       neighbour.py asks HOST PORT PATH COUNT    asks as the kubelet and Prometheus do, from HOST
"""
import http.client
import os
import re
import resource
import select
import socket
import sys
import threading
import time

CHAIN = 3950  # characters of the longest path
END = "kubepods/docker-%s.scope" % ("e" * 64)


def total():
    with open("/proc/meminfo") as file:
        return int(re.search(r"MemTotal:\s+(\d+)", file.read()).group(1))


def victim(end, expected, calm):
    reads = wrong = late = worst = 0
    errors = []
    while not os.path.exists(end):
        begun = time.monotonic()
        try:
            wrong += total() != int(expected)
            open("/proc/uptime").read()
        except OSError as error:
            errors.append(str(error))
        worst = max(worst, time.monotonic() - begun)
        reads += 1
        begun = time.monotonic()
        open(calm).read()
        time.sleep(0.01)
        late = max(late, time.monotonic() - begun - 0.01)  # what the machine did not give
    print(f"reads {reads} errors {len(errors)} {errors[:1]} wrong {wrong}")
    print(f"worst {worst:.3f} late {late:.3f}")


def chain(top):
    os.chdir(top)
    length = len(top)
    depth = 0
    while length + len(END) + 3 < CHAIN:
        os.mkdir("a")
        os.chdir("a")
        length += 2
        depth += 1
    os.makedirs(END)
    if os.fork() == 0:
        with open(END + "/cgroup.procs", "w") as file:
            file.write("0")
        for _ in range(3):
            print("total", total(), open("/proc/uptime").read().split()[0] and "read", flush=True)
        os._exit(0)
    os.wait()
    print("depth", depth)


def unchain(top):
    os.chdir(top)
    depth = 0
    while os.path.isdir("a"):
        os.chdir("a")
        depth += 1
    for name in (END, os.path.dirname(END)):
        if os.path.isdir(name):
            remove(name)
    for _ in range(depth):
        os.chdir("..")
        remove("a")


def remove(name):
    for _ in range(1000):  # its last process may be on its way
        try:
            return os.rmdir(name)
        except OSError:
            time.sleep(0.01)
    os.rmdir(name)


def fakes(top, count):
    base = top + "/kubepods"
    os.mkdir(base)
    held = []
    totals = set()
    name = last = None
    for number in range(int(count)):
        name = f"{base}/docker-{number:064x}.scope"
        os.mkdir(name)
        with open(name + "/cgroup.procs", "w") as file:
            file.write("0")
        totals.add(total())
        held.append(open("/proc/uptime"))
        held[-1].read()
        if last:
            os.rmdir(last)
        last = name
    print("held", len(held), "totals", *totals, flush=True)
    sys.stdin.readline()
    with open(top + "/cgroup.procs", "w") as file:
        file.write("0")
    remove(name)
    remove(base)


def walk(top, count):
    held = []
    totals = {total()}
    for number in range(int(count)):
        name = f"{top}/walk-{number}"
        os.mkdir(name)
        for pid in "01":
            with open(name + "/cgroup.procs", "w") as file:
                file.write(pid)
        totals.add(total())
        held.append(open("/proc/uptime"))
        held[-1].read()
    for file in held:
        file.seek(0)
        file.read()
    print("held", len(held), "totals", *totals, flush=True)


def threads(count, seconds):
    threading.stack_size(32768)
    done = threading.Event()
    for _ in range(int(count)):
        threading.Thread(target=done.wait, daemon=True).start()
    print("made", count, flush=True)
    end = time.monotonic() + float(seconds)

    def read():
        while time.monotonic() < end:
            open("/proc/loadavg").read()

    some = [threading.Thread(target=read) for _ in range(4)]
    [thread.start() for thread in some]
    [thread.join() for thread in some]
    os._exit(0)


def readers(count, seconds):
    end = time.monotonic() + float(seconds)

    def read():
        while time.monotonic() < end:
            try:
                open("/proc/loadavg").read()
            except OSError:
                pass  # its own fault
            time.sleep(1)

    threading.stack_size(65536)
    for _ in range(int(count)):
        threading.Thread(target=read, daemon=True).start()
    time.sleep(float(seconds))
    os._exit(0)


def connections(host, port, count, text, seconds, first, last):
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    end = time.monotonic() + float(seconds)
    network = host.rpartition(".")[0]
    sources = [f"{network}.{number}" for number in range(int(first), int(last) + 1)]
    waiting = select.poll()
    held = {}

    def connect(number):
        connection = socket.socket()
        connection.settimeout(1)
        try:
            connection.bind((sources[number % len(sources)], 0))
            connection.connect((host, int(port)))
            connection.send(text.encode())
        except OSError:
            pass  # it is found to have ended
        held[connection.fileno()] = (number, connection)
        waiting.register(connection, select.POLLIN)

    for number in range(int(count)):
        connect(number)
    print("held", len(held), flush=True)
    while time.monotonic() < end:
        for descriptor, _ in waiting.poll(100):
            number, connection = held.pop(descriptor)
            waiting.unregister(descriptor)
            connection.close()
            connect(number)


def asks(host, port, path, count):
    answered = worst = 0
    for _ in range(int(count)):
        begun = time.monotonic()
        client = http.client.HTTPConnection(host, int(port), timeout=5, source_address=(host, 0))
        try:
            client.request("GET", path)
            answer = client.getresponse()
            answered += answer.status == 200 and len(answer.read()) > 0
        except (OSError, http.client.HTTPException) as error:
            print("not answered:", repr(error))
        client.close()
        worst = max(worst, time.monotonic() - begun)
        time.sleep(0.1)
    print(f"answered {answered} of {count}, worst {worst:.3f} s")


globals()[sys.argv[1]](*sys.argv[2:])
