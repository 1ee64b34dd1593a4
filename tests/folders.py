"""Folders for databases in tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

MEMORY = Path("/dev/shm")
ROOM = 6_000_000_000
"""Bytes that must be free in memory before databases are made there."""


def quickest() -> Path | None:
    """Where folders are made soonest: in memory, where there is room and programs may be run; None is the usual place.

    A run makes and removes more than a hundred databases of a thousand files each. A disk's file system spends more
    time on finding places for the files than the tests spend in the databases.
    """
    try:
        there = os.statvfs(MEMORY)
        told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    except OSError:
        return None
    free = min(there.f_bavail * there.f_frsize, int(told["MemAvailable"].split()[0]) * 1024)
    return MEMORY if free > ROOM and not there.f_flag & os.ST_NOEXEC else None


@contextmanager
def walkable_folder(where: Path | None = None) -> Iterator[Path]:
    """A new folder that every user may walk through, gone afterwards.

    pytest's own folders are closed to the user that a database server started by root drops to; such a server would
    keep its cluster in a place of the system, and leave it there.
    """
    with TemporaryDirectory(prefix="opencowin-tests-", ignore_cleanup_errors=True, dir=where) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
