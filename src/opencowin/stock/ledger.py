"""Writes movements into the ledger: one that the balances do not bear is refused, one that is known changes nothing."""

from datetime import datetime

from opencowin.kit.db import Connection
from opencowin.stock import ledger_queries
from opencowin.stock.ledger_model import Movement
from opencowin.stock.refusals import MovementDiffers, NotSoManyThere


async def post(conn: Connection, movement: Movement, *, at: datetime, by: str) -> bool:
    """Write a movement down; False when it was there already. Raises NotSoManyThere, MovementDiffers."""
    outcome = await ledger_queries.post(conn, movement, at=at, by=by)
    if outcome == "short":
        raise NotSoManyThere(field="doses", batch=movement.batch_number)
    if outcome == "differs":
        raise MovementDiffers(field="movement_id")
    return outcome == "posted"


async def held_in(conn: Connection, account: str) -> dict[tuple[str, str], int]:
    """How many doses of each vaccine and batch an account has."""
    return {(one.vaccine_id, one.batch_number): one.doses for one in await ledger_queries.balances(conn, [account])}
