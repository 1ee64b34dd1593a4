"""`opencowin doctor`: what is wrong with this deployment, and how to mend it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from opencowin import identity
from opencowin.cli import queries
from opencowin.cli.explain import settings_problem
from opencowin.cli.terminal import out
from opencowin.kit.crypto import read_keyring
from opencowin.kit.embedded import EmbeddedError, Finding, Severity, diagnose
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor, build_floor
from opencowin.kit.migrate import MigrationAltered, pending
from opencowin.kit.partitions import readiness
from opencowin.kit.settings import ENV_FILE, PREFIX, Settings, default_data_dir, read_settings
from opencowin.serving import PortUnusable, check_port, database

app = typer.Typer()

OLDEST_VERSION = 150000
LATE = timedelta(minutes=1)
LARGEST_SKEW = timedelta(seconds=2)
SIGNS = {Severity.FINE: ("green", "ok"), Severity.WARNING: ("yellow", "warning"), Severity.PROBLEM: ("red", "problem")}


@app.command()
def doctor() -> None:
    """Tell what is wrong and how to mend it. Leaves with 1 when something is."""
    found = list(examine())
    for one in found:
        colour, word = SIGNS[one.severity]
        out.print(f"[{colour}]{word:<8}[/] ", end="")
        out.print(one.what, markup=False)
        if one.mend:
            out.print(f"         → {one.mend}", markup=False)
    problems = sum(one.severity is Severity.PROBLEM for one in found)
    warnings = sum(one.severity is Severity.WARNING for one in found)
    if problems:
        out.print(f"{problems} problem(s), {warnings} warning(s).")
        raise typer.Exit(1)
    out.print(f"Nothing is wrong; {warnings} warning(s)." if warnings else "Nothing is wrong.")


def examine() -> Iterator[Finding]:
    """Look at everything; stops where what follows cannot be looked at."""
    try:
        settings = read_settings()
    except (ValidationError, SettingsError) as wrong:
        folder = Path(os.environ.get(PREFIX + "DATA_DIR") or default_data_dir())
        what = settings_problem(wrong) if isinstance(wrong, ValidationError) else f"{wrong}: write it as JSON."
        yield Finding(Severity.PROBLEM, what, f"Set it in the environment or in {folder / ENV_FILE}.")
        return
    mode = "demo mode: not for real people's data" if settings.demo else "settings are safe"
    yield Finding(Severity.WARNING if settings.demo else Severity.FINE, f"Data folder {settings.data_dir}; {mode}")
    yield from _pack(settings)
    yield from _keyring(settings.keyring_path)
    yield from _port(settings)
    if settings.database_url is None:
        found = diagnose(settings.data_dir, settings.postgres_bin)
        yield from found
        unusable = any(one.severity is Severity.PROBLEM for one in found)
        if unusable or not (settings.data_dir / "password").exists():
            return
    yield from _database(settings)


def _pack(settings: Settings) -> Iterator[Finding]:
    if not settings.keyring_path.is_file():
        return
    try:
        floor = build_floor(settings)
    except (Refusal, OSError, ValueError) as wrong:
        yield Finding(Severity.PROBLEM, str(wrong), f"Name a country pack that ships, or a folder: {PREFIX}COUNTRY.")
    else:
        yield Finding(Severity.FINE, f"Country pack {settings.country}: {floor.country.name}")
        yield from _providers(floor)


def _providers(floor: Floor) -> Iterator[Finding]:
    try:
        listed = [one.id for one in identity.listed_providers(floor)]
        ready = [one.provider.id for one in identity.ready_providers(floor)]
    except Refusal as wrong:
        yield Finding(Severity.PROBLEM, str(wrong), f"Correct it, or the secrets in {PREFIX}SIGN_IN_SECRETS.")
        return
    if listed:
        off = [name for name in listed if name not in ready]
        what = f"Sign-in by national ID: on {', '.join(ready) or '-'}; off, without a secret: {', '.join(off) or '-'}"
        yield Finding(Severity.FINE, what)


def _keyring(path: Path) -> Iterator[Finding]:
    if not path.is_file():
        yield Finding(
            Severity.PROBLEM, f"There is no keyring at {path}", "Make one: opencowin keys init (or make demo)."
        )
        return
    if path.stat().st_mode & 0o077:
        yield Finding(Severity.PROBLEM, f"The keyring {path} can be read by other users", f"chmod 600 {path}")
    try:
        keyring = read_keyring(path)
    except (OSError, ValueError, KeyError) as wrong:
        what = f"The keyring {path} cannot be read: {type(wrong).__name__}"
        yield Finding(Severity.PROBLEM, what, "Restore it from its copy: without it, sealed data stay sealed.")
    else:
        yield Finding(Severity.FINE, f"Keyring with {len(keyring.keys)} key(s); key {keyring.current} seals")


def _port(settings: Settings) -> Iterator[Finding]:
    try:
        check_port(settings.host, settings.port)
    except PortUnusable as used:
        yield Finding(Severity.WARNING, str(used), "Nothing, if it is this deployment that listens there.")
    else:
        yield Finding(Severity.FINE, f"Port {settings.port} of {settings.host} is free")


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with database(settings) as dsn, psycopg.connect(dsn, autocommit=True, connect_timeout=10) as conn:
            for look in (_server, _schema, _country, _queue, _messages, _partitions):
                yield from look(conn)
    except psycopg.OperationalError as unreachable:
        what = f"The database does not answer: {str(unreachable).strip().splitlines()[0]}"
        yield Finding(Severity.PROBLEM, what, f"Start it, or correct {PREFIX}DATABASE_URL.")
    except EmbeddedError as unusable:
        yield Finding(Severity.PROBLEM, str(unusable), "See the findings about the embedded server.")


def _server(conn: psycopg.Connection) -> Iterator[Finding]:
    facts = queries.server_facts(conn)
    version = f"PostgreSQL {facts.version // 10000}.{facts.version % 10000}"
    if facts.version < OLDEST_VERSION:
        yield Finding(Severity.PROBLEM, f"{version} is too old", "Use PostgreSQL 15 or newer.")
    else:
        yield Finding(Severity.FINE, f"{version} answers")
    if "off" in (facts.fsync, facts.synchronous_commit):
        what = "The server confirms what is not on disk yet (fsync or synchronous_commit is off)"
        yield Finding(Severity.PROBLEM, what, "Turn both on: a confirmed booking must survive a crash.")
    skew = abs(facts.now - datetime.now(UTC))
    if skew > LARGEST_SKEW:
        what = f"The clocks of this machine and of the database differ by {skew.total_seconds():.0f} seconds"
        yield Finding(Severity.PROBLEM, what, "Keep both with NTP: slots, codes and certificates go by the clock.")


def _schema(conn: psycopg.Connection) -> Iterator[Finding]:
    try:
        todo = pending(conn)
    except MigrationAltered as altered:
        yield Finding(Severity.PROBLEM, str(altered), "Install the version that made this database, or a newer one.")
        return
    if todo:
        yield Finding(Severity.PROBLEM, f"{len(todo)} migration(s) are pending", "Run: opencowin migrate")
    else:
        yield Finding(Severity.FINE, "The database is up to date")


def _country(conn: psycopg.Connection) -> Iterator[Finding]:
    if not {"state", "programme"} <= queries.tables(conn):
        return
    if queries.is_country_loaded(conn):
        yield Finding(Severity.FINE, "A country and its programme are loaded")
    else:
        yield Finding(Severity.PROBLEM, "No country is loaded", "Run: opencowin country load")


def _queue(conn: psycopg.Connection) -> Iterator[Finding]:
    if "pgqueuer" not in queries.tables(conn):
        return
    facts = queries.queue_facts(conn, LATE)
    if facts.late:
        what = f"{facts.late} job(s) wait, the oldest since {facts.oldest_at:%Y-%m-%d %H:%M:%S %Z}"
        yield Finding(Severity.PROBLEM, what, "Is a worker running? `opencowin serve` or `opencowin worker`.")
    if facts.held:
        what = f"{facts.held} job(s) failed too often and are held"
        yield Finding(
            Severity.PROBLEM, what, "Look for 'job is held' in the worker's log, mend the cause, requeue them."
        )
    if not facts.late and not facts.held:
        yield Finding(Severity.FINE, "No job waits too long or is held")


def _messages(conn: psycopg.Connection) -> Iterator[Finding]:
    if "message" not in queries.tables(conn):
        return
    unsent = queries.unsent_messages(conn, LATE)
    if unsent:
        what = f"{unsent} message(s) were not sent for more than a minute"
        yield Finding(Severity.PROBLEM, what, "Set up a gateway for messages, and see that a worker runs.")
    else:
        yield Finding(Severity.FINE, "No message waits to be sent")


def _partitions(conn: psycopg.Connection) -> Iterator[Finding]:
    if "archived_partition" not in queries.tables(conn):
        return
    for one in readiness(conn):
        if not one.ahead:
            what = f"The table {one.table} has no part for next month"
            yield Finding(Severity.PROBLEM, what, "Is a worker running? It makes the parts of three months ahead.")
        elif one.strays:
            what = f"The table {one.table} has rows of a month without a part, in {one.table}_default"
            yield Finding(
                Severity.WARNING, what, "They move when a worker makes the part. Is the server's clock right?"
            )
        else:
            yield Finding(Severity.FINE, f"The table {one.table} has parts for {one.ahead} months ahead")
