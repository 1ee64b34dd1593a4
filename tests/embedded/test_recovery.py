"""Recovery may take as long as it takes; a start that fails says why at once."""

import os
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest

from opencowin.kit.embedded import EmbeddedPostgres, StartFailed

from .conftest import FAST, attach, eventually, keepers_of, servers_below

HELD = 11.0


def _startup_process(cluster: Path) -> list[int]:
    return [pid for pid in servers_below(cluster) if "startup" in Path(f"/proc/{pid}/cmdline").read_text()]


def _crash_with_much_to_redo(data_dir: Path) -> None:
    settings = {**FAST, "max_wal_size": "4GB", "checkpoint_timeout": "1h"}
    with EmbeddedPostgres.attach(data_dir, settings=settings) as used:
        with psycopg.connect(used.dsn) as link:
            link.execute("INSERT INTO seen SELECT generate_series(1, 2000000)")
        (keeper,) = keepers_of(data_dir)
        os.kill(keeper, signal.SIGSTOP)
        for pid in [used.pid, *servers_below(data_dir), keeper]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def test_a_recovery_is_waited_for_and_told_of(stopped: Path) -> None:
    _crash_with_much_to_redo(stopped)
    told: list[str] = []
    came: list[EmbeddedPostgres] = []
    starter = threading.Thread(target=lambda: came.append(attach(stopped, on_progress=told.append)))
    starter.start()
    # Stands for gigabytes of it: a held recovery, for longer than pg_ctl's patience in the wheel's own layer.
    assert eventually(lambda: bool(_startup_process(stopped)), seconds=10)
    (redoing,) = _startup_process(stopped)
    os.kill(redoing, signal.SIGSTOP)
    time.sleep(HELD)
    assert not came
    assert starter.is_alive()
    os.kill(redoing, signal.SIGCONT)
    starter.join(60)

    with came[0] as used, psycopg.connect(used.dsn) as link:
        assert link.execute("SELECT count(*) FROM seen").fetchone() == (2000000,)
    assert any("recovering" in message or "waiting for PostgreSQL" in message for message in told)


def test_a_server_that_ends_while_starting_is_told_at_once_with_its_log(stopped: Path) -> None:
    (stopped / "cluster" / "global" / "pg_control").write_bytes(b"")
    began = time.monotonic()
    with pytest.raises(StartFailed, match="pg_control"):
        attach(stopped)
    assert time.monotonic() - began < 10
    assert eventually(lambda: not keepers_of(stopped))


def test_a_setting_that_postgresql_does_not_know_is_told(stopped: Path) -> None:
    with pytest.raises(StartFailed, match="no_such_setting"):
        EmbeddedPostgres.attach(stopped, settings={"no_such_setting": "1"})


def test_all_users_hear_of_a_failure(stopped: Path) -> None:
    (stopped / "cluster" / "global" / "pg_control").write_bytes(b"")
    heard: list[str] = []

    def attempt() -> None:
        try:
            attach(stopped)
        except StartFailed as error:
            heard.append(str(error))

    users = [threading.Thread(target=attempt) for _ in range(3)]
    for user in users:
        user.start()
    for user in users:
        user.join(30)
    assert len(heard) == 3
