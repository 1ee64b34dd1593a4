"""`opencowin messages`: reads the messages of a demo, one-time passwords among them."""

import asyncio
import json
import time
from datetime import timedelta
from typing import Annotated

import typer

from opencowin.cli.explain import IMPOSSIBLE, MISUSED, CommandRefused
from opencowin.cli.queries import database_now, jobs_between
from opencowin.kit.db import transaction
from opencowin.kit.settings import settings
from opencowin.notifications import Message, latest_message
from opencowin.serving import Deployment, deployment

app = typer.Typer(no_args_is_help=True)

PATIENCE_SECONDS = 3.0
LOOK_EVERY = 0.05
RECENT = timedelta(seconds=10)
"""What was queued longer ago is a backlog, which is not waited for."""


@app.callback()
def messages() -> None:
    """Read the messages that a demo would have sent."""


@app.command()
def latest(
    mobile: Annotated[str, typer.Argument(help="The mobile number, or e-mail address.")],
    as_json: Annotated[bool, typer.Option("--json", help="The whole message as JSON.")] = False,
) -> None:
    """Print the newest message to a number; one on its way is waited for. Refused outside demo mode (exit code 2)."""
    if not settings().demo:
        raise CommandRefused("messages can be read in demo mode only", MISUSED)
    found = asyncio.run(_latest(mobile))
    if found is None:
        raise CommandRefused(f"no message to {mobile} yet", IMPOSSIBLE)
    typer.echo(json.dumps(_facts(found), ensure_ascii=False) if as_json else found.text)


async def _latest(mobile: str) -> Message | None:
    async with deployment(settings(), pool_size=2) as found:
        await _until_sent(found)
        async with transaction(found.pool) as conn:
            return await latest_message(conn, found.floor, mobile)


async def _until_sent(found: Deployment) -> None:
    """Wait, but not for long, until the worker has done what was queued just before we were asked."""
    async with found.pool.connection() as conn:
        asked_at = await database_now(conn)
        until = time.monotonic() + PATIENCE_SECONDS
        while await jobs_between(conn, asked_at - RECENT, asked_at) and time.monotonic() < until:  # noqa: ASYNC110 - a queue, not an event
            await asyncio.sleep(LOOK_EVERY)


def _facts(message: Message) -> dict[str, str | None]:
    return {
        "text": message.text,
        "template": message.template.value,
        "language": message.language,
        "state": message.state.value,
        "caused_at": message.caused_at.isoformat(),
        "sent_at": message.sent_at.isoformat() if message.sent_at else None,
    }
