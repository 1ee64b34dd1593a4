"""The sandbox begins anew by itself, until it is told to stop; what it runs is played by small programs here."""

import signal
import subprocess
import sys
import time
from pathlib import Path

PLAYED = """
import subprocess, sys
from opencowin.cli import sandbox

def run(*arguments):
    with open({log!r}, "a") as log:
        print(*arguments, file=log)
    script = {scripts!r}[arguments[0]]
    return subprocess.Popen([sys.executable, "-c", script], start_new_session=True)

sandbox._run = run
sandbox.app(["--every-hours", "0.0001", "--port", "8123"])
"""
SERVES, FAILS, IS_DONE = "import time; time.sleep(60)", "raise SystemExit(3)", ""


def played(log: Path, demo: str, serve: str) -> subprocess.Popen[str]:
    """The command, with other programs in place of those that it runs."""
    script = PLAYED.format(log=str(log), scripts={"demo": demo, "serve": serve})
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)


def ran(log: Path) -> list[str]:
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


def test_it_is_made_and_served_in_turns_until_it_is_told_to_stop(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = played(log, IS_DONE, SERVES)
    end = time.monotonic() + 60
    while len(ran(log)) < 4:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert ran(log)[:4] == ["demo", "serve"] * 2
    assert "demo --reset --yes --keep-keys --size standard" in log.read_text()
    assert "serve --port 8123" in log.read_text()
    process.communicate()


def test_it_says_so_when_it_cannot_be_made_or_serving_ends(tmp_path: Path) -> None:
    for demo, serve, steps in ((FAILS, SERVES, ["demo"]), (IS_DONE, FAILS, ["demo", "serve"])):
        log = tmp_path / f"log-{len(steps)}"
        process = played(log, demo, serve)
        assert process.wait(30) != 0
        process.communicate()
        assert ran(log) == steps
