"""The reference of PostgreSQL itself: its own load generator, with statements that do what ours has to do."""

import re
import subprocess

from benchmarks.lab import Lab
from opencowin.kit.embedded.binaries import bundled_folder

SECONDS = 2


def pgbench(lab: Lab, script: str, *, clients: int, **variables: int) -> float:
    """Transactions a second of so many clients on two threads, each statement of the script prepared."""
    written = lab.folder / "pgbench.sql"
    written.write_text(script, "utf-8")
    program = str(bundled_folder() / "pgbench")
    settings = f"-n -M prepared -c {clients} -j 2 -T {SECONDS}".split()
    named = [part for name, value in variables.items() for part in ("-D", f"{name}={value}")]
    command = (program, *settings, *named, "-f", str(written), lab.dsn)
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"tps = ([\d.]+)", told)
    assert found is not None
    return float(found[1])
