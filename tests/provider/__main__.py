"""Sees to it that there is a Node with npm, where that is in our power: `python -m tests.provider`."""

import os
import shutil
import subprocess
import sys

from tests.node import MISSING, has_node


def main() -> None:
    """Install Node from the system's packages, or say how to get it."""
    if not has_node() and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
        install = ["apt-get", "install", "--no-install-recommends", "-y", "-qq", "nodejs", "npm"]
        subprocess.run(install, check=False, env=quiet, stdout=subprocess.DEVNULL)
    if not has_node():
        sys.stderr.write(f"{MISSING}\n")


if __name__ == "__main__":
    main()
