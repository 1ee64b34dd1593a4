"""Nobody enters without the password, and nobody else of the machine reaches the files."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from opencowin.kit.embedded import EmbeddedPostgres
from opencowin.kit.embedded.accounts import Account, owner_of
from opencowin.kit.embedded.binaries import bundled_folder

from .conftest import attach, walkable_folder


@pytest.fixture(scope="module")
def served() -> Iterator[Path]:
    with walkable_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
def used(served: Path) -> Iterator[EmbeddedPostgres]:
    with attach(served) as held:
        yield held


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("database", ["opencowin", "postgres", "template1"])
def test_a_connection_without_the_password_is_refused(used: EmbeddedPostgres, served: Path, database: str) -> None:
    for host in ("127.0.0.1", str(served / "socket")):
        known = {"host": host, "port": used.port, "user": "opencowin", "dbname": database}
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(**known)  # type: ignore[arg-type]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(**known, password="guess")  # type: ignore[arg-type]


def test_the_password_opens_both_doors(used: EmbeddedPostgres) -> None:
    for dsn in (used.dsn, used.socket_dsn_for("postgres")):
        with psycopg.connect(dsn) as link:
            assert link.execute("SELECT session_user").fetchone() == ("opencowin",)


def test_no_rule_trusts_anyone(used: EmbeddedPostgres) -> None:
    with psycopg.connect(used.dsn) as link:
        rules = link.execute("SELECT type, address, auth_method, error FROM pg_hba_file_rules").fetchall()
        assert rules == [("local", None, "scram-sha-256", None), ("host", "127.0.0.1", "scram-sha-256", None)]
        listens = link.execute("SELECT current_setting('listen_addresses'), current_setting('fsync')").fetchone()
        assert listens == ("127.0.0.1", "off")


def test_files_are_closed_to_others(used: EmbeddedPostgres, served: Path) -> None:
    assert used.pid
    for name in ("password", "keeper.lock", "server.lock", "keeper.log", "run/keeper.sock", "addresses.json"):
        assert mode(served / name) == 0o600, name
    for name in ("socket", "run", "cluster"):
        assert mode(served / name) == 0o700, name
    assert owner_of(served / "socket") == owner_of(served / "cluster")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_another_user_of_the_machine_stays_outside(used: EmbeddedPostgres, served: Path) -> None:
    stranger = Account(60123, 60123)
    assert stranger.may("-x", served)
    assert not stranger.may("-r", served / "password")
    for door in (served / "run" / "keeper.sock", served / "socket" / f".s.PGSQL.{used.port}"):
        assert Account(0, 0).may("-w", door)
        assert not stranger.may("-w", door)
    # Even with the password in hand the socket's folder is closed to them.
    command = [str(bundled_folder() / "psql"), used.socket_dsn_for("opencowin"), "-c", "SELECT 1"]
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, user=60123, group=60123, extra_groups=[], cwd="/"
    )
    assert told.returncode != 0
    assert "Permission denied" in told.stderr


@pytest.mark.parametrize("name", ["listen_addresses", "hba_file", "Unix_Socket_Directories", "a b", "x\ny"])
def test_settings_that_would_open_a_door_are_refused(data_dir: Path, name: str) -> None:
    with pytest.raises(ValueError, match="setting"):
        EmbeddedPostgres.attach(data_dir, settings={name: "*"})


def test_a_setting_arrives_whatever_its_quotes(stopped: Path) -> None:
    value = r"it's a \ 'test'"
    with EmbeddedPostgres.attach(stopped, settings={"cluster_name": value}) as held, psycopg.connect(held.dsn) as link:
        assert link.execute("SELECT current_setting('cluster_name')").fetchone() == (value,)
        safe = link.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')").fetchone()
        assert safe == ("on", "on")
        assert link.execute("SELECT current_setting('data_checksums')").fetchone() == ("on",)


def test_a_deep_data_folder_works_though_sockets_want_short_paths(place: Path) -> None:
    deep = place / ("d" * 60) / ("e" * 60)
    with attach(deep) as held:
        with psycopg.connect(held.socket_dsn_for("opencowin")) as link:
            assert link.execute("SELECT 1").fetchone() == (1,)
            (folder,) = link.execute("SELECT current_setting('unix_socket_directories')").fetchone() or ()
        assert mode(Path(folder)) == 0o700
        assert owner_of(Path(folder)) == owner_of(deep / "cluster")
        with attach(deep) as second:
            assert second.pid == held.pid
