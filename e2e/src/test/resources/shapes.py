#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A container with a root of its own, as a runtime leaves it, or as one with CAP_SYS_ADMIN has made it since.

usage: shapes.py SHAPE POD_UID FOLDER     in mount and pid namespaces of its own

In FOLDER, which is empty, it makes its root and the folder of a pod. When it is done it has the name "shape".
"""
import ctypes
import os
import shutil
import struct
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND, MS_MOVE, MS_REC, MS_SHARED = 4096, 8192, 16384, 1 << 20
CLONE_NEWNET = 0x40000000
PR_SET_NAME, PR_CAPBSET_DROP, CAP_SYS_ADMIN = 15, 24, 21
S_IFDIR, S_IFREG = 0o40000, 0o100000


def mount(source, target, kind=None, flags=0, data=None):
    texts = [text.encode() if text else None for text in (source, target, kind, data)]
    if LIBC.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]):
        raise OSError(ctypes.get_errno(), f"mount {kind} {source} on {target}")


class Silent:
    """A FUSE file system that answers until it is told not to: a tree of directories, and a file in the last."""

    def __init__(self, source, kind, target, names, valid=0):
        self.names, self.silent, self.valid = names, False, valid
        self.fd = os.open("/dev/fuse", os.O_RDWR)
        mount(source, target, kind, 0, f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other")
        threading.Thread(target=self.serve, daemon=True).start()

    def attributes(self, node):
        mode = S_IFREG | 0o444 if node > len(self.names) and self.names else S_IFDIR | 0o755
        return struct.pack("<QQQQQQIIIIIIIIII", node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def serve(self):
        while True:
            try:
                message = os.read(self.fd, 1 << 17)
            except OSError:
                return
            _, call, unique, node = struct.unpack_from("<IIQQ", message)
            answer = self.answer(call, node, message[40:])
            if answer is not None:
                error, data = answer
                os.write(self.fd, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)

    def answer(self, call, node, body):
        if call in (2, 42, 36):  # FORGET, INTERRUPT want none
            return None
        if call == 26:  # INIT
            return 0, struct.pack("<IIIIHHII", 7, 31, 65536, 0, 12, 9, 4096, 1).ljust(64, b"\0")
        if self.silent:
            return None
        if call == 1:  # LOOKUP
            name = body.rstrip(b"\0").decode()
            if node > len(self.names) or name != self.names[node - 1]:
                return 2, b""
            return 0, struct.pack("<QQQQII", node + 1, 0, self.valid, self.valid, 0, 0) + self.attributes(node + 1)
        if call == 3:  # GETATTR
            return 0, struct.pack("<QII", 0, 0, 0) + self.attributes(node)
        if call in (14, 27):  # OPEN, OPENDIR
            return 0, struct.pack("<QII", 1, 0, 0)
        if call == 17:  # STATFS
            return 0, bytes(80)
        if call in (22, 23):  # GETXATTR, LISTXATTR
            return 61, b""
        return (0, b"") if call in (15, 28, 18, 29, 34) else (38, b"")


def make_root(wanted, folder, uid):
    pod = f"{folder}/pods/{uid}/containers/main"
    os.makedirs(pod)
    open(pod + "/log", "w").close()
    root = f"{folder}/root"
    os.mkdir(root)
    mount("root", root, "tmpfs")
    os.chdir(root)
    for name in ("proc", "sys", "dev", "bin", "other"):
        os.mkdir(name)
    shutil.copy(shutil.which("busybox"), "bin/busybox")
    mount("dev", "dev", "tmpfs")
    os.mknod("dev/null", 0o20666, os.makedev(1, 3))
    open("dev/log", "w").close()
    mount(pod + "/log", "dev/log", None, MS_BIND)
    if wanted == "node-sys":  # as a hostPath
        mount("/sys", "sys", None, MS_BIND)
    else:
        mount("sys", "sys", "sysfs")
    return pod + "/log"


def enter_root():
    mount(".", "/", None, MS_MOVE)
    os.chroot(".")
    os.chdir("/")


def mask():
    mount("dev/null", "proc/interrupts", None, MS_BIND)
    LIBC.prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0)


def shape(name):
    """What is at /proc; returns what has to stay silent from then on."""
    if name not in ("symlink", "directory", "tmpfs", "node", "silent", "silent-root"):
        mount("proc", "proc", "proc")
    if name == "symlink":
        os.rmdir("proc")
        os.symlink("other", "proc")
    elif name == "directory":
        os.symlink("/dev/null", "proc/meminfo")
    elif name == "tmpfs":
        mount("tmpfs", "proc", "tmpfs")
        os.symlink("/dev/null", "proc/meminfo")
    elif name == "part":
        mount("proc/1", "proc", None, MS_BIND)
    elif name == "shared":
        mount(None, "proc", None, MS_SHARED)
    elif name == "node":
        mount("/proc", "proc", None, MS_BIND)
    elif name == "file":
        open("other/meminfo", "w").write("mine\n")
        mount("other/meminfo", "proc/meminfo", None, MS_BIND)
        mask()
    elif name == "many":
        mount("many", "other", "tmpfs")
        os.mkdir("other/again")
        for _ in range(16):
            mount("other", "other/again", None, MS_BIND | MS_REC)
    elif name == "silent":
        return Silent("silent", "fuse", "proc", [])
    elif name in ("masked", "host-pid", "network", "node-sys"):
        mask()
    return None


def silent_root(log):
    """The root itself is a file system that does not answer, and /proc was mounted before."""
    root = Silent("silent", "fuse", "other", ["proc"])
    root.attributes = lambda node: Silent.attributes(root, 1)
    os.chdir("other")
    mount("proc", "proc", "proc")
    mount(log, "proc/interrupts", None, MS_BIND)
    return root


def main():
    name, uid, folder = sys.argv[1:]
    if name == "repair":
        return repair(uid, folder)
    if name == "spare":
        return spare()
    if name in ("network", "node-sys") and LIBC.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    log = make_root(name, folder, uid)
    silent = silent_root(log) if name == "silent-root" else shape(name)
    enter_root()
    ready(silent)


def repair(source, folder):
    """A file that says it is podproc's, at a path below a file system that does not answer."""
    for name in ("f", "x", "t"):
        os.mkdir(f"{folder}/{name}")
    open(f"{folder}/x/y", "w").close()
    served = Silent(source, "fuse.podproc", f"{folder}/f", ["proc", "meminfo"])
    os.stat(f"{folder}/f/proc/meminfo")
    mount(f"{folder}/f/proc/meminfo", f"{folder}/x/y", None, MS_BIND)
    mount("tmpfs", f"{folder}/t", "tmpfs")
    os.mkdir(f"{folder}/t/lower")
    mount("overlay", f"{folder}/x", "overlay", 0, f"lowerdir={folder}/f:{folder}/t/lower")
    ready(served)


def spare():
    """A procfs where the node keeps one for namespaces inside, in a /dev that answers to nothing new."""
    served = Silent("dev", "fuse", "/dev", [".podproc", "proc", "file"], valid=3600)
    mount("/proc", "/dev/.podproc/proc", None, MS_BIND | MS_REC)
    ready(served)


def ready(silent):
    if silent:
        silent.silent = True
    LIBC.prctl(PR_SET_NAME, b"shape", 0, 0, 0)
    while True:
        time.sleep(1000)


main()
