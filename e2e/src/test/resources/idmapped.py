# SPDX-License-Identifier: Apache-2.0
"""Runs a command as root of a new user namespace, over whose files others lie by id-mapped mounts.

Arguments: a directory, files that are found in it (as /proc/meminfo), "--", the command. It does
what a container runtime does for a pod with hostUsers: false.
"""

import ctypes
import os
import socket
import struct
import sys

# Of all of Linux's architectures, save alpha.
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH, MOUNT_ATTR_IDMAP = 1, 4, 0x100000
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
FIRST, COUNT = 100000, 65536

libc = ctypes.CDLL(None, use_errno=True)


def checked(name, result):
    if result < 0:
        sys.exit(f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def mapped(path, namespace):
    """A mount of a file that is not mounted anywhere yet."""
    mount = checked(
        "open_tree", libc.syscall(OPEN_TREE, AT_FDCWD, path.encode(), OPEN_TREE_CLONE)
    )
    attributes = struct.pack("=QQQQ", MOUNT_ATTR_IDMAP, 0, 0, namespace)
    checked(
        "mount_setattr",
        libc.syscall(MOUNT_SETATTR, mount, b"", AT_EMPTY_PATH, attributes, len(attributes)),
    )
    return mount


end = sys.argv.index("--")
directory, files, command = sys.argv[1], sys.argv[2:end], sys.argv[end + 1 :]
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
child = os.fork()
if child == 0:
    ours.close()
    checked("unshare", libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
    theirs.send(b"unshared")
    _, mounts, _, _ = socket.recv_fds(theirs, 16, len(files))
    if len(mounts) < len(files):
        sys.exit(1) # the other one has said why
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    for file, mount in zip(files, mounts):
        checked(
            "move_mount",
            libc.syscall(MOVE_MOUNT, mount, b"", AT_FDCWD, file.encode(), MOVE_MOUNT_F_EMPTY_PATH),
        )
        os.close(mount)
    os.execvp(command[0], command)

theirs.close()
ours.recv(16)
for name in ("uid_map", "gid_map"):
    with open(f"/proc/{child}/{name}", "w") as file:
        file.write(f"0 {FIRST} {COUNT}\n")
namespace = os.open(f"/proc/{child}/ns/user", os.O_RDONLY)
mounts = [mapped(directory + file, namespace) for file in files]
socket.send_fds(ours, [b"mapped"], mounts)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
