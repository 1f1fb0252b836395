#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What e2e/bench/run has measured, as a table and as JSON, beside what was to be reached.

report.py RECORDS [--json FILE] [--page FILE]

A record is a line of section, case (file=/proc/stat;readers=4), server, metric and value, with tabs
between. Exit status: 3 where a file costs podproc more CPU than lxcfs.
"""
import argparse
import collections
import decimal
import json
import re
import sys

decimal.DefaultContext.rounding = decimal.ROUND_HALF_UP  # 12.5 is 13
FLOOR_FILES = ("/proc/uptime", "/proc/loadavg", "/proc/swaps", "/proc/meminfo", "/cpu/online")

Section = collections.namedtuple("Section", "title columns bars notes")
Column = collections.namedtuple("Column", "head server metric digits")
# What is to be reached. Its measure of a row is None where the bar is not for that one.
Bar = collections.namedtuple("Bar", "head text limit measure")


class Row:
    """A case of a section: for each server, its figures by metric."""

    def __init__(self, case):
        self.keys = dict(pair.split("=", 1) for pair in case.split(";") if pair)
        self.figures = collections.defaultdict(dict)

    def text(self, server, metric):
        return self.figures.get(server, {}).get(metric, "")


# ---- what is measured ----


def figure(metric, server="podproc"):
    return lambda row: float(row.text(server, metric)) if row.text(server, metric) else None


def ratio(measure, other):
    return lambda row: measure(row) / other(row) if measure(row) is not None and other(row) else None


def to_lxcfs(metric):
    return ratio(figure(metric), figure(metric, "lxcfs"))


def where(applies, measure):
    return lambda row: measure(row) if applies(row.keys) else None


def columns(servers, metrics, digits):
    heads = {metric: re.sub("_(us|ms|mib|percent)$", "", metric) for metric in metrics.split()}
    return [Column(head, server, metric, digits) for server in servers.split() for metric, head in heads.items()]


CPU_TO_LXCFS = figure("cpu_to_lxcfs")
CALLS = columns("podproc lxcfs", "calls", 1) + columns("podproc lxcfs", "which", None)

SECTIONS = {
    "files": Section("An open, read to the end and close, us",
        columns("podproc libfuse floor lxcfs kernel", "p50_us p99_us cpu_us", 0),
        [
            Bar("CPU/lxcfs", "daemon CPU of a cycle <= 1/3 of lxcfs", 1 / 3, CPU_TO_LXCFS),
            Bar("CPU/floor", "daemon CPU of a cycle <= 2 x floor (uptime, loadavg, swaps, online, meminfo)",
                2, where(lambda keys: keys["file"].endswith(FLOOR_FILES), figure("cpu_to_floor"))),
            Bar("p50/lxcfs", "p50 <= 1/2 of lxcfs", 0.5, to_lxcfs("p50_us")),
            Bar("p99/lxcfs", "p99 <= that of lxcfs", 1, to_lxcfs("p99_us")),
        ],
        "cpu: what a cycle takes of the server, the median of the rounds; CPU ratios are medians of the\n"
        "rounds' own. podproc: the kernel's protocol; libfuse: podproc through libfuse 2; floor: podproc's\n"
        "transport with constant texts of the same length, in Floor.java; kernel: the host's own file."),
    "syscalls": Section("System calls of the serving threads for one cat, warm",
        CALLS,
        [Bar("ratio", "system calls of a cat, natively <= 1/5 of lxcfs", 0.2, to_lxcfs("calls"))],
        "Counted by strace in a pass of its own; threads that answer no requests are left out."),
    "vm": Section("The same on cgroup v2, in the VM",
        CALLS,
        [Bar("ratio", "system calls of a cat, in the VM <= 1/5 of lxcfs", 0.2, to_lxcfs("calls"))],
        "Counts alone: the VM's CPU is emulated."),
    "cold": Section("First read by a container never seen, us",
        columns("podproc lxcfs", "p50_us p90_us cpu_us", 0),
        [Bar("p50/lxcfs", "first read <= 1/10 of lxcfs", 0.1, to_lxcfs("p50_us"))],
        "Each in a new cgroup and a new pid namespace; the daemon has served 5000 reads of another."),
    "containers": Section("Containers that read at once, one reader each, us",
        columns("podproc floor lxcfs", "per_second p50_us p99_us cpu_us", 0),
        [
            Bar("CPU/lxcfs", "CPU of a cycle, many containers <= 1/3 of lxcfs", 1 / 3, to_lxcfs("cpu_us")),
            Bar("p50/lxcfs", "p50, many containers <= 1/2 of lxcfs", 0.5, to_lxcfs("p50_us")),
            Bar("p99/lxcfs", "p99, many containers <= that of lxcfs", 1, to_lxcfs("p99_us")),
        ],
        "meminfo, stat, cpuinfo, loadavg, uptime in turn, without a pause."),
    "fairness": Section("Other containers while one reads in 64 threads, us",
        columns("podproc floor lxcfs", "alone_p50_us alone_p99_us beside_p50_us beside_p99_us hammered_per_s", 0),
        [Bar("p99 beside/alone", "others' p99 beside 64 readers <= 3 x without",
             3, ratio(figure("beside_p99_us"), figure("alone_p99_us")))],
        "The others read 50 times a second each. hammered_per_s: what the 64 got. What the floor shows of it\n"
        "is the machine's scheduler and the queue of FUSE."),
    "sampler": Section("CPU of the daemon, in % of a core, nobody reads",
        columns("podproc lxcfs", "cpu_percent", 3),
        [
            Bar("to lxcfs", "sampler, all idle <= 1/10 of lxcfs -l",
                0.1, where(lambda keys: keys["busy"] == "0", to_lxcfs("cpu_percent"))),
            Bar("% of core", "sampler, all idle <= 1 % of a core",
                1, where(lambda keys: keys["busy"] == "0", figure("cpu_percent"))),
            Bar("to lxcfs", "sampler, some busy <= 1/3 of lxcfs -l",
                1 / 3, where(lambda keys: keys["busy"] != "0", to_lxcfs("cpu_percent"))),
        ],
        "Both in the same window. A busy container uses 1 % of a core."),
    "memory": Section("Memory of the daemon under load, MiB",
        columns("podproc lxcfs", "start_mib half_mib end_mib dirty_mib reads_per_s cpu_percent", 1),
        [
            Bar("PSS", "PSS after the load <= 64 MiB", 64, figure("end_mib")),
            Bar("end/half", "PSS flat over the second half: <= 1.02 x",
                1.02, ratio(figure("end_mib"), figure("half_mib"))),
        ],
        "PSS at the start, half way and at the end; dirty: private dirty at the end."),
    "start": Section("From the start of the process to the first read by a container that is answered, ms",
        columns("podproc lxcfs", "p50_ms worst_ms cpu_ms pss_mib", 0),
        [Bar("ms", "start to the first answered read <= 1000 ms", 1000, figure("p50_ms"))],
        "cpu: what the daemon used till then."),
}


# ---- the table ----


def fixed(number, digits):
    return f"{decimal.Decimal(repr(number)):.{digits}f}"


def significant(number, digits):
    rounded = decimal.Context(digits).create_decimal(repr(number))
    return f"{float(rounded):#.{digits}g}".removesuffix(".")


def cell(row, column):
    text = row.text(column.server, column.metric)
    return fixed(float(text), column.digits) if text and column.digits is not None else text


def judgement(bar, row):
    measured = bar.measure(row)
    if measured is None:
        return ""
    return fixed(measured, 2 if measured < 10 else 0) + ("" if measured <= bar.limit else " !")


def aligned(cells, ruled=True, named=False):
    """A column as wide as its widest cell, with numbers to the right unless they name rows."""
    width = max(map(len, cells))
    to_right = [not named and re.fullmatch("[0-9.]+( !)?", text) for text in cells]
    return ["| " * ruled + (text.rjust(width) if right else text.ljust(width)) for text, right in zip(cells, to_right)]


def print_table(section, rows):
    table = []
    for key in rows[0].keys:
        names = [re.sub("^/(proc|sys/devices/system)/", "", row.keys[key]) for row in rows]
        table.append(aligned(["", key, *names], ruled=False, named=not table))
    group = None
    for column in section.columns:
        cells = [cell(row, column) for row in rows]
        if any(cells):
            begins, group = column.server != group, column.server
            table.append(aligned([group if begins else "", column.head, *cells], ruled=begins))
    for bar in section.bars:
        cells = [judgement(bar, row) for row in rows]
        if any(cells):
            limit = fixed(bar.limit, 2) if bar.limit < 1 else significant(bar.limit, 4)
            table.append(aligned([f"bar {limit}", bar.head, *cells]))
    for line in zip(*table):
        print("  ".join(line).rstrip())


# ---- the bars ----


def summary(bar, judged):
    missed = [
        f"{' '.join(row.keys.values())} {significant(measured, 3)} (x {fixed(measured / bar.limit, 2)})"
        for row, measured in judged if measured > bar.limit
    ]
    word, but = ("MISSED", ", but: " + ", ".join(missed)) if missed else ("met", "")
    return f"{word:6} {len(judged) - len(missed):3} of {len(judged):<3} {bar.text}{but}"


def numbers(texts):
    """The same, with numbers where texts are some."""
    is_number = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?").fullmatch
    return {name: json.loads(text) if is_number(text) else text for name, text in texts.items()}


def verdict(name, bar, row, measured):
    figures = {"measured": float(fixed(measured, 4)), "limit": float(fixed(bar.limit, 4))}
    return {"section": name, "bar": bar.text, **numbers(row.keys), **figures, "met": measured <= bar.limit}


def print_sections(found):
    """Returns a verdict for each bar and row."""
    summaries, verdicts = [], []
    for name, section in SECTIONS.items():
        if name not in found:
            continue
        rows = list(found[name].values())
        print(f"\n== {name}: {section.title}")
        print_table(section, rows)
        print(section.notes)
        for bar in section.bars:
            judged = [(row, bar.measure(row)) for row in rows if bar.measure(row) is not None]
            if judged:
                summaries.append(summary(bar, judged))
                verdicts += [verdict(name, bar, *one) for one in judged]
    if summaries:
        print("\n== Bars", *summaries, sep="\n")
    return verdicts


# ---- the page ----


def for_page(about, rows):
    """The files that lxcfs has as well: each cell by one reader and by four."""
    files = collections.defaultdict(dict)
    for row in rows.values():
        if row.text("lxcfs", "cpu_us"):
            files[re.sub("^/(proc|sys/devices/system)/", "", row.keys["file"])][row.keys["readers"]] = row
    figures = [(server, "cpu_us") for server in ("podproc", "libfuse", "floor", "lxcfs")]
    figures += [(server, "p50_us") for server in ("podproc", "lxcfs")]

    def both(readers, figure):
        return " · ".join(cell(readers[count], Column("", *figure, 0)) for count in ("1", "4"))

    yield f"{about['date'][:10]}, {re.sub(', load .*', '', about['machine'])}, {about['lxcfs'].removesuffix(' -l')}:"
    yield ""
    yield "| | CPU: podproc | through libfuse | constant text | lxcfs | p50: podproc | lxcfs |"
    yield "|---|---|---|---|---|---|---|"
    for file, readers in files.items():
        yield "| " + " | ".join([file, *(both(readers, figure) for figure in figures)]) + " |"


def read(records):
    found = {}
    with open(records, encoding="utf-8") as file:
        for line in file:
            name, case, server, metric, text = line.rstrip("\n").split("\t", 4)
            found.setdefault(name, {}).setdefault(case, Row(case)).figures[server][metric] = text
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("records")
    parser.add_argument("--json")
    parser.add_argument("--page")
    options = parser.parse_args()
    found = read(options.records)
    facts = [item for row in found.pop("about", {}).values() for item in row.figures.items()]
    about = {what: ", ".join(texts.values()) for what, texts in facts}
    for what, text in about.items():
        print(f"{what}: {text}")
    verdicts = print_sections(found)
    results = [
        {"section": name, **numbers(row.keys), "server": server, **numbers(figures)}
        for name, rows in found.items() for row in rows.values() for server, figures in row.figures.items()
    ]
    if options.page:
        with open(options.page, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in for_page(about, found["files"]))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"about": about, "results": results, "bars": verdicts}, file, indent=2)
            file.write("\n")
    return 3 if any((CPU_TO_LXCFS(row) or 0) > 1 for row in found.get("files", {}).values()) else 0


if __name__ == "__main__":
    sys.exit(main())
