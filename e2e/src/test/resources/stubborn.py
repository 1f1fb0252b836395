#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file system of one's own, as a container may have one, that does as it is told.

usage: stubborn.py DIR TYPE SOURCE

Mounts it at DIR: whatever is looked for is there; meminfo is a file, all else are directories.
Says "ready", and then obeys lines of its input:
  forget    no file is there any more
  hang      nothing is answered any more
and says each when it is so. It ends, and with it its connection, at the end of its input.
"""
import ctypes
import os
import select
import struct
import sys

LOOKUP, FORGET, GETATTR, INIT, INTERRUPT, BATCH_FORGET = 1, 2, 3, 26, 36, 42
SILENT = (FORGET, INTERRUPT, BATCH_FORGET)
ENOENT, ENOSYS = 2, 38
DIRECTORY, FILE = 0o40555, 0o100444
modes = {1: DIRECTORY}
nodes = {}


def attributes(node):
    return struct.pack("=6Q10I", node, 0, 0, 0, 0, 0, 0, 0, 0, modes[node], 1, 0, 0, 0, 4096, 0)


def answer(operation, node, body, forgets):
    if operation == INIT:
        return 0, struct.pack("=4I2HI", 7, 31, 65536, 0, 12, 9, 65536).ljust(64, b"\0")
    if operation == GETATTR:
        return 0, struct.pack("=QII", 0, 0, 0) + attributes(node)
    if operation == LOOKUP:
        name = body.rstrip(b"\0")
        if name == b"meminfo" and forgets:
            return -ENOENT, b""
        found = nodes.setdefault((node, name), len(nodes) + 2)
        modes[found] = FILE if name == b"meminfo" else DIRECTORY
        return 0, struct.pack("=4QII", found, 0, 0, 0, 0, 0) + attributes(found)
    return -ENOSYS, b""


def main(directory, kind, source):
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40555,user_id=0,group_id=0,allow_other"
    arguments = [word.encode() for word in (source, directory, kind)]
    if ctypes.CDLL(None, use_errno=True).mount(*arguments, 0, options.encode()) != 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    print("ready", flush=True)
    order = ""
    while True:
        wanted = [sys.stdin] + [device] * (order != "hang")
        for source in select.select(wanted, [], [])[0]:
            if source is sys.stdin:
                order = sys.stdin.readline().strip()
                if not order:
                    return
                print(order, flush=True)
                continue
            request = os.read(device, 1 << 17)
            _, operation, unique, node = struct.unpack_from("=IIQQ", request)
            if operation not in SILENT:
                error, text = answer(operation, node, request[40:], order == "forget")
                os.write(device, struct.pack("=IiQ", 16 + len(text), error, unique) + text)


main(*sys.argv[1:])
