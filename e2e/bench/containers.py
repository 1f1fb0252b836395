#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many containers at once for e2e/bench/run, each a cgroup and a pid namespace with one process.

containers.py SECTION [--OPTION VALUE]... SERVER...     prints records, as report.py reads them
containers.py start --file FILE MOUNT NAME CPU_FILE -- COMMAND...

SERVER is NAME=MOUNT=CPU_FILE=PID. All containers end with this process, however it ends.
"""
import argparse
import array
import contextlib
import ctypes
import gc
import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = "/sys/fs/cgroup"
IS_V2 = os.path.exists(ROOT + "/cgroup.controllers")
CLONE_NEWPID = 0x20000000
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
# What both podproc and lxcfs make for each container; the dearest and the cheapest are in it.
MIXED = ["/proc/meminfo", "/proc/stat", "/proc/cpuinfo", "/proc/loadavg", "/proc/uptime"]


def record(section, case, server, metric, value):
    text = value if isinstance(value, str) else f"{value:.3f}"
    print(section, case, server, metric, text, sep="\t", flush=True)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def quantile(values, q):
    return sorted(values)[round(q * (len(values) - 1))]


def end_with_parent(sign=signal.SIGKILL):
    LIBC.prctl(PR_SET_PDEATHSIG, sign)


class Server:
    def __init__(self, text):
        self.name, self.mount, self.cpu_file, pid = text.split("=")
        self.pid = int(pid)

    def cpu_seconds(self):
        return cpu_seconds(self.cpu_file)

    def memory(self):
        """Its PSS and private dirty memory, MiB."""
        with open(f"/proc/{self.pid}/smaps_rollup") as file:
            kb = {line.split()[0]: int(line.split()[1]) for line in file if line.endswith("kB\n")}
        return kb["Pss:"] / 1024, kb["Private_Dirty:"] / 1024

    def ports(self):
        """On which it listens."""
        folder = f"/proc/{self.pid}/fd"
        sockets = {os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)}
        lines = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/{self.pid}/net/{name}")]
        listening = [line for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets]
        return [int(line[1].split(":")[1], 16) for line in listening]

    def paths(self, files):
        return [self.mount + file for file in files]


def cpu_seconds(file):
    with open(file) as opened:
        first = opened.readline().split()
    return int(first[1]) / 1e6 if first[0] == "usage_usec" else int(first[0]) / 1e9


def trees():
    """The folder of each hierarchy."""
    found = []
    with open("/proc/self/cgroup") as file:
        for line in file:
            names = line.split(":")[1].removeprefix("name=")
            tree = f"{ROOT}/{names}" if names else ROOT if IS_V2 else ROOT + "/unified"
            if os.path.isdir(tree):
                found.append(tree)
    return found


def put(text, file):
    with open(file, "w") as opened:
        opened.write(text)


def read_text(file):
    with open(file) as opened:
        return opened.read().strip()


class Group:
    """A cgroup in all hierarchies."""

    def __init__(self, path):
        self.folders = [tree + path for tree in trees()]
        for folder in self.folders:
            self.make(folder)

    def make(self, folder):
        """With its parents, each ready for processes to enter."""
        if os.path.isdir(folder):
            return
        parent = os.path.dirname(folder)
        self.make(parent)
        if IS_V2:
            for controller in read_text(parent + "/cgroup.controllers").split():
                if controller in ("cpu", "cpuset", "io", "memory", "pids"):
                    put("+" + controller, parent + "/cgroup.subtree_control")
        os.mkdir(folder)
        if folder.startswith(ROOT + "/cpuset/"):
            for name in ("cpuset.cpus", "cpuset.mems"):
                put(read_text(f"{parent}/{name}"), f"{folder}/{name}")

    def limit(self):
        """As a runtime does; neither limit is ever reached."""
        quota = os.cpu_count() * 100_000
        if IS_V2:
            put(f"{quota} 100000", self.folders[0] + "/cpu.max")
            put(str(512 << 20), self.folders[0] + "/memory.max")
            return
        for folder in self.folders:
            if folder.startswith(ROOT + "/cpu/"):
                put(str(quota), folder + "/cpu.cfs_quota_us")
            elif folder.startswith(ROOT + "/memory/"):
                put(str(512 << 20), folder + "/memory.limit_in_bytes")

    def join(self):
        for folder in self.folders:
            put("0", folder + "/cgroup.procs")

    def remove(self):
        for folder in self.folders:
            for _ in range(200):
                try:
                    os.rmdir(folder)
                    break
                except FileNotFoundError:
                    break
                except OSError:  # its last process is on its way
                    time.sleep(0.01)


class Container:
    """A cgroup, and a process in a pid namespace of its own that does as it is told."""

    def __init__(self, top):
        self.group = Group(f"{top}/docker-{os.urandom(32).hex()}.scope")
        self.group.limit()
        self.pipe, theirs = multiprocessing.Pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.run(theirs)
            except BaseException as e:  # a copy of the parent must not go on as the parent
                print(f"containers.py: a container: {e!r}", file=sys.stderr)
                os._exit(1)
        theirs.close()

    def run(self, pipe):
        end_with_parent()
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, signal.SIG_DFL)
        self.pipe.close()
        self.group.join()
        if LIBC.unshare(CLONE_NEWPID) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        init = os.fork()
        if init == 0:
            try:
                end_with_parent()
                Inside(pipe).obey()
            finally:
                os._exit(0)
        pipe.close()
        os.waitpid(init, 0)
        os._exit(0)

    def tell(self, what, *arguments):
        self.pipe.send((what, arguments))

    def answer(self):
        result = self.pipe.recv()
        if isinstance(result, BaseException):
            raise result
        return result

    def ask(self, what, *arguments):
        self.tell(what, *arguments)
        return self.answer()

    def end(self):
        try:
            self.tell("leave", ())
        except OSError:
            pass  # it has ended
        os.waitpid(self.pid, 0)
        self.pipe.close()
        self.group.remove()


class Inside:
    """What the process of a container can be told to do."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.buffer = [bytearray(1 << 16)]
        self.hammers = []

    def obey(self):
        while True:
            try:
                what, arguments = self.pipe.recv()
            except EOFError:
                return
            if what == "leave":
                return
            try:
                self.pipe.send(getattr(self, what)(*arguments))
            except Exception as e:
                self.pipe.send(e)

    def cycle(self, path):
        """Opens, reads to the end and closes: nanoseconds."""
        begin = time.perf_counter_ns()
        descriptor = os.open(path, os.O_RDONLY)
        length = 0
        while n := os.readv(descriptor, self.buffer):
            length += n
        os.close(descriptor)
        end = time.perf_counter_ns()
        if length == 0:
            raise OSError(f"{path} is empty")
        return end - begin

    def read(self, paths, count):
        turns = itertools.islice(itertools.cycle(paths), count)
        return array.array("q", [self.cycle(path) for path in turns])

    def read_at(self, paths, per_second, seconds):
        """At a steady pace, and not in step with the others."""
        latencies = array.array("q")
        turns = itertools.cycle(random.sample(paths, len(paths)))
        due = time.monotonic() + random.random() / per_second
        end = time.monotonic() + seconds
        while due < end:
            time.sleep(max(0, due - time.monotonic()))
            latencies.append(self.cycle(next(turns)))
            due += 1 / per_second
        return latencies

    def threads(self, count):
        threading.stack_size(64 << 10)
        never = threading.Event()
        for _ in range(count - 1):
            threading.Thread(target=never.wait, daemon=True).start()

    def busy(self):
        """From now on uses 1 % of a core."""
        def work():
            while True:
                end = time.thread_time() + 0.002
                while time.thread_time() < end:
                    pass
                time.sleep(0.198)
        threading.Thread(target=work, daemon=True).start()

    def hammer(self, paths, readers):
        """Reads by so many processes till it is told to rest."""
        self.count = [multiprocessing.RawValue("q", 0) for _ in range(readers)]
        for count in self.count:
            pid = os.fork()
            if pid == 0:
                try:
                    end_with_parent()
                    for path in itertools.cycle(paths):
                        self.cycle(path)
                        count.value += 1
                finally:
                    os._exit(1)
            self.hammers.append(pid)

    def rest(self):
        """How many cycles there were."""
        for pid in self.hammers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.hammers = []
        return sum(count.value for count in self.count)


class Containers:
    """Some containers, for as long as a with statement."""

    def __init__(self, top, count):
        self.top, self.count, self.all = top, count, []

    def __enter__(self):
        self.group = Group(self.top)
        for number in range(self.count):
            if number % 20 == 0:
                progress(f"{number} of {self.count} containers")
            self.all.append(Container(self.top))
        gc.freeze()
        progress("")
        return self

    def __exit__(self, *_):
        for container in self.all:
            container.end()
        self.group.remove()

    def __getitem__(self, which):
        return self.all[which]

    @staticmethod
    def ask(containers, what, *arguments):
        """All at once; their answers."""
        for container in containers:
            container.tell(what, *arguments)
        return [container.answer() for container in containers]


def micros(latencies, q):
    return quantile(latencies, q) / 1000


def cold(options, servers):
    with Containers(options.top, 1) as one:
        for server in servers:  # what all reads have in common is compiled, as in a daemon that has run for a while
            one[0].ask("read", server.paths(MIXED), 5000)
    for file in MIXED:
        found = {server: ([], []) for server in servers}
        for number in range(options.count):
            progress(f"cold {file} {number + 1} of {options.count}")
            for server in servers if number % 2 else servers[::-1]:
                with Containers(options.top, 1) as new:
                    before = server.cpu_seconds()
                    took = new[0].ask("read", server.paths([file]), 1)[0]
                    found[server][0].append(took)
                    found[server][1].append(server.cpu_seconds() - before)
        for server, (latencies, cpu) in found.items():
            case = f"file={file}"
            record("cold", case, server.name, "p50_us", micros(latencies, 0.5))
            record("cold", case, server.name, "p90_us", micros(latencies, 0.9))
            record("cold", case, server.name, "cpu_us", quantile(cpu, 0.5) * 1e6)


def containers(options, servers):
    for count in (1, 10, 100):
        each = max(5, options.count // count) // len(MIXED) * len(MIXED)
        found = {server: ([], [], []) for server in servers}
        with Containers(options.top, count) as many:
            for server in servers:  # known, and compiled
                many.ask(many[:], "read", server.paths(MIXED), max(10, 10_000 // count))
            for number in range(options.rounds):
                for turn in range(len(servers)):
                    server = servers[(turn + number) % len(servers)]
                    progress(f"{count} containers, round {number + 1}, {server.name}")
                    latencies, cpu, rates = found[server]
                    before, begin = server.cpu_seconds(), time.monotonic()
                    own = many.ask(many[:], "read", server.paths(MIXED), each)
                    rates.append(count * each / (time.monotonic() - begin))
                    cpu.append((server.cpu_seconds() - before) / (count * each))
                    latencies.extend(itertools.chain.from_iterable(own))
        for server, (latencies, cpu, rates) in found.items():
            case = f"containers={count}"
            record("containers", case, server.name, "per_second", quantile(rates, 0.5))
            record("containers", case, server.name, "p50_us", micros(latencies, 0.5))
            record("containers", case, server.name, "p99_us", micros(latencies, 0.99))
            record("containers", case, server.name, "cpu_us", quantile(cpu, 0.5) * 1e6)


def fairness(options, servers):
    others, pace, readers = 10, 50, 64
    found = {server: ([], [], []) for server in servers}
    with Containers(options.top, others + 1) as all_of_them:
        one, rest = all_of_them[0], all_of_them[1:]
        for server in servers:
            all_of_them.ask(all_of_them[:], "read", server.paths(MIXED), 1000)
        for number in range(options.rounds):
            for turn in range(len(servers)):
                server = servers[(turn + number) % len(servers)]
                progress(f"fairness, round {number + 1}, {server.name}")
                paths = server.paths(MIXED)
                alone, beside, rates = found[server]
                for latencies in all_of_them.ask(rest, "read_at", paths, pace, options.seconds):
                    alone.extend(latencies)
                one.ask("hammer", paths, readers)
                time.sleep(0.5)  # till all of them read
                begin = time.monotonic() - 0.5
                for latencies in all_of_them.ask(rest, "read_at", paths, pace, options.seconds):
                    beside.extend(latencies)
                rates.append(one.ask("rest") / (time.monotonic() - begin))
    for server, (alone, beside, rates) in found.items():
        case = f"others={others};readers={readers}"
        for name, latencies in (("alone", alone), ("beside", beside)):
            record("fairness", case, server.name, f"{name}_p50_us", micros(latencies, 0.5))
            record("fairness", case, server.name, f"{name}_p99_us", micros(latencies, 0.99))
        record("fairness", case, server.name, "hammered_per_s", quantile(rates, 0.5))


def sampler(options, servers):
    threads = 20
    with Containers(options.top, options.containers) as many:
        for server in servers:
            many.ask(many[:], "read", server.paths(["/proc/loadavg", "/proc/meminfo"]), 2)
        many.ask(many[:], "threads", threads)
        for busy in (0, options.containers // 10):
            if busy:
                many.ask(many[:busy], "busy")
            time.sleep(11)  # two samples, so that what just began is known
            progress(f"{options.containers} containers, {busy} busy: for {options.seconds:.0f} s")
            before = [server.cpu_seconds() for server in servers]
            begin = time.monotonic()
            time.sleep(options.seconds)
            took = time.monotonic() - begin
            case = f"containers={options.containers};threads={threads};busy={busy}"
            for server, old in zip(servers, before):
                percent = 100 * (server.cpu_seconds() - old) / took
                record("sampler", case, server.name, "cpu_percent", percent)


class Probes:
    """Asks for health and metrics, where a server has them, as often as a cluster does."""

    # As in the chart's daemonset.yaml and its podMonitor.
    PERIODS = {"/q/health/ready": 5, "/q/health/live": 10, "/q/metrics": 30}

    def __init__(self, server):
        self.addresses = [f"http://127.0.0.1:{port}" for port in server.ports()]
        self.failure = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        if self.failure:
            raise SystemExit(f"containers.py: a probe failed: {self.failure}")

    def run(self):
        for second in itertools.count():
            if self.ended.wait(1):
                return
            try:
                for path, period in self.PERIODS.items():
                    if second % period == 0:
                        for address in self.addresses:
                            urllib.request.urlopen(address + path, timeout=5).read()
            except OSError as e:
                self.failure = self.failure or e


def memory(options, servers):
    pace = 1000  # reads a second of each server
    with contextlib.ExitStack() as stack:
        many = stack.enter_context(Containers(options.top, options.containers))
        for server in servers:
            stack.enter_context(Probes(server))
        start = [server.memory()[0] for server in servers]
        before = [server.cpu_seconds() for server in servers]
        paths = [path for server in servers for path in server.paths(MIXED)]
        half = options.minutes * 30
        per_container = pace * len(servers) / options.containers
        cycles, sizes = 0, []
        begin = time.monotonic()
        for part in range(2):
            progress(f"{options.containers} containers, {pace} reads a second, half {part + 1} of 2, {half:.0f} s each")
            own = many.ask(many[:], "read_at", paths, per_container, half)
            cycles += sum(len(latencies) for latencies in own)
            sizes.append([server.memory() for server in servers])
        took = time.monotonic() - begin
        case = f"containers={options.containers};minutes={options.minutes:g}"
        for i, server in enumerate(servers):
            record("memory", case, server.name, "start_mib", start[i])
            record("memory", case, server.name, "half_mib", sizes[0][i][0])
            record("memory", case, server.name, "end_mib", sizes[1][i][0])
            record("memory", case, server.name, "dirty_mib", sizes[1][i][1])
            record("memory", case, server.name, "reads_per_s", cycles / took / len(servers))
            record("memory", case, server.name, "cpu_percent", 100 * (server.cpu_seconds() - before[i]) / took)


def start(options, mount, name, cpu_file, command):
    """Starts a server: how many ms till a container has read a file, of CPU till then, and its PSS."""
    path = mount + options.file
    below = os.stat(mount).st_dev
    with Containers(options.top, 1) as one:
        def enter():
            end_with_parent(signal.SIGTERM)
            put("0", os.path.dirname(cpu_file) + "/cgroup.procs")
        before = cpu_seconds(cpu_file)
        begin = time.monotonic()
        with open(os.path.dirname(mount) + f"/{name}.log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=enter)
        try:
            while os.stat(mount).st_dev == below:  # a file beneath the mount would be the host's
                if process.poll() is not None or time.monotonic() > begin + 60:
                    raise SystemExit(f"containers.py: {name} did not start: {log.name}")
                time.sleep(0.002)
            one[0].ask("read", [path], 1)
            took = time.monotonic() - begin
            cpu = cpu_seconds(cpu_file) - before
            pss = Server(f"{name}={mount}={cpu_file}={process.pid}").memory()[0]
        finally:
            process.terminate()
            process.wait()
    print(name, took * 1000, cpu * 1000, pss)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("section")
    parser.add_argument("--top", required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--containers", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--file", default="/proc/uptime")
    parser.add_argument("rest", nargs="+")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent(signal.SIGTERM)
    if options.section == "start":
        start(options, *options.rest[:3], options.rest[3:])
        return
    sections = {"cold": cold, "containers": containers, "fairness": fairness, "sampler": sampler, "memory": memory}
    sections[options.section](options, [Server(text) for text in options.rest])
    progress("")


if __name__ == "__main__":
    main()
