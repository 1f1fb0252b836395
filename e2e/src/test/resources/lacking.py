# SPDX-License-Identifier: Apache-2.0
"""Runs a command for which the kernel lacks a system call: it fails with ENOSYS.

Arguments: the number of the system call, the command.
"""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06 # of classic BPF, a word at an offset first
ERRNO, ALLOW, ENOSYS = 0x50000, 0x7FFF0000, 38

program = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in (
        (LOAD, 0, 0, 0), # struct seccomp_data: nr
        (EQUAL, 0, 1, int(sys.argv[1])),
        (RETURN, 0, 0, ERRNO | ENOSYS),
        (RETURN, 0, 0, ALLOW),
    )
)
code = ctypes.create_string_buffer(program)
filters = struct.pack("HP", len(program) // 8, ctypes.addressof(code)) # struct sock_fprog
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filters) != 0:
    sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[2], sys.argv[2:])
