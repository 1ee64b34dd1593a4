"""Folders for databases in tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def walkable_folder() -> Iterator[Path]:
    """A new folder that every user may walk through, gone afterwards.

    pytest's own folders are closed to the user that a database server started by root drops to; such a server would
    keep its cluster in a place of the system, and leave it there.
    """
    with TemporaryDirectory(prefix="opencowin-tests-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
