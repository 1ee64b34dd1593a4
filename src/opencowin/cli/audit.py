"""`opencowin audit`: the trail of who looked at or changed whom."""

import asyncio

import typer

from opencowin.cli.explain import CommandRefused
from opencowin.kit.audit import chain
from opencowin.kit.audit import verify as verify_chain
from opencowin.kit.db import transaction
from opencowin.kit.settings import settings
from opencowin.serving import deployment

app = typer.Typer(no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The trail of who looked at or changed whom, chained by hash."""


@app.command()
def verify() -> None:
    """Recompute the whole chain. Leaves with 1 when a row was altered or removed."""
    checked, broken_at = asyncio.run(_verify())
    if broken_at is not None:
        raise CommandRefused(f"the trail does not fit from row {broken_at} on ({checked} rows before it do)")
    typer.echo(f"{checked} rows, all as they were written.")


async def _verify() -> tuple[int, int | None]:
    async with deployment(settings()) as found:
        async with transaction(found.pool) as conn:
            await chain(conn)
        async with transaction(found.pool) as conn:
            return await verify_chain(conn)
