"""Real servers in folders that a server's user can reach; what a test leaves running fails the run."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from opencowin.kit.embedded import EmbeddedPostgres
from tests.folders import quickest

FAST = {"fsync": "off", "shared_buffers": "32MB"}
HOLDER = """
import sys, json
from pathlib import Path
from opencowin.kit.embedded import EmbeddedPostgres
held = EmbeddedPostgres.attach(Path(sys.argv[1]), settings=json.loads(sys.argv[2]))
print(held.pid, held.dsn, flush=True)
sys.stdin.read()
"""


def alive(pid: int) -> bool:
    """Runs, and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually(true: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return true()


def keepers_of(data_dir: Path) -> list[int]:
    return [pid for pid, words in _commands() if "opencowin.kit.embedded.keeper" in words and str(data_dir) in words]


def keepers_below(folder: Path) -> list[int]:
    inside = f"{folder}/"
    return [pid for pid, words in _commands() if "opencowin.kit.embedded.keeper" in words and inside in " ".join(words)]


def _commands() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue


def servers_below(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = (entry / "cwd").readlink()
            except OSError:
                continue
            if where.is_relative_to(folder):
                found.append(int(entry.name))
    return found


def attach(data_dir: Path, **options: object) -> EmbeddedPostgres:
    return EmbeddedPostgres.attach(data_dir, settings=FAST, **options)  # type: ignore[arg-type]


class Holder:
    """Another process that uses the server of a folder."""

    def __init__(self, data_dir: Path, settings: str = '{"fsync": "off", "shared_buffers": "32MB"}') -> None:
        command = [sys.executable, "-c", HOLDER, str(data_dir), settings]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ready(self) -> tuple[int, str]:
        assert self.process.stdout is not None
        pid, dsn = self.process.stdout.readline().split()
        return int(pid), dsn

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def stop_now(folder: Path) -> None:
    """Do not wait for the grace after the last user: asked to end, a keeper stops its server in good order."""
    for data_dir in {folder, *folder.glob("*/"), *folder.glob("*/*/")}:
        for pid in keepers_of(data_dir):
            os.kill(pid, signal.SIGTERM)


@contextmanager
def walkable_folder() -> Iterator[Path]:
    """A folder that others may walk through, as pytest's own is closed to the server's user under root."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-", dir=quickest()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        stop_now(folder)
        ended = eventually(lambda: not servers_below(folder) and not keepers_below(folder))
        left = servers_below(folder) + keepers_below(folder)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
    assert ended, f"left running: {left}"


@pytest.fixture
def place() -> Iterator[Path]:
    with walkable_folder() as folder:
        yield folder


@pytest.fixture
def data_dir(place: Path) -> Path:
    return place / "data"


@pytest.fixture(scope="session")
def used_once() -> Iterator[Path]:
    """A cluster that was made, used and stopped."""
    with walkable_folder() as folder:
        with attach(folder / "data") as used, psycopg.connect(used.dsn) as link:
            link.execute("CREATE TABLE seen (at int)")
        stop_now(folder)
        assert eventually(lambda: not keepers_below(folder))
        yield folder / "data"


@pytest.fixture
def stopped(used_once: Path, data_dir: Path) -> Path:
    """A copy of it for one test alone."""
    subprocess.run(["cp", "-a", str(used_once), str(data_dir)], check=True)
    return data_dir
