"""What every test stands on: one embedded server for the run, a migrated template, a fresh database for each module."""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg import sql

from opencowin.identity import passwords
from opencowin.kit.collecting import keep_what_is_there
from opencowin.kit.crypto import Keyring, write_keyring
from opencowin.kit.db import Connection, Pool, make_pool
from opencowin.kit.embedded import EmbeddedPostgres
from opencowin.kit.floor import Floor, build_floor
from opencowin.kit.migrate import migrate, migrations
from opencowin.kit.settings import Settings
from tests.builders import load_country
from tests.folders import quickest, walkable_folder

TEST_SERVER = "OPENCOWIN_TEST_DATABASE_URL"
TEST_PROGRAMS = "OPENCOWIN_TEST_POSTGRES_BIN"
SHARED = "OPENCOWIN_TEST_FOLDER"
"""The folder that all processes of this run share."""
MADE = "template-made"
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_size": "256MB",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "max_connections": "400",
}


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the platform does."""
    return "asyncio"


def pytest_sessionstart(session: pytest.Session) -> None:
    """The process that starts the run makes the folder of what its processes share, and removes it at the end."""
    if SHARED not in os.environ:
        shared = ExitStack()
        os.environ[SHARED] = str(shared.enter_context(walkable_folder(quickest())))
        shared.callback(_drop_template)
        session.config.add_cleanup(shared.close)


def pytest_collection_finish() -> None:
    """The platform and its tests stay: looking through them again and again takes longer than many a test."""
    keep_what_is_there()


def _drop_template() -> None:
    """From a server that goes on; ours ends with the run."""
    if (named := os.environ.get(TEST_SERVER)) and (Path(os.environ[SHARED]) / MADE).exists():
        run_on(named, "DROP DATABASE IF EXISTS {} WITH (FORCE)", template_name())


def template_name() -> str:
    """Of this run alone."""
    return f"template_{Path(os.environ[SHARED]).name}"


@contextmanager
def one_at_a_time(what: str) -> Iterator[Path]:
    """The shared folder, while no other process of this run does the same."""
    folder = Path(os.environ[SHARED])
    with (folder / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@pytest.fixture(scope="session")
def server_dsn() -> Iterator[str]:
    """The server of OPENCOWIN_TEST_DATABASE_URL, or one for all processes of the run, as long as one of them lives.

    OPENCOWIN_TEST_POSTGRES_BIN names the folder of another PostgreSQL's programs for the latter.
    """
    if named := os.environ.get(TEST_SERVER):
        yield named
        return
    programs = Path(named) if (named := os.environ.get(TEST_PROGRAMS)) else None
    data = Path(os.environ[SHARED]) / "data"
    with EmbeddedPostgres.attach(data, bindir=programs, settings=FAST) as server:
        yield server.dsn_for("postgres")


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Passwords of tests are guessed by nobody: the same algorithm, with the least memory and time."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", cheap)
        yield


def dsn_of(server_dsn: str, database: str) -> str:
    """The same server, another database."""
    return psycopg.conninfo.make_conninfo(server_dsn, dbname=database)


def run_on(server_dsn: str, statement: str, *names: str) -> None:
    """Execute a statement about databases, outside any transaction."""
    with psycopg.connect(server_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def migrate_to(conn: psycopg.Connection, number: int) -> None:
    """Bring an empty database to an earlier release: all migrations up to this one."""
    conn.execute(
        "CREATE TABLE migration (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"
    )
    for one in migrations()[:number]:
        with conn.transaction():
            conn.execute(one.sql.encode())
            conn.execute("INSERT INTO migration VALUES (%s, %s, %s)", (one.number, one.name, one.checksum))


def clone(server_dsn: str, template: str, name: str) -> None:
    """A copy of a database by its files, which costs a third of one by the log."""
    run_on(server_dsn, "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)


@pytest.fixture(scope="session")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Floor:
    """The floor of a demo deployment with a keyring of its own."""
    folder = tmp_path_factory.mktemp("floor")
    write_keyring(folder / "keyring.json", Keyring(1, {1: b"k" * 32}, b"i" * 32))
    return build_floor(Settings(demo=True, data_dir=folder, otp_resend_seconds=0, api_calls_per_5_minutes=100_000))


@pytest.fixture(scope="session")
def template(server_dsn: str, floor: Floor) -> str:
    """The name of a migrated database with the country loaded, to clone from; who needs it first makes it."""
    name = template_name()
    with one_at_a_time("template") as folder:
        if not (folder / MADE).exists():
            run_on(server_dsn, "CREATE DATABASE {}", name)
            migrate(dsn_of(server_dsn, name))
            load_country(dsn_of(server_dsn, name), floor)
            (folder / MADE).touch()
    return name


@pytest.fixture(scope="module")
def database(server_dsn: str, template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of a database of this module's own."""
    name = f"test_{os.getpid()}_{request.path.stem}"[:60]
    clone(server_dsn, template, name)
    yield dsn_of(server_dsn, name)
    run_on(server_dsn, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A pool on the module's database: what tests commit here stays for the module."""
    async with make_pool(database, size=40) as opened:
        yield opened


@pytest.fixture
async def conn(database: str) -> AsyncIterator[Connection]:
    """One connection in an open transaction that is rolled back after the test."""
    async with (
        await psycopg.AsyncConnection.connect(database, autocommit=True) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield connection
