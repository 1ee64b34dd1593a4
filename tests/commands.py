"""Runs our commands in processes of their own that need not import the platform anew: each is forked from one that has.

`python -m tests.commands` is that process: it reads one request a line, and answers with the exit code.
"""

import gc
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import opencowin.cli
import opencowin.demo
import opencowin.web.app
import opencowin.worker

PATIENCE = 90
STOPPED = 124


class Commands:
    """The process that commands are forked from, as long as this one lives."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._forker = subprocess.Popen(
            (sys.executable, "-m", "tests.commands"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: tuple[str, ...], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        """One command; what it printed and its exit code."""
        assert self._forker.stdin
        assert self._forker.stdout
        with tempfile.TemporaryDirectory() as folder, self._turn:
            out, err = Path(folder, "out"), Path(folder, "err")
            request = {"arguments": arguments, "environment": environment, "out": str(out), "err": str(err)}
            self._forker.stdin.write(json.dumps(request) + "\n")
            self._forker.stdin.flush()
            code = int(self._forker.stdout.readline())
            return subprocess.CompletedProcess(arguments, code, out.read_text("utf-8"), err.read_text("utf-8"))


@lru_cache(1)
def commands() -> Commands:
    """The one of this test process, started when it is first needed."""
    return Commands()


def main() -> None:
    """Fork for every line; what is in memory by then stays as it is, in the children too, and none tidies it up."""
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(request)
            os._exit(_ran())
        print(_waited(child), flush=True)


def _ran() -> int:
    """The exit code, as the interpreter would give it."""
    try:
        opencowin.cli.main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def _become(request: dict[str, Any]) -> None:
    """Take on the command's arguments, environment and output."""
    signal.alarm(PATIENCE)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["opencowin", *request["arguments"]]
    written = os.O_CREAT | os.O_WRONLY
    places = [(os.devnull, os.O_RDONLY), (request["out"], written), (request["err"], written)]
    for number, (path, flags) in enumerate(places):
        os.dup2(os.open(path, flags), number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, "r"))
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), "utf-8", line_buffering=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), "utf-8", line_buffering=True)


def _waited(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if not os.WIFSIGNALED(status) else STOPPED


if __name__ == "__main__":
    main()
