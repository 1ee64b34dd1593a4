"""Vials that were opened, and until when what is left in them may be given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run
from opencowin.kit.floor import Floor
from opencowin.stock import hold_queries, ledger
from opencowin.stock.refusals import BatchHeld, MovementDiffers, NothingMoved, NotSoManyThere, UnknownBatch
from opencowin.stock.stores import Store, Tier, in_session, require_store
from opencowin.stock.supply import read_supply

MOST_VIALS = 100_000


@dataclass(frozen=True, slots=True)
class Opening:
    """Vials opened at once, and when what is left of them must be thrown away."""

    opening_id: UUID
    account: str
    vaccine_id: str
    batch_number: str
    vials: int
    doses: int
    opened_at: datetime
    discard_at: datetime
    opened_by: str


@dataclass(frozen=True, slots=True)
class Vials:
    """So many vials of a batch; `opening_id` is of the caller's making."""

    opening_id: UUID
    vaccine_id: str
    batch_number: str
    vials: int


async def open_vials(
    conn: Connection, floor: Floor, actor: Actor, centre_id: int, vials: Vials, *, session_id: UUID | None = None
) -> Opening:
    """Vials are opened at a centre, from a session's doses or from its store; the same opening again is one.

    Their doses stay where they are in the ledger until they are given or wasted. Raises NotPermitted, UnknownCentre,
    NothingMoved, UnknownBatch, BatchHeld, NotSoManyThere, MovementDiffers.
    """
    store = Store(Tier.CENTRE, centre_id)
    await require_store(conn, actor, store, Permission.VACCINATE, Permission.PUBLISH_SESSIONS)
    if not 0 < vials.vials <= MOST_VIALS:
        raise NothingMoved(field="vials")
    facts = await ledger.vaccine_batch(conn, vials.vaccine_id, vials.batch_number)
    if facts is None:
        raise UnknownBatch(field="batch_number", batch=vials.batch_number)
    account = in_session(session_id) if session_id else store.account
    if known := await _opening(conn, vials.opening_id):
        if (known.account, known.batch_number, known.vials) != (account, vials.batch_number, vials.vials):
            raise MovementDiffers(field="opening_id")
        return known
    if await hold_queries.is_held(conn, vials.vaccine_id, vials.batch_number, store.account):
        raise BatchHeld(field="batch_number", batch=vials.batch_number)
    now = floor.clock.now()
    until = now + read_supply(floor.pack).open_for(vials.vaccine_id)
    doses = vials.vials * facts.doses_per_vial
    opening = Opening(
        vials.opening_id, account, vials.vaccine_id, vials.batch_number, vials.vials, doses, now, until, actor.actor_id
    )
    if not await _insert(conn, opening):
        raise NotSoManyThere(field="vials", batch=vials.batch_number)
    detail = {"batch": vials.batch_number, "vials": vials.vials, "account": account}
    await record(conn, actor, "stock.open_vials", subject=("stock", vials.opening_id), reason="opened", detail=detail)
    return opening


async def open_now(conn: Connection, floor: Floor, accounts: Sequence[str]) -> list[Opening]:
    """The vials that are open now in these stores or sessions, those to be thrown away first at the head."""
    return await fetch_all(
        conn,
        Opening,
        """
        SELECT opening_id, account, vaccine_id, batch_number, vials, doses, opened_at, discard_at, opened_by
        FROM vial_opening WHERE account = ANY (%(accounts)s) AND discard_at > %(now)s ORDER BY discard_at, opening_id
        """,
        accounts=list(accounts),
        now=floor.clock.now(),
    )


async def vials_opened(conn: Connection, session_id: UUID) -> dict[tuple[str, str], int]:
    """How many vials of each vaccine and batch a session opened."""
    cursor = await conn.execute(
        """
        SELECT vaccine_id, batch_number, sum(vials) FROM vial_opening WHERE account = %(account)s GROUP BY 1, 2
        """,
        {"account": in_session(session_id)},
    )
    return {(row[0], row[1]): int(row[2]) for row in await cursor.fetchall()}


async def _opening(conn: Connection, opening_id: UUID) -> Opening | None:
    return await fetch_one(
        conn,
        Opening,
        """
        SELECT opening_id, account, vaccine_id, batch_number, vials, doses, opened_at, discard_at, opened_by
        FROM vial_opening WHERE opening_id = %(id)s
        """,
        id=opening_id,
    )


async def _insert(conn: Connection, opening: Opening) -> bool:
    """Enter an opening where so many vials can be there: one that has begun may be opened for its last doses."""
    held = await fetch_value(
        conn,
        """
        SELECT doses FROM stock_balance
        WHERE account = %(account)s AND vaccine_id = %(vaccine)s AND batch_number = %(batch)s FOR UPDATE
        """,
        account=opening.account,
        vaccine=opening.vaccine_id,
        batch=opening.batch_number,
    )
    touched = await run(
        conn,
        """
        INSERT INTO vial_opening (opening_id, account, vaccine_id, batch_number, vials, doses, opened_at, discard_at,
                                  opened_by)
        SELECT %(id)s, %(account)s, %(vaccine)s, %(batch)s, %(vials)s, %(doses)s, %(at)s, %(until)s, %(by)s
        WHERE (SELECT coalesce(sum(vials), 0) FROM vial_opening
               WHERE account = %(account)s AND vaccine_id = %(vaccine)s AND batch_number = %(batch)s
                 AND discard_at > %(at)s) + %(vials)s <= ceil(%(held)s::numeric / %(per_vial)s)
        """,
        id=opening.opening_id,
        account=opening.account,
        vaccine=opening.vaccine_id,
        batch=opening.batch_number,
        vials=opening.vials,
        doses=opening.doses,
        at=opening.opened_at,
        until=opening.discard_at,
        by=opening.opened_by,
        held=held or 0,
        per_vial=opening.doses // opening.vials,
    )
    return touched == 1
