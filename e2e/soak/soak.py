#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What e2e/soak/run runs: containers that come and go, one that stays, and a table over time.

Each container is a cgroup and a pid namespace with a process that reads at the mount.
"""
import argparse
import collections
import ctypes
import gc
import itertools
import os
import random
import re
import selectors
import signal
import statistics
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../bench"))
from containers import CLONE_NEWPID, IS_V2, LIBC, Group, Server, end_with_parent, put, quantile  # noqa: E402

LIMIT_MIB = 512  # as Group.limit() sets it
ROWS = 12
SAMPLE_SECONDS = 5
# What the second half may add: a collection's leftovers, and descriptors of who asked of late.
SLACK = {"daemon MiB": 2, "keeper MiB": 0.2, "heap MiB": 2, "descriptors": 100}

# How many of twenty do what.
ROLES = ["reads"] * 16 + ["sleeps", "floods", "nests", "dies"]


def read_all(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


class Reader:
    """Reads in a container, and counts what was wrong with it."""

    def __init__(self, mount):
        self.mount = mount
        self.files = sorted(
            os.path.join(folder, name) for folder, _, names in os.walk(mount) for name in names)
        self.reads = self.wrong = 0
        self.errors = collections.Counter()
        self.waits = []

    def read(self, path):
        begun = time.perf_counter()
        try:
            text = read_all(path)
        except OSError as e:
            self.errors[e.strerror] += 1
            return
        finally:
            self.waits.append(time.perf_counter() - begun)
            self.reads += 1
        if path.endswith("/meminfo"):
            found = re.match(rb"(?:Node 0 )?MemTotal:\s+(\d+) kB", text)
            self.wrong += not found or int(found.group(1)) != LIMIT_MIB * 1024
        elif path.endswith("/uptime"):
            # Of a container that is younger than this run; the host is older.
            self.wrong += float(text.split()[0]) > time.monotonic() - BEGUN + 60

    def read_for(self, seconds, pause):
        end = time.monotonic() + seconds
        for path in itertools.cycle(random.sample(self.files, len(self.files))):
            if time.monotonic() >= end:
                return
            self.read(path)
            time.sleep(pause)


def reads(reader, group):
    """As most containers do, and leaves a file open."""
    for path in reader.files:
        reader.read(path)
    os.open(reader.files[0], os.O_RDONLY)
    reader.read_for(random.uniform(0.5, 4), 0.25)


def sleeps(reader, group):
    """Has many threads that do nothing."""
    threading.stack_size(64 << 10)
    for _ in range(300):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    reader.read_for(random.uniform(2, 7), 0.25)


def floods(reader, group):
    """Has many threads that all read."""
    threading.stack_size(64 << 10)
    end = time.monotonic() + 1
    threads = [threading.Thread(target=reader.read_for, args=(end - time.monotonic(), 0)) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def nests(reader, group):
    """Names cgroups of its own as a runtime does, and goes there."""
    name = "/".join(["n"] * 30) + f"/docker-{os.urandom(32).hex()}.scope"
    for folder in group.folders:
        if "/cpuset/" not in folder + "/" or IS_V2:
            os.makedirs(f"{folder}/{name}")
            put("0", f"{folder}/{name}/cgroup.procs")
    reads(reader, group)


def dies(reader, group):
    """Is killed while it reads."""
    threading.Timer(0.5, os._exit, [0]).start()
    reader.read_for(5, 0)


class Container:
    def __init__(self, number, options, told):
        self.group = Group(f"{options.top}/docker-{os.urandom(32).hex()}.scope")
        self.group.limit()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.run(ROLES[number % len(ROLES)], options, told)
            except BaseException as e:  # a copy of the parent must not go on as the parent
                os.write(told, f"broken {e!r}\n".encode())
            finally:
                os._exit(0)

    def run(self, role, options, told):
        end_with_parent()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, signal.SIG_DFL)
        os.nice(10)  # the machine has others to serve, and the one that stays is what is measured
        self.group.join()
        if LIBC.unshare(CLONE_NEWPID) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        init = os.fork()
        if init == 0:
            end_with_parent()
            reader = Reader(options.mount)
            globals()[role](reader, self.group)
            errors = ", ".join(f"{count} {error}" for error, count in reader.errors.items())
            os.write(told, f"{role} {reader.reads} {reader.wrong} {sum(reader.errors.values())} {errors}\n".encode())
            os._exit(0)
        os.waitpid(init, 0)

    def is_gone(self):
        """Whether its cgroups could be removed, those that it made included."""
        for top in self.group.folders:
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except FileNotFoundError:
                    pass
                except OSError:
                    return False
        return True


class Coming:
    """Starts containers at a steady rate, and clears away what is left of them."""

    def __init__(self, options):
        self.options = options
        self.group = Group(options.top)
        self.inbox, self.told = os.pipe()
        os.set_blocking(self.inbox, False)
        self.running, self.ended = {}, []
        self.started = self.reads = self.wrong = 0
        self.errors = collections.Counter()
        self.due = time.monotonic()
        self.partial = b""

    def tend(self):
        while self.due <= time.monotonic() and len(self.running) < 40 * self.options.rate:
            container = Container(self.started, self.options, self.told)
            self.running[container.pid] = container
            self.started += 1
            self.due = max(self.due + 1 / self.options.rate, time.monotonic() - 1)
        self.clear()
        self.listen()

    def clear(self):
        while self.running:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid in self.running:
                self.ended.append(self.running.pop(pid))
        self.ended = [container for container in self.ended if not container.is_gone()]

    def listen(self):
        try:
            text = self.partial + os.read(self.inbox, 1 << 16)
        except BlockingIOError:
            return
        *lines, self.partial = text.split(b"\n")
        for line in lines:
            role, rest = line.decode().split(" ", 1)
            if role == "broken":
                raise SystemExit(f"soak: a container of its own broke: {rest}")
            reads_, wrong, errors, what = (rest + " ").split(" ", 3)
            self.reads += int(reads_)
            self.wrong += int(wrong)
            if int(errors):
                self.errors[f"{role}: {what.strip()}"] += int(errors)

    def end(self):
        for pid in self.running:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while (self.running or self.ended) and time.monotonic() < deadline:
            self.clear()
            time.sleep(0.05)
        self.group.remove()


class Victim:
    """A container that stays, and how long its reads took."""

    def __init__(self, options):
        self.group = Group(f"{options.top}/docker-{os.urandom(32).hex()}.scope")
        self.group.limit()
        self.inbox, told = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                end_with_parent()
                for sign in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(sign, signal.SIG_DFL)
                self.group.join()
                LIBC.unshare(CLONE_NEWPID)
                if os.fork() == 0:
                    end_with_parent()
                    self.read_on(Reader(options.mount), told)
                os.wait()
            finally:
                os._exit(1)
        os.close(told)
        os.set_blocking(self.inbox, False)
        self.waits, self.late, self.errors, self.wrong, self.reads = [], 0, 0, 0, 0
        self.partial = b""

    @staticmethod
    def read_on(reader, told):
        for path in itertools.cycle(reader.files):
            begun = time.perf_counter()
            time.sleep(0.01)
            late = time.perf_counter() - begun - 0.01  # what the machine did not give
            reader.read(path)
            os.write(told, f"{reader.waits.pop():.6f} {late:.6f} {sum(reader.errors.values())} {reader.wrong}\n".encode())

    def listen(self):
        try:
            while part := os.read(self.inbox, 1 << 16):
                *lines, self.partial = (self.partial + part).split(b"\n")
                for line in lines:
                    wait, late, errors, wrong = line.split()
                    self.waits.append(float(wait))
                    self.late = max(self.late, float(late))
                    self.errors, self.wrong = int(errors), int(wrong)
                    self.reads += 1
        except BlockingIOError:
            pass

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.group.remove()


class Collections:
    """The daemon's, from its JVM's log."""

    LINE = re.compile(r"Pause (\w+).* \d+[MK]->(\d+)([MK])\(\d+[MK]\) ([\d.]+)ms")

    def __init__(self, log):
        self.log = open(log)
        self.count = self.ms = 0
        self.worst = 0.0
        self.heap = None

    def look(self):
        for line in self.log:
            if found := self.LINE.search(line):
                kind, after, unit, ms = found.groups()
                self.count += 1
                self.ms += float(ms)
                self.worst = max(self.worst, float(ms))
                if kind == "Full":
                    self.heap = int(after) / (1 if unit == "M" else 1024)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def used_cpu(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watch:
    """Samples, and what they come to."""

    def __init__(self, options):
        self.daemon = Server(f"daemon={options.mount}=none={options.daemon}")
        self.keeper = Server(f"keeper={options.mount}=none={options.keeper}")
        self.collections = Collections(options.gc_log)
        self.port = self.daemon.ports()[0]
        self.samples = []

    def sample(self, minute):
        self.collections.look()
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/q/metrics", timeout=30).read().decode()
        containers = re.search(r"^podproc_containers(?:\{\S*)? (\S+)$", text, re.M)
        old = re.search(r'^jvm_memory_used_bytes\{.*Tenured.*\} (\S+)$', text, re.M)
        self.samples.append({
            "minute": minute,
            "daemon MiB": self.daemon.memory()[0],
            "keeper MiB": self.keeper.memory()[0],
            "heap MiB": float(old.group(1)) / (1 << 20),
            "descriptors": descriptors(self.daemon.pid),
            "containers": float(containers.group(1)),
            "cpu": used_cpu(self.daemon.pid),
        })

    def mean(self, name, begin, end):
        values = [sample[name] for sample in self.samples if begin <= sample["minute"] < end]
        return statistics.fmean(values) if values else float("nan")

    def growth(self, name, minutes):
        """Over the second half, by the lowest of each half of it: between two collections, or two looks at
        who has ended, all of it grows."""
        parts = [[], []]
        for sample in self.samples:
            if sample["minute"] >= minutes / 2:
                parts[sample["minute"] >= minutes * 3 / 4].append(sample[name])
        return min(parts[1]) - min(parts[0]) if all(parts) else 0.0


HEAD = ["minute", "came", "reads", "errors", "wrong", "p50 ms", "p99 ms", "worst ms", "machine late ms",
        "daemon MiB", "heap MiB", "keeper MiB", "descriptors", "containers", "collections", "longest ms", "CPU %"]


def soak(options):
    coming, victim, watch = Coming(options), Victim(options), Watch(options)
    waits, rows = [], 0
    last = {"cpu": used_cpu(options.daemon), "started": 0, "reads": 0, "collections": 0}
    seconds = options.minutes * 60
    row_seconds = seconds / ROWS
    next_sample = time.monotonic()
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD), flush=True)
    try:
        while rows < ROWS:
            coming.tend()
            victim.listen()
            now = time.monotonic()
            if now >= next_sample:
                watch.sample((now - BEGUN) / 60)
                # The daemon looks every 5 s, and then lets go of who is gone: never in step with it.
                next_sample = now + SAMPLE_SECONDS * random.uniform(0.5, 1.5)
            if now - BEGUN >= (rows + 1) * row_seconds:
                waits += victim.waits
                print_row(options, rows, row_seconds, coming, victim, watch, last)
                victim.waits, victim.late, watch.collections.worst = [], 0, 0.0
                rows += 1
            time.sleep(0.01)
    finally:
        coming.end()
        victim.end()
        coming.group.remove()
    return tell(options, coming, victim, watch, waits)


def print_row(options, row, row_seconds, coming, victim, watch, last):
    begin, end = row * row_seconds / 60, (row + 1) * row_seconds / 60
    cpu, collected = used_cpu(options.daemon), watch.collections.count
    reads_ = coming.reads + victim.reads
    milliseconds = [1000 * wait for wait in victim.waits] or [float("nan")]
    cells = [f"{end:.3g}", coming.started - last["started"], reads_ - last["reads"],
             sum(coming.errors.values()) + victim.errors, coming.wrong + victim.wrong,
             f"{quantile(milliseconds, 0.5):.2f}", f"{quantile(milliseconds, 0.99):.1f}", f"{max(milliseconds):.0f}",
             f"{1000 * victim.late:.0f}",
             f"{watch.mean('daemon MiB', begin, end):.1f}", f"{watch.mean('heap MiB', begin, end):.1f}",
             f"{watch.mean('keeper MiB', begin, end):.2f}", f"{watch.mean('descriptors', begin, end):.0f}",
             f"{watch.mean('containers', begin, end):.0f}",
             collected - last["collections"], f"{watch.collections.worst:.0f}",
             f"{100 * (cpu - last['cpu']) / row_seconds:.1f}"]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    last.update(cpu=cpu, started=coming.started, reads=reads_, collections=collected)


def tell(options, coming, victim, watch, waits):
    grown = {name: watch.growth(name, options.minutes) for name in SLACK}
    print(f"\n{coming.started} containers, {coming.started / options.minutes / 60:.1f} a second;"
          f" {victim.reads} reads of the one that stayed, {coming.reads} of the others")
    print("over the second half: " + ", ".join(f"{name} {by:+.2f}" for name, by in grown.items()))
    for error, count in coming.errors.items():
        print(f"errors: {count} ({error})")
    faults = [f"{name} grew by {by:.1f}" for name, by in grown.items() if by > SLACK[name]]
    if sum(coming.errors.values()) + victim.errors:
        faults.append("reads failed")
    if coming.wrong + victim.wrong:
        faults.append("reads were not the reader's own")
    if coming.started < 0.9 * options.rate * options.minutes * 60:
        faults.append("the machine is too slow for so many containers")
    print("soak: " + ("; ".join(faults) if faults else "flat, without an error"))
    return 1 if faults else 0


def parse():
    parser = argparse.ArgumentParser()
    for name in ("minutes", "rate", "daemon", "keeper"):
        parser.add_argument("--" + name, type=int, required=True)
    for name in ("mount", "gc-log", "top"):
        parser.add_argument("--" + name, required=True)
    return parser.parse_args()


BEGUN = time.monotonic()
if __name__ == "__main__":
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: sys.exit(130))
    gc.freeze()
    sys.exit(soak(parse()))
