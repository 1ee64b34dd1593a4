"""`opencowin demo`: makes a trial deployment, keeps its supply current, and vaccinates in it."""

import asyncio
import os
import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from opencowin import demo as play
from opencowin import identity
from opencowin.cli import queries
from opencowin.cli.country import load_country
from opencowin.cli.explain import MISUSED, CommandRefused
from opencowin.cli.terminal import bars, out, say
from opencowin.demo import Made, Notes, Plan
from opencowin.kit.crypto import new_keyring, write_keyring
from opencowin.kit.db import make_pool, transaction
from opencowin.kit.migrate import migrate
from opencowin.kit.settings import ENV_FILE, PREFIX, default_data_dir, settings
from opencowin.places import Progress
from opencowin.serving import Deployment, database, deployment

app = typer.Typer()

DEFAULT_SIZE = "standard"
DEFAULT_SEED = "2021"
POOL = 6


@app.callback(invoke_without_command=True)
def demo(  # noqa: PLR0917 (a command's options)
    ctx: typer.Context,
    size: Annotated[
        str | None, typer.Option(help="small, standard, large or whole (110,595 centres) [default: standard].")
    ] = None,
    seed: Annotated[str | None, typer.Option(help="Another seed makes another supply [default: 2021].")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Throw the demo's data away first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before throwing away.")] = False,
    keep_keys: Annotated[bool, typer.Option("--keep-keys", help="Keep API keys, and who asked for them.")] = False,
) -> None:
    """Make a demo, or bring one up to date: what is there stays, and days that have no sessions yet get theirs."""
    if ctx.invoked_subcommand is not None:
        return
    _prepare_folder(Path(os.environ.get(PREFIX + "DATA_DIR") or default_data_dir()))
    if not settings().demo:
        raise CommandRefused(f"{PREFIX}DEMO is off for this deployment", MISUSED)
    with database(settings(), say) as dsn:
        kept = asyncio.run(_keys(dsn)) if reset and keep_keys else None
        if reset:
            _reset(dsn, yes)
        migrate(dsn, say)
        asyncio.run(_make(_notes(size, seed)))
        if kept:
            asyncio.run(_put_back(dsn, kept))


def _prepare_folder(folder: Path) -> None:
    """In a fresh folder, write a demo's settings and a keyring. Raises CommandRefused for another deployment's."""
    env_file, keyring = folder / ENV_FILE, folder / "keyring.json"
    if env_file.exists() or os.environ.get(PREFIX + "DEMO"):
        pass
    elif keyring.exists():
        raise CommandRefused(f"{folder} belongs to a deployment that is not a demo; choose another {PREFIX}DATA_DIR")
    else:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        env_file.write_text(f"# A demo: not for real people's data.\n{PREFIX}DEMO=true\n", "utf-8")
    if not keyring.exists() and not os.environ.get(PREFIX + "KEYRING_FILE"):
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        write_keyring(keyring, new_keyring())


def _reset(dsn: str, sure: bool) -> None:
    if not sure:
        typer.confirm("Throw away all data of this demo?", abort=True)
    with psycopg.connect(dsn, autocommit=True) as conn:
        if queries.other_users(conn):
            raise CommandRefused("the demo is in use: stop `opencowin serve` first")
        queries.drop_everything(conn)
    play.write_notes(settings().data_dir, Notes())


async def _keys(dsn: str) -> dict[str, Any] | None:
    """API keys and requests of a demo; None where there is none yet."""
    async with make_pool(dsn, size=1) as pool, transaction(pool) as conn:
        try:
            return await identity.keys_to_keep(conn)
        except psycopg.errors.UndefinedTable:
            return None


async def _put_back(dsn: str, kept: dict[str, Any]) -> None:
    async with make_pool(dsn, size=1) as pool, transaction(pool) as conn:
        say(f"API keys kept: {await identity.put_back_keys(conn, kept)}")


def _notes(size: str | None, seed: str | None) -> Notes:
    """What this demo is or shall be. Raises CommandRefused when it was made otherwise."""
    made = play.read_notes(settings().data_dir)
    for wanted, is_now, name in ((size, made.size, "size"), (seed, made.seed, "seed")):
        if wanted and is_now and wanted != is_now:
            raise CommandRefused(f"this demo was made with {name} {is_now}: add --reset to make it anew", MISUSED)
    return Notes(made.size or size or DEFAULT_SIZE, made.seed or seed or DEFAULT_SEED, made.log_ins)


async def _make(notes: Notes) -> None:
    began = time.monotonic()
    async with deployment(settings(), pool_size=POOL) as found:
        with bars() as progress:
            made, filled = await _supply(found, notes, progress)
    out.print(
        f"Demo of size {notes.size}: {made.centres:,} centres and {made.sessions:,} sessions made, "
        f"{filled:,} filled, in {time.monotonic() - began:.0f} s."
        if made.sessions
        else f"Demo of size {notes.size} is up to date."
    )


async def _supply(found: Deployment, notes: Notes, progress: Progress) -> tuple[Made, int]:
    recipe = play.read_recipe(found.floor.pack)
    await load_country(found.pool, found.floor, progress)
    plan = Plan(recipe, recipe.size(notes.size), notes.seed)
    made = await play.make_supply(found.pool, found.floor, plan, progress)
    filled = await play.fill(found.pool, found.floor, recipe, made.crowded, progress)
    async with transaction(found.pool) as conn:
        log_ins = await play.appoint_staff(conn, found.floor, recipe, made.districts)
    play.write_notes(settings().data_dir, Notes(notes.size, notes.seed, (*notes.log_ins, *log_ins)))
    return made, filled


@app.command()
def vaccinate(
    reference: Annotated[int, typer.Argument(help="The beneficiary's reference id (14 digits).")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%d-%m-%Y"], help="An earlier day [default: today].")
    ] = None,
) -> None:
    """Give a beneficiary the dose that is due, as a vaccinator would. Leaves with 1 when none is due yet."""
    if not settings().demo:
        raise CommandRefused("only a demo vaccinates by command", MISUSED)
    asyncio.run(_vaccinate(reference, on.date() if on else None))


async def _vaccinate(reference: int, on: date | None) -> None:
    async with deployment(settings(), pool_size=2) as found:
        async with transaction(found.pool) as conn:
            jab = await play.give_due_dose(conn, found.floor, reference, on)
        dose, when = jab.dose, jab.dose.given_on.strftime(found.floor.country.date_format)
    what = f"Dose {dose.dose_number} of {dose.vaccine_id}, batch {dose.batch_number}"
    out.print(f"{what}, given on {when} at {jab.centre.name} (centre {jab.centre.centre_id}).", markup=False)
    if dose.flags:
        out.print(f"Recorded with remarks: {', '.join(sorted(dose.flags))}.")
