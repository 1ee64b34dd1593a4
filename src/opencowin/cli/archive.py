"""`opencowin archive`: months of the audit trail that are over, put away into files and brought back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from opencowin.cli.explain import CommandRefused
from opencowin.kit import archive as kept
from opencowin.kit.partitions import BY_MONTH
from opencowin.kit.settings import settings
from opencowin.serving import database

app = typer.Typer(no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Where the files are; keep a copy elsewhere.", file_okay=False)]


@app.callback()
def archive() -> None:
    """Months of the audit trail that are over, as files: put away, checked, brought back."""


@app.command()
def write(
    folder: Folder, months: Annotated[int, typer.Option(min=1, help="Leave so many whole months in the database.")] = 24
) -> None:
    """Put months that are over into files of this folder, each once it was read again, and let them go. Run it again
    after a crash: what is half done is begun anew."""
    before = _months_ago(datetime.now(UTC), months)
    with _connected() as conn:
        parts = [part for table in BY_MONTH for part in kept.parts_before(conn, table, before)]
        for part in parts:
            done = kept.put_away(conn, part, folder)
            typer.echo(f"{done.partition}: {done.row_count} rows in {folder / done.file_name}")
    if not parts:
        typer.echo(f"No part was over before {before:%Y-%m-%d}.")


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
        done = kept.bring_back(conn, manifest)
    typer.echo(f"{done.partition}: {done.row_count} rows are back in {done.table_name}.")


def _months_ago(now: datetime, months: int) -> datetime:
    """The beginning of the month that lies so many before this one."""
    years, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return datetime(years, month + 1, 1, tzinfo=UTC)


@contextmanager
def _connected() -> Iterator[psycopg.Connection]:
    with database(settings()) as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        yield conn
