"""`opencowin reports`: historic daily series, imported and kept beside what is counted here."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from opencowin import reports
from opencowin.cli.explain import CommandRefused
from opencowin.cli.terminal import out, remarks
from opencowin.kit.db import transaction
from opencowin.kit.settings import settings
from opencowin.serving import deployment

app = typer.Typer(no_args_is_help=True)
SHOWN = 20


@app.callback()
def reports_command() -> None:
    """Historic daily series: import, list, remove. They are shown on a dashboard of their own."""


@app.command("import")
def import_series(
    file: Annotated[Path, typer.Argument(help="CSV of sums by place and day.")],
    layout: Annotated[str, typer.Option(help="How it is laid out: a section of the country pack's history.toml.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check only; nothing is kept.")] = False,
) -> None:
    """Import a historic daily series instead of an earlier import of it. Nothing is kept when a cell is wrong."""
    with _lines(file) as lines:
        asyncio.run(_import(lines, layout, dry_run))


@app.command("list")
def list_series() -> None:
    """The imported series."""
    asyncio.run(_list())


@app.command()
def remove(series: Annotated[str, typer.Argument(help="Its name, as `opencowin reports list` tells it.")]) -> None:
    """Remove an imported series."""
    asyncio.run(_remove(series))


@contextmanager
def _lines(file: Path) -> Iterator[list[str]]:
    try:
        yield file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as unreadable:
        raise CommandRefused(f"{file} cannot be read: {unreadable}") from unreadable


async def _import(lines: list[str], layout_id: str, dry_run: bool) -> None:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        layout = reports.layout_called(found.floor.pack, layout_id)
        history = reports.read_history(lines, layout, await reports.known_states(conn))
        for problem in history.problems[:SHOWN]:
            remarks.print(f"line {problem.line}, {problem.column}: {problem.text}", markup=False)
        if history.problems or not history.rows:
            raise CommandRefused(f"{len(history.problems)} cells cannot be read: nothing was imported")
        if dry_run:
            out.print(f"{len(history.rows):,} figures can be imported; nothing was kept.")
            return
        series = await reports.import_history(conn, found.floor.clock, layout, history)
    out.print(
        f"Imported {len(history.rows):,} figures of {series.first_day} to {series.last_day}: see"
        f" /dashboard/history?series={series.series_id}"
    )


async def _list() -> None:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        for one in await reports.all_series(conn):
            out.print(f"{one.series_id}  {one.first_day} to {one.last_day}  {one.name}  ({one.source})", markup=False)


async def _remove(series_id: str) -> None:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        await reports.remove_history(conn, series_id)
    out.print(f"Removed {series_id}.")
