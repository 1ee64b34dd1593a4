"""Vials that were opened, and until when what is left in them may be given."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.stock import hold_queries, ledger_queries, vial_queries
from opencowin.stock.refusals import BatchHeld, MovementDiffers, NothingMoved, NotSoManyThere, UnknownBatch
from opencowin.stock.stores import Store, Tier, in_session, require_store
from opencowin.stock.supply import read_supply
from opencowin.stock.vial_queries import Opening

MOST_VIALS = 100_000


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
    facts = await ledger_queries.vaccine_batch(conn, vials.vaccine_id, vials.batch_number)
    if facts is None:
        raise UnknownBatch(field="batch_number", batch=vials.batch_number)
    account = in_session(session_id) if session_id else store.account
    if known := await vial_queries.opening(conn, vials.opening_id):
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
    if not await vial_queries.insert(conn, opening, await vial_queries.hold_doses(conn, opening)):
        raise NotSoManyThere(field="vials", batch=vials.batch_number)
    detail = {"batch": vials.batch_number, "vials": vials.vials, "account": account}
    await record(conn, actor, "stock.open_vials", subject=("stock", vials.opening_id), reason="opened", detail=detail)
    return opening


async def open_now(conn: Connection, floor: Floor, accounts: Sequence[str]) -> list[Opening]:
    """The vials that are open now in these stores or sessions, those to be thrown away first at the head."""
    return await vial_queries.open_at(conn, accounts, floor.clock.now())


async def vials_opened(conn: Connection, session_id: UUID) -> dict[tuple[str, str], int]:
    """How many vials of each vaccine and batch a session opened."""
    return await vial_queries.opened_by_batch(conn, in_session(session_id))
