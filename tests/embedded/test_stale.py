"""What an earlier run left behind does not keep the server from starting."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from opencowin.kit.embedded.accounts import owner_of
from opencowin.kit.embedded.binaries import bundled_folder

from .conftest import alive, attach, eventually, keepers_of, stop_now


def serves(data_dir: Path) -> bool:
    with attach(data_dir) as used, psycopg.connect(used.dsn) as link:
        return link.execute("SELECT count(*) FROM seen").fetchone() == (0,)


def pid_file(data_dir: Path, pid: int) -> str:
    """As PostgreSQL wrote it before the machine lost power."""
    cluster = data_dir / "cluster"
    return f"{pid}\n{cluster}\n1700000000\n5432\n{data_dir / 'socket'}\n127.0.0.1\n  5432001         7\nready   \n"


def leave(data_dir: Path, text: str) -> None:
    cluster = data_dir / "cluster"
    path = cluster / "postmaster.pid"
    path.write_text(text)
    if os.geteuid() == 0:
        owner = owner_of(cluster)
        os.chown(path, owner.uid, owner.gid)


def test_a_pid_that_now_belongs_to_another_process(stopped: Path) -> None:
    account = owner_of(stopped / "cluster")
    # Of the server's own user: PostgreSQL itself would refuse to start then.
    options = {"user": account.user, "group": account.group}
    with subprocess.Popen(["/bin/sleep", "60"], cwd="/", **options) as other:  # type: ignore[call-overload]
        leave(stopped, pid_file(stopped, other.pid))
        assert serves(stopped)
        assert other.poll() is None, "a stranger was ended"
        other.kill()


def test_a_pid_of_a_zombie(stopped: Path) -> None:
    zombie = os.posix_spawn("/bin/true", ["/bin/true"], {})
    os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
    try:
        leave(stopped, pid_file(stopped, zombie))
        assert serves(stopped)
    finally:
        os.waitpid(zombie, 0)


def test_a_pid_file_without_sense(stopped: Path) -> None:
    for text in ("", "garbage\n\0\n", "-1\n", "99999999999999999999\n", "1\n"):
        leave(stopped, text)
        assert serves(stopped)
        stop_now(stopped)
        assert eventually(lambda: not keepers_of(stopped))


def test_a_server_that_outlived_its_keeper(stopped: Path) -> None:
    account = owner_of(stopped / "cluster")
    options = {"user": account.user, "group": account.group}
    command = [
        str(bundled_folder() / "postgres"),
        "-D",
        str(stopped / "cluster"),
        "-c",
        "listen_addresses=",
        "-c",
        "port=5999",
    ]
    command += ["-c", f"unix_socket_directories={stopped / 'socket'}"]
    with subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, **options) as orphan:  # type: ignore[call-overload]
        assert eventually(lambda: "ready" in _read(stopped / "cluster" / "postmaster.pid"))
        assert serves(stopped)
        assert orphan.wait(10) == 0, "it was not stopped in good order"


def test_backends_that_outlived_their_postmaster(stopped: Path) -> None:
    with attach(stopped) as used:
        link = psycopg.connect(used.dsn)
        backend = link.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        (keeper,) = keepers_of(stopped)
        os.kill(keeper, signal.SIGSTOP)
        os.kill(used.pid, signal.SIGKILL)
        os.kill(keeper, signal.SIGKILL)
        assert serves(stopped)
        assert not alive(backend)
        link.close()


def test_an_initdb_that_was_cut_short(place: Path) -> None:
    fresh = place / "fresh"
    fresh.mkdir(mode=0o711)
    half = fresh / "cluster.new" / "data"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with attach(fresh) as used, psycopg.connect(used.dsn) as link:
        assert link.execute("SELECT 1").fetchone() == (1,)
    assert not (fresh / "cluster.new").exists()


def test_a_port_that_somebody_took_meanwhile(stopped: Path) -> None:
    port = json.loads((stopped / "addresses.json").read_text())["port"]
    script = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as thief:
        assert thief.stdout is not None
        thief.stdout.readline()
        with attach(stopped) as used:
            assert used.port != port
        thief.kill()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
