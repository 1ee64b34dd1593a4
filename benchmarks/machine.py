"""The machine that figures are of: what it is, and how busy it is with other things."""

import os
import platform
import re
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
import uvicorn

WATCH_SECONDS = 0.5


def describe(server_version: str) -> str:
    """One line: processor, memory, system and the versions that matter."""
    model = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    parts = [
        f"{os.cpu_count()} × {model[1] if model else platform.processor() or platform.machine()}",
        f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"PostgreSQL {server_version}",
        f"psycopg {psycopg.__version__}",
        f"Uvicorn {uvicorn.__version__}",
    ]
    return ", ".join(part for part in parts if part)


def busy() -> float:
    """Which part of the processors works right now, 0 to 1: asked while we do nothing, it is what others do."""
    before = _times()
    time.sleep(WATCH_SECONDS)
    (idle, whole), (idle_before, whole_before) = _times(), before
    return 1 - (idle - idle_before) / max(1, whole - whole_before)


def processor_seconds(*roots: int) -> float:
    """Processor time of these processes and of everything that they have begun, the ended ones with them."""
    used = {pid: sum(map(int, fields[11:15])) for pid, fields in _family(roots).items()}
    return sum(used.values()) / os.sysconf("SC_CLK_TCK")


def on_processor(pid: int) -> float:
    """Seconds that the first thread of a process has worked, to the nanosecond."""
    return int(_read(f"/proc/{pid}/schedstat").split()[0]) / 1e9


def family(*roots: int) -> list[int]:
    """These processes and everything that they have begun."""
    return list(_family(roots))


def parent_of(pid: int) -> int:
    """The process that began this one."""
    return int(_fields(pid)[1])


def _family(roots: Collection[int]) -> dict[int, list[str]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                found[int(entry.name)] = _fields(int(entry.name))
    parents = {pid: int(fields[1]) for pid, fields in found.items()}
    return {pid: fields for pid, fields in found.items() if _descends(pid, parents, roots)}


def _fields(pid: int) -> list[str]:
    """What the kernel tells of a process, from its state on."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _descends(pid: int, parents: Mapping[int, int], roots: Collection[int]) -> bool:
    while pid and pid not in roots:
        pid = parents.get(pid, 0)
    return pid != 0


def _times() -> tuple[int, int]:
    fields = [int(one) for one in _read("/proc/stat").splitlines()[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def _read(path: str) -> str:
    return Path(path).read_text("utf-8")
