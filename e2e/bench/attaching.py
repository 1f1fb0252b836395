"""What e2e/bench/attach runs: starts containers of pods whose first instructions read podproc's files."""
import argparse
import concurrent.futures
import ctypes
import json
import os
import shutil
import subprocess
import threading
import time
import uuid

PR_SET_CHILD_SUBREAPER = 36
MEMORY = 64 << 20
MASKED = ["/proc/interrupts", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"]


def mount(destination, kind, source, *options):
    return {"destination": destination, "type": kind, "source": source, "options": options}


class Node:
    def __init__(self, folder, top, runtime):
        self.folder, self.top, self.runtime = folder, top, runtime
        self.root = f"{folder}/root"
        for name in ("proc", "sys", "dev", "bin"):
            os.makedirs(f"{self.root}/{name}", exist_ok=True)
        shutil.copy(f"{folder}/first", f"{self.root}/bin/first")

    def run(self, *arguments, **options):
        return subprocess.run(
            (self.runtime, "--root", f"{self.folder}/state", *arguments), check=True, stdin=subprocess.DEVNULL, **options
        )

    def config(self, uid, identity):
        mounts = [
            mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
            mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            mount("/dev/termination-log", "bind", f"{self.folder}/pods/{uid}/containers/main/log", "rbind", "rprivate"),
            mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        ]
        namespaces = [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]
        capabilities = ["CAP_CHOWN", "CAP_KILL"]
        return {
            "ociVersion": "1.0.2",
            "process": {
                "cwd": "/",
                "user": {"uid": 0, "gid": 0},
                "args": ["/bin/first", str(MEMORY >> 10)],
                "capabilities": {kind: capabilities for kind in ("bounding", "effective", "permitted")},
            },
            "root": {"path": self.root, "readonly": True},
            "mounts": mounts,
            "linux": {
                "cgroupsPath": f"{self.top}/kubepods/burstable/pod{uid}/{identity}",
                "namespaces": namespaces,
                "maskedPaths": MASKED,
                "readonlyPaths": ["/proc/sys", "/proc/bus"],
                "resources": {"memory": {"limit": MEMORY}, "cpu": {"quota": 100_000, "period": 100_000}},
            },
        }

    def start(self, kind):
        """Of a pod that wants files (a) or does not (b): what its program said, and how long it took to begin."""
        uid, identity = kind + str(uuid.uuid4())[1:], uuid.uuid4().hex * 2
        bundle = f"{self.folder}/bundles/{identity}"
        os.makedirs(bundle)
        os.makedirs(f"{self.folder}/pods/{uid}/containers/main")
        open(f"{self.folder}/pods/{uid}/containers/main/log", "w").close()
        with open(f"{bundle}/config.json", "w", encoding="ascii") as file:
            json.dump(self.config(uid, identity), file)
        reader, writer = os.pipe()
        begun = time.monotonic_ns()
        self.run("create", "--bundle", bundle, identity, stdout=writer)
        os.close(writer)
        time.sleep(0.01)  # shim, containerd and the kubelet between the two: some 18 ms on a quiet node
        self.run("start", identity)
        text = b""
        while chunk := os.read(reader, 4096):
            text += chunk
        os.close(reader)
        self.run("delete", "--force", identity)
        shutil.rmtree(bundle)
        main, total, pressure, online, late = text.split()
        return {
            "start": (int(main) - begun) / 1e6,
            "early": int(total) == MEMORY >> 10 and int(pressure) > 0 and online == b"0",
            "right": int(late) / 1e6,
        }


class Watcher:
    """The process that attaches."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = []
        assert self.process.stdout.readline() == "ready\n"
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()

    def cpu(self):
        """What it has used until now, in ms, with its threads that have ended."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")

    def take(self):
        time.sleep(0.1)
        lines, self.lines[:] = list(self.lines), []
        return lines


def at(values, share):
    return sorted(values)[round((len(values) - 1) * share)] if values else float("nan")


def three(values, low=0.05):
    return " · ".join(f"{value:.1f}" for value in (min(values, default=float("nan")), at(values, low), at(values, 0.5)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    parser.add_argument("--case", required=True)
    parser.add_argument("--top", required=True)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("folder")
    parser.add_argument("watcher", nargs="+")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    node = Node(options.folder, options.top, options.runtime)
    watcher = Watcher(options.watcher)
    seen, plain = [], []
    for _ in range(5):
        node.start("b"), node.start("a")
    watcher.take()
    cpu = {"a": 0.0, "b": 0.0}
    with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        for _ in range(0, options.starts, options.at_once):
            for kind, results in (("b", plain), ("a", seen)):
                before = watcher.cpu()
                results += pool.map(node.start, [kind] * options.at_once)
                cpu[kind] += watcher.cpu() - before
    words = [line.split() for line in watcher.take()]
    attached = [float(word[2]) for word in words if word[0] == "attached"]
    margins = [float(word[1]) for word in words if word[0] == "margin"]
    late = [one["right"] for one in seen if not one["early"]]
    used = " · ".join(f"{cpu[kind] / len(seen):.1f}" for kind in "ba")
    more = at([one["start"] for one in seen], 0.5) - at([one["start"] for one in plain], 0.5)
    print(
        f"| {options.case} | {len(seen) - len(late)}/{len(seen)} | {max(late, default=0):.1f} | {three(margins)} "
        f"| {at(attached, 0.5):.1f} · {at(attached, 0.95):.1f} | {at([one['start'] for one in plain], 0.5):.1f} "
        f"| {at([one['start'] for one in seen], 0.5):.1f} | {more:+.1f} | {used} | {os.getloadavg()[0]:.0f} |",
        flush=True,
    )
    watcher.process.stdin.close()
    watcher.process.wait()


main()
