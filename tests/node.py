"""Programs of others that tests meet, from npm: installed once into `var`, as a lock file pins them."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
MISSING = "Some tests need Node 20 or newer with npm, which this machine does not have: apt-get install nodejs npm"
OLDEST_NODE = 20
PATIENCE = 120
"""Seconds for npm; it takes two."""


def has_node() -> bool:
    """Whether this machine has npm and a Node that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return told.startswith("v") and int(told[1:].partition(".")[0]) >= OLDEST_NODE


def installed(here: Path, script: str) -> Path:
    """The folder with a script of ours and all that it needs."""
    assert has_node(), MISSING
    wanted = hashlib.sha256(b"".join((here / name).read_bytes() for name in ("package.json", "package-lock.json")))
    folder = ROOT / "var" / f"{here.name}-{wanted.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", script):
            shutil.copyfile(here / name, folder / name)
        if not (folder / "complete").exists():
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(["npm", "ci", *quiet], cwd=folder, check=True, timeout=PATIENCE)
            (folder / "complete").touch()
    return folder
