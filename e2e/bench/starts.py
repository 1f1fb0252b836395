"""What e2e/bench/start runs: starts containers in each of several ways, in turn, and tells what that took."""
import argparse
import ctypes
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
WAYS = ("plain", "volume", "files", "subpath")


def mount(destination, kind, source, *options):
    return {"destination": destination, "type": kind, "source": source, "options": options}


class Node:
    """A place for bundles, with one root file system for all of them."""

    def __init__(self, folder, top, files, daemon):
        self.folder, self.top, self.files, self.daemon = folder, top, files, daemon
        self.podproc = f"{folder}/podproc"
        self.root = f"{folder}/root"
        for name in ("proc", "sys", "dev", "bin", "etc/podproc"):
            os.makedirs(f"{self.root}/{name}", exist_ok=True)
        shutil.copy(shutil.which("busybox"), f"{self.root}/bin/busybox")

    def runc(self, *arguments, **options):
        return subprocess.run(("runc", "--root", f"{self.folder}/runc", *arguments), check=True, **options)

    def config(self, name, binds):
        mounts = [
            mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
            mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
            mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
            mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        ]
        # As containerd writes the mounts of a hostPath volume.
        mounts += [mount(target, "bind", source, "rbind", "rprivate", "ro") for source, target in binds]
        namespaces = [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]
        return {
            "ociVersion": "1.0.2",
            "process": {"cwd": "/", "user": {"uid": 0, "gid": 0}, "args": ["/bin/busybox", "echo"]},
            "root": {"path": self.root, "readonly": True},
            "mounts": mounts,
            "linux": {"cgroupsPath": f"{self.top}/{name}", "namespaces": namespaces},
        }

    def kubelet(self, way, name):
        """What the kubelet does before a container; returns what is bound, and what is to be unmounted."""
        if way == "plain":
            return [], []
        if way == "volume":
            os.stat(self.podproc), os.stat(self.podproc)
            return [(self.podproc, "/etc/podproc")], []
        if way == "files":
            for file in self.files:
                os.stat(self.podproc + file), os.stat(self.podproc + file)
            return [(self.podproc + file, file) for file in self.files], []
        targets = []
        os.makedirs(f"{self.folder}/volume-subpaths/{name}")
        for index, file in enumerate(self.files):
            target = f"{self.folder}/volume-subpaths/{name}/{index}"
            opened = os.open(self.podproc + file, os.O_PATH | os.O_NOFOLLOW)
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o640))
            for options in ("bind", "bind,remount"):
                source = f"/proc/{os.getpid()}/fd/{opened}"
                subprocess.run(("mount", "--no-canonicalize", "-o", options, source, target), check=True)
            os.close(opened)
            targets.append((target, file))
        return targets, [target for target, _ in targets]

    def start(self, way, name):
        """Milliseconds until the first instruction, and of CPU by all that was run for it."""
        bundle = f"{self.folder}/{name}"
        os.mkdir(bundle)
        reader, writer = os.pipe()
        cpu = cpu_of_children()
        begun = time.monotonic_ns()
        binds, mounted = self.kubelet(way, name)
        with open(f"{bundle}/config.json", "w", encoding="ascii") as file:
            json.dump(self.config(name, binds), file)
        self.runc("create", "--bundle", bundle, name, stdin=subprocess.DEVNULL, stdout=writer)
        os.close(writer)
        self.runc("start", name)
        if os.read(reader, 1) != b"\n":
            sys.exit(f"bench: a container ({way}) said nothing")
        took = time.monotonic_ns() - begun
        os.close(reader)
        while True:  # the container itself
            try:
                os.wait()
            except ChildProcessError:
                break
        cpu = cpu_of_children() - cpu
        self.runc("delete", "--force", name)
        for target in mounted:
            subprocess.run(("umount", target), check=True)
        shutil.rmtree(f"{self.folder}/volume-subpaths", ignore_errors=True)
        shutil.rmtree(bundle)
        return took / 1e6, cpu * 1e3

    def daemon_cpu(self):
        """Milliseconds, of all its threads."""
        total = 0
        for thread in os.listdir(f"/proc/{self.daemon}/task"):
            try:
                with open(f"/proc/{self.daemon}/task/{thread}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
            except OSError:
                continue
        return total / 1e6


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def at(values, share):
    return sorted(values)[round((len(values) - 1) * share)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--top", required=True)
    parser.add_argument("--daemon", type=int, required=True)
    parser.add_argument("--files", required=True)
    parser.add_argument("--rows", required=True, help="gets a line for each way, sorted, with its figures")
    parser.add_argument("folder")
    options = parser.parse_args()
    # Containers are children of nobody's when runc has ended: they count here.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    node = Node(options.folder, options.top, options.files.split(","), options.daemon)
    took = {way: [] for way in WAYS}
    cpu = {way: [] for way in WAYS}
    daemon = dict.fromkeys(WAYS, 0.0)
    for n in range(options.rounds + 1):
        for way in random.sample(WAYS, len(WAYS)):
            before = node.daemon_cpu()
            millis, used = node.start(way, f"{way}-{n}")
            if n:  # the first round fills caches
                took[way].append(millis)
                cpu[way].append(used)
                daemon[way] += node.daemon_cpu() - before
    print(f"{'ms':10}{'min':>8}{'p50':>8}{'p95':>8}   {'more: p50':>10}{'p95':>8}   {'CPU':>7}{'more':>7}   daemon's")
    rows = []
    for way in WAYS:
        more = [mine - plain for mine, plain in zip(took[way], took["plain"])]
        mean = sum(cpu[way]) / len(cpu[way])
        print(
            f"{way:10}{min(took[way]):8.1f}{at(took[way], 0.5):8.1f}{at(took[way], 0.95):8.1f}"
            f"   {at(more, 0.5):10.1f}{at(more, 0.95):8.1f}   {mean:7.1f}{mean - sum(cpu['plain']) / len(cpu['plain']):7.1f}"
            f"   {daemon[way] / options.rounds:.1f}"
        )
        figures = at(took[way], 0.5), at(took[way], 0.95), at(more, 0.5), mean, daemon[way] / options.rounds
        rows.append(" ".join([way, *(f"{figure:.2f}" for figure in figures)]) + "\n")
    with open(options.rows, "w", encoding="ascii") as file:
        file.writelines(sorted(rows))


main()
