"""A real, certified OpenID provider beside the tests: node's oidc-provider, installed once by npm into `var`."""

import contextlib
import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MISSING = (
    "The tests of the sign-in by national ID need Node 20 or newer with npm, which this machine does not have:"
    " apt-get install nodejs npm"
)
OLDEST_NODE = 20
PATIENCE = 120
"""Seconds for npm; it takes two."""


@dataclass(frozen=True, slots=True)
class RunningProvider:
    """A provider that listens."""

    port: int

    @property
    def issuer(self) -> str:
        """Its address and name."""
        return f"http://127.0.0.1:{self.port}"


def has_node() -> bool:
    """Whether this machine has npm and a Node that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return told.startswith("v") and int(told[1:].partition(".")[0]) >= OLDEST_NODE


def installed() -> Path:
    """The folder with the provider and all that it needs, as the lock file pins it."""
    assert has_node(), MISSING
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ("package.json", "package-lock.json")))
    folder = ROOT / "var" / f"provider-{wanted.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", "provider.mjs"):
            shutil.copyfile(HERE / name, folder / name)
        if not (folder / "complete").exists():
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(["npm", "ci", *quiet], cwd=folder, check=True, timeout=PATIENCE)
            (folder / "complete").touch()
    return folder


@contextlib.contextmanager
def providing(
    clients: Sequence[Mapping[str, Any]], people: Mapping[str, Mapping[str, Any]], port: int, *, behind: int = 0
) -> Iterator[RunningProvider]:
    """A provider with these clients, which knows these people by login, while this lasts; its clock may be behind."""
    order = json.dumps({"port": port, "clients": clients, "people": people, "behind": behind})
    with subprocess.Popen(
        ["node", "provider.mjs"], cwd=installed(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin
        assert running.stdout
        try:
            running.stdin.write(order + "\n")
            running.stdin.flush()
            assert any(line.strip() == "ready" for line in running.stdout), "the provider did not come up"
            yield RunningProvider(port)
        finally:
            running.kill()
