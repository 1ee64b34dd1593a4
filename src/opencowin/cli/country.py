"""`opencowin country`: the country's programme and places, and its official district numbers."""

import asyncio
import csv
from pathlib import Path
from typing import Annotated

import typer

from opencowin import places, programme
from opencowin.cli.explain import MISUSED, CommandRefused
from opencowin.cli.terminal import bars, out
from opencowin.kit.db import Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.settings import settings
from opencowin.places import MatchReport, Progress
from opencowin.serving import deployment

app = typer.Typer(no_args_is_help=True)


@app.callback()
def country() -> None:
    """The country's programme and places, and its official district numbers."""


@app.command()
def load(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV of official districts: state_id, district_id, district_name, state_name."),
    ] = None,
) -> None:
    """Load the country pack's programme and places; with FILE, give districts their official numbers. Repeatable."""
    asyncio.run(_load_pack() if file is None else _load_districts(_rows(file)))


async def _load_pack() -> None:
    async with deployment(settings()) as found:
        with bars() as progress:
            report = await load_country(found.pool, found.floor, progress)
    if report.already_loaded:
        out.print("The places were loaded already; the programme is as in the country pack.")
    else:
        out.print(
            f"Loaded {report.states} states, {report.districts} districts, {report.pin_codes:,} postal codes and "
            f"{report.localities:,} localities; {report.points_replaced:,} doubtful points were replaced."
        )


async def load_country(pool: Pool, floor: Floor, progress: Progress) -> places.LoadReport:
    """The programme and the places of the country pack, in one transaction."""
    async with transaction(pool) as conn:
        await programme.load_programme(conn, floor.pack)
        return await places.load_places(conn, floor.pack, progress)


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.DictReader(lines))
    except UnicodeDecodeError as wrong:
        raise CommandRefused(f"{file} is not a CSV file in UTF-8.", MISUSED) from wrong


async def _load_districts(rows: list[dict[str, str]]) -> None:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        report = await places.load_official_districts(conn, found.floor.pack, rows)
    _tell(report)


def _tell(report: MatchReport) -> None:
    out.print(f"{len(report.renumbered)} districts got their official number, {len(report.already)} had it already.")
    if report.by_spelling:
        out.print(f"Matched though spelt differently ({len(report.by_spelling)}); please look these over:")
    for one in report.by_spelling:
        found = f"{one.our_name} → {one.official_name} ({one.official_id})"
        out.print(f"  {one.state_name}: {found}, {one.how.value} {one.likeness:.2f}", markup=False)
    if report.created:
        out.print(f"Entered, as we had none of that name ({len(report.created)}):")
    for new in report.created:
        out.print(f"  {new.state_name}: {new.name} ({new.district_id})", markup=False)
    if report.without_official_number:
        out.print(f"Without an official number ({len(report.without_official_number)}):")
        out.print("  " + ", ".join(report.without_official_number), markup=False)
