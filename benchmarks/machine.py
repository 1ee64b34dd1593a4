"""The machine that figures are of: what it is, and how busy it is with other things."""

import os
import platform
import re
import time
from pathlib import Path

import granian
import psycopg

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
        f"Granian {granian.__version__}",
    ]
    return ", ".join(part for part in parts if part)


def busy() -> float:
    """Which part of the processors works right now, 0 to 1: asked while we do nothing, it is what others do."""
    before = _times()
    time.sleep(WATCH_SECONDS)
    (idle, whole), (idle_before, whole_before) = _times(), before
    return 1 - (idle - idle_before) / max(1, whole - whole_before)


def _times() -> tuple[int, int]:
    fields = [int(one) for one in _read("/proc/stat").splitlines()[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def _read(path: str) -> str:
    return Path(path).read_text("utf-8")
