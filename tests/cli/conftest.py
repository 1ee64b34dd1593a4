"""A small demo in a folder of its own, and a way to run commands in it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.commands import commands
from tests.conftest import one_at_a_time
from tests.folders import quickest, walkable_folder

PATIENCE = 90.0
COMMAND = (sys.executable, "-m", "opencowin.cli")


@dataclass
class Place:
    """A data folder in which commands are run."""

    folder: Path
    serving: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self, **further: str) -> dict[str, str]:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("OPENCOWIN_")}
        return {**outside, "OPENCOWIN_DATA_DIR": str(self.folder), "COLUMNS": "200", **further}

    def run(self, *arguments: str, **further: str) -> subprocess.CompletedProcess[str]:
        """One command; what it printed and its exit code."""
        return commands().run(arguments, self.environment(**further))

    def serve(self, port: int) -> subprocess.Popen[str]:
        """A serving process; what it prints can be read from its `stdout`."""
        process = subprocess.Popen(
            (*COMMAND, "serve", "--port", str(port)), env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.serving.append(process)
        return process

    def everyone(self) -> list[int]:
        """Every live process that works on this folder: ours, the keeper's, PostgreSQL's."""
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and self._is_ours(entry)]

    def _is_ours(self, process: Path) -> bool:
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            alive = "\nState:\tZ" not in (process / "status").read_text()
        except OSError:
            return False
        return alive and int(process.name) != os.getpid() and str(self.folder).encode() in told


def until(what: Callable[[], bool]) -> None:
    """Wait for it, but not for ever."""
    patience = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < patience, "waited in vain"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


@pytest.fixture(scope="session")
def trial() -> Iterator[Place]:
    """A demo of the smallest size: a copy of the one that was made first in this run."""
    with one_at_a_time("demo") as shared:
        first = Place(shared / "demo")
        if not first.folder.exists():
            made = first.run("demo", "--size", "small")
            assert made.returncode == 0, made.stderr
            assert "Demo of size small: 6" in made.stdout
            until(lambda: not first.everyone())
    with walkable_folder(quickest()) as folder:
        subprocess.run(["cp", "-a", str(first.folder), str(folder / "data")], check=True)
        place = Place(folder / "data")
        yield place
        for process in place.serving:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()


@pytest.fixture
def fresh() -> Iterator[Place]:
    """A data folder that does not exist yet."""
    with walkable_folder(quickest()) as folder:
        yield Place(folder / "data")
