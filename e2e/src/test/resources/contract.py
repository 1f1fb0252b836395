# SPDX-License-Identifier: Apache-2.0
"""Reads files as programs do and prints what breaks procfs's habits: CHECK<tab>FILE<tab>WHAT."""

import ctypes
import errno
import mmap
import os
import re
import stat
import sys
import tempfile
import time

FILES = sys.argv[1:]
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
NOWHERE = ctypes.c_void_p(-1).value  # MAP_FAILED
SHAPES = {
    "/proc/meminfo": r"(\S+: +\d+( kB)?\n)+",
    "/proc/loadavg": r"(\d+\.\d\d ){3}\d+/\d+ \d+\n",
    "/proc/uptime": r"\d+\.\d\d \d+\.\d\d\n",
    "/proc/stat": r"cpu  \d+( \d+){9}\n(cpu\d+( \d+){10}\n)+((intr|softirq)( \d+)+\n|[a-z_]+ \d+\n)+",
    "/proc/swaps": r"Filename\t+Type\t+Size\t+Used\t+Priority\n(\S+ *\s\w+\s+\d+\s+\d+\s+-?\d+\n)*",
    "/proc/diskstats": r"( *\d+ +\d+ \S+( \d+){17}\n)*",
    "/proc/cpuinfo": r"(processor\t: \d+\n([^\n]+\n)+\n)+",
    "/proc/vmstat": r"([a-z0-9_]+ \d+\n)+",
    "/proc/slabinfo": r"slabinfo - version: 2\.1\n# name [^\n]*\n(\S+ .*\n)*",
    "/proc/pressure/cpu": r"(some|full) avg10=\d+\.\d\d avg60=\d+\.\d\d avg300=\d+\.\d\d total=\d+\n",
}
NODE = "/sys/devices/system/node/node0/"
SHAPES |= {
    "/sys/devices/system/cpu/offline": r"[\d,-]*\n",
    NODE + "cpumap": r"[0-9a-f,]+\n",
    NODE + "distance": r"\d+( \d+)*\n",
    NODE + "meminfo": r"(Node 0 \S+: +\d+( kB)?\n)+",
}
# Of these the kernel itself hands out no single bytes (drivers/base/node.c, BIN_ATTR).
NOT_BY_THE_BYTE = {NODE + "cpulist", NODE + "cpumap"}
CPUS = r"\d+(-\d+)?(,\d+(-\d+)?)*\n"


def bad(check, file, what):
    print(check, file, what, sep="\t")


def raised(action):
    try:
        action()
        return None
    except OSError as error:
        return errno.errorcode[error.errno]


def shape(text):
    """What stays when numbers change."""
    return re.sub(r"[ \d.]+", "#", text)


def whole(fd, size=1 << 16, offset=0):
    parts = []
    while part := os.pread(fd, size, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts).decode("latin-1")


def patient(check, file, attempt):
    """On the host other processes make lines longer between two reads: what is wrong stays so."""
    for _ in range(5):
        what = attempt()
        if what is None:
            return
    bad(check, file, what)


def read(file):
    with open(file, encoding="latin-1") as f:
        return f.read()


def fields(file):
    text = read(file)
    # A container that used no disk has none.
    if not text.endswith("\n") and not (file == "/proc/diskstats" and text == ""):
        bad("newline", file, repr(text[-20:]))
    pattern = SHAPES.get(file, CPUS)
    if file.startswith("/proc/pressure/"):
        pattern = "(" + SHAPES["/proc/pressure/cpu"] + "){1,2}"
    if not re.fullmatch(pattern, text):
        bad("fields", file, repr(text[:300]))


def attributes(file):
    with open(file, "rb", buffering=0) as f:
        info = os.fstat(f.fileno())
        # Python's own read() would ask for the size once more, and get the text of that.
        text = b"".join(iter(lambda: os.read(f.fileno(), 1 << 16), b""))
        again = whole(f.fileno()).encode("latin-1")
        end = raised(lambda: os.lseek(f.fileno(), 0, os.SEEK_END))
    # procfs says 0, sysfs a page; from any other size tools take where the end is.
    if info.st_size not in (0, 4096, max(1, len(text))):
        bad("size", file, info.st_size)
    if info.st_size != max(1, len(text)):
        bad("length", file, "%d of %d" % (info.st_size, len(text)))
    if info.st_blocks != -(-info.st_size // 512):
        bad("blocks", file, info.st_blocks)
    if end != "EINVAL":
        bad("end", file, end)
    if shape(text.decode("latin-1")) != shape(again.decode("latin-1")):
        bad("again", file, repr(again[:200]))
    mode = 0o400 if file == "/proc/slabinfo" else 0o444
    # The kernel's own pressure files are written to for triggers.
    if not stat.S_ISREG(info.st_mode) or info.st_mode & 0o555 != mode:
        bad("mode", file, oct(info.st_mode))
    # A kernel's file of sysfs may be root's to write.
    if not os.access(file, os.F_OK | os.R_OK) or os.access(file, os.X_OK):
        bad("access", file, "as root")


def sent(file):
    """sendfile(2), as busybox's cat and Python's shutil use it: the text, or a no. Not nothing."""
    with open(file, "rb") as source, tempfile.TemporaryFile() as copy:
        try:
            while os.sendfile(copy.fileno(), source.fileno(), None, 1 << 16):
                pass
        except OSError as error:
            if error.errno != errno.EINVAL:
                bad("sent", file, error)
            return
        copy.seek(0)
        text = copy.read().decode("latin-1")
    if shape(text) != shape(read(file)):
        bad("sent", file, repr(text[:200]))


def mapped(file):
    """mmap(2), privately: whoever can read can ask for that. Python's own goes by the size."""
    fd = os.open(file, os.O_RDONLY)
    address = LIBC.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE, fd, 0)
    error = errno.errorcode[ctypes.get_errno()] if address == NOWHERE else None
    print("mapping", file, error, sep="\t")
    os.close(fd)


def write(file):
    def attempt():
        fd = os.open(file, os.O_WRONLY)
        try:
            os.write(fd, b"0\n")
        finally:
            os.close(fd)

    print("refusal", file, raised(attempt), sep="\t")


def offsets(file):
    fd = os.open(file, os.O_RDONLY)

    def again():
        first, second = whole(fd), whole(fd)
        if shape(first) != shape(second):
            return "read twice: %r %r" % (first[:200], second[:200])

    def in_pieces(size):
        def attempt():
            text, pieces = whole(fd), whole(fd, size)
            if shape(text) != shape(pieces):
                return "in pieces of %d: %r %r" % (size, text[:200], pieces[:200])

        return attempt

    def at_odd_places():
        text = whole(fd)
        for offset in (1, 3, 17, len(text) // 2, len(text) - 1):
            if 0 <= offset < len(text):
                part = os.pread(fd, 5, offset).decode("latin-1")
                if not re.search(re.escape(shape(part)).replace(r"\#", "[ 0-9.]*"), text):
                    return "at %d: %r" % (offset, part)
        for offset in (1 << 20, 1 << 31, 1 << 40):
            part = os.pread(fd, 5, offset)
            if part:
                return "past the end, at %d: %r" % (offset, part)

    patient("again", file, again)
    if file not in NOT_BY_THE_BYTE:
        patient("pieces", file, in_pieces(1))
    patient("pieces", file, in_pieces(7))
    patient("places", file, at_odd_places)
    os.close(fd)


def fresh():
    fd = os.open("/proc/uptime", os.O_RDONLY)
    first = os.read(fd, 100)
    if os.read(fd, 100):
        bad("fresh", "/proc/uptime", "text after the end")
    time.sleep(0.5)
    os.lseek(fd, 0, os.SEEK_SET)
    second = os.read(fd, 100)
    age = float(second.split()[0]) - float(first.split()[0])
    if age < 0.4:
        bad("fresh", "/proc/uptime", "%r after %r" % (second, first))
    os.close(fd)


def memory():
    values = {key: int(value) for key, value in re.findall(r"^(\S+): +(\d+)", read("/proc/meminfo"), re.M)}
    if max(values["MemFree"], values["MemAvailable"]) > values["MemTotal"]:
        bad("memory", "/proc/meminfo", values)
    if values["MemFree"] > values["MemAvailable"]:
        bad("available", "/proc/meminfo", values)


def nobody():
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    for file in FILES:
        error = raised(lambda: open(file).read())
        expected = "EACCES" if file == "/proc/slabinfo" else None
        if error != expected:
            bad("nobody", file, error)
        if os.access(file, os.R_OK) != (expected is None) or os.access(file, os.X_OK):
            bad("access", file, "as nobody")
    sys.stdout.flush()
    os._exit(0)


for each in FILES:
    fields(each)
    attributes(each)
    sent(each)
    mapped(each)
    write(each)
    offsets(each)
fresh()
memory()
nobody()
print("done")
