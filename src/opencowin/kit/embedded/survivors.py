"""Processes left behind by an earlier server of the same cluster: found, ended, and never confused with others."""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For a child to call before it becomes the program: the kernel signals it when its parent dies, however."""
    parent = os.getpid()

    def arrange() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return arrange


def try_lock(handle: int) -> bool:
    """Take the lock of an open file without waiting; whether that worked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def processes_of(cluster: Path) -> list[int]:
    """Every live process that works in the cluster's folder, as PostgreSQL's all do. Zombies do not count."""
    if sys.platform != "linux":
        return _postmaster_by_ps(cluster)
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if _works_in(pid, cluster)]


def _works_in(pid: int, cluster: Path) -> bool:
    proc = Path("/proc", str(pid))
    try:
        return (proc / "cwd").samefile(cluster) and (proc / "comm").read_text().strip().startswith("postgres")
    except OSError:
        return False


def _postmaster_by_ps(cluster: Path) -> list[int]:
    pid = recorded_pid(cluster)
    if pid is None:
        return []
    command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a number of our own
    return [pid] if "postgres" in told.stdout and str(cluster) in told.stdout else []


def recorded_pid(cluster: Path) -> int | None:
    """The first line of postmaster.pid, if it is a number."""
    lines = _pid_file(cluster)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def recorded_status(cluster: Path) -> str:
    """`starting`, `ready`, `stopping`…, as PostgreSQL itself records it for pg_ctl; empty when not yet known."""
    lines = _pid_file(cluster)
    return lines[7].strip() if len(lines) > 7 else ""


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def send(pids: list[int], number: signal.Signals) -> None:
    """Signal those that are still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
