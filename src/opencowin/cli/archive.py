"""`opencowin archive`: months of the trail and of appointments that are over, put away into files and brought back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from opencowin.cli.explain import CommandRefused
from opencowin.kit import archive as kept
from opencowin.kit.audit_parts import TRAIL
from opencowin.kit.settings import settings
from opencowin.scheduling import APPOINTMENTS
from opencowin.serving import database

app = typer.Typer(no_args_is_help=True)

SHELVES = (TRAIL, APPOINTMENTS)

Folder = Annotated[Path, typer.Argument(help="Where the files are; keep a copy elsewhere.", file_okay=False)]


@app.callback()
def archive() -> None:
    """Months of the audit trail and of appointments that are over, as files: put away, checked, brought back."""


@app.command()
def write(
    folder: Folder,
    months: Annotated[int, typer.Option(min=1, help="Leave so many whole months of the trail in the database.")] = 24,
) -> None:
    """Put months that are over into files of this folder, each once it was read again, and let them go: of the trail,
    and of appointments those that the setting OPENCOWIN_APPOINTMENTS_KEPT_MONTHS does not keep. Run it again after a
    crash: what is half done is begun anew. Leaves with 1 when a part had to stay."""
    now, stayed = datetime.now(UTC), False
    left = {TRAIL: months, APPOINTMENTS: settings().appointments_kept_months}
    with _connected() as conn:
        parts = [(s, part) for s in SHELVES for part in kept.parts_before(conn, s, _months_ago(now, left[s]))]
        for shelf, part in parts:
            try:
                done = kept.put_away(conn, shelf, part, folder)
            except kept.ArchiveRefused as refused:
                typer.echo(f"{part.partition} stays: {refused}", err=True)
                stayed = True
            else:
                typer.echo(f"{done.partition}: {done.row_count} rows in {folder / done.file_name}")
    if not parts:
        typer.echo("No part was over for so long.")
    if stayed:
        raise typer.Exit(1)


@app.command("list")
def list_archived() -> None:
    """Tell what was put away."""
    with _connected() as conn:
        for partition, rows, name, at in kept.archived(conn):
            typer.echo(f"{partition}: {rows} rows in {name}, since {at:%Y-%m-%d}")


@app.command()
def check(folder: Folder) -> None:
    """Read the files of this folder to their ends. Leaves with 1 when one is not what its manifest says."""
    manifests = sorted(folder.glob(f"*{kept.MANIFEST}"))
    if not manifests:
        raise CommandRefused(f"there is nothing in {folder}")
    for path in manifests:
        manifest = kept.read_manifest(path)
        kept.check(folder, manifest)
        typer.echo(f"{manifest.partition}: {manifest.row_count} rows, as they were written")


@app.command()
def restore(
    manifest: Annotated[Path, typer.Argument(help="The .json beside the file.", exists=True, dir_okay=False)],
) -> None:
    """Bring a part back into its table; the file stays."""
    with _connected() as conn:
        done = kept.bring_back(conn, manifest, SHELVES)
    typer.echo(f"{done.partition}: {done.row_count} rows are back in {done.table_name}.")


def _months_ago(now: datetime, months: int) -> datetime:
    """The beginning of the month that lies so many before this one."""
    years, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return datetime(years, month + 1, 1, tzinfo=UTC)


@contextmanager
def _connected() -> Iterator[psycopg.Connection]:
    with database(settings()) as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        yield conn
