"""Closing a session: what its tablets recorded goes through the stock's ledger, once all of them are done."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from opencowin import stock
from opencowin.kit.actor import Actor, system
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.stock import Used, WasteReason
from opencowin.tablets import queries
from opencowin.tablets.model import Answer, Kept, Outcome, SentClose, SentVials, Tablet
from opencowin.tablets.queries import Figure
from opencowin.tablets.refusals import NoSessionToday

PATIENCE = timedelta(days=2)
"""Days after a session on which tablets that did not close it are waited for no longer."""
AT_ONCE = 20
OTHERS, MISSING, UNKNOWN = "others_at_work", "doses_missing", "unknown_batch"
"""What a tablet that closes is told: others go on; some of its doses have not come; batches are on no record."""


async def take_close(conn: Connection, floor: Floor, tablet: Tablet, sent: SentClose, entry: Kept) -> Kept:
    """The tablet is done with its session; the last one that closes settles the session's stock.

    Raises NoSessionToday for a session that the tablet never carried.
    """
    if await queries.carried(conn, tablet.tablet_id, sent.session_id) is None:
        raise NoSessionToday(field="session_id")
    await queries.hold_session(conn, sent.session_id)
    now, flags = floor.clock.now(), []
    if await queries.doses_sent(conn, tablet.tablet_id, sent.session_id) != sent.doses:
        flags.append(MISSING)
    await queries.note_closed(conn, tablet.tablet_id, sent.session_id, now)
    detail = {"doses": sent.doses}
    subject = ("session", sent.session_id)
    await record(conn, tablet.actor, "tablets.close", subject=subject, reason="session closed", detail=detail)
    if await queries.others_at_work(conn, sent.session_id, now):
        flags.append(OTHERS)
    elif await settle(conn, floor, tablet.actor, sent.session_id, tablet.district_id, tablet.centre_id):
        flags.append(UNKNOWN)
    answer = Answer(sent.record_id, Outcome.KEPT, flags=tuple(sorted(flags)))
    return replace(entry, answer=answer.stored())


async def take_vials(conn: Connection, floor: Floor, tablet: Tablet, sent: SentVials, entry: Kept) -> Kept:
    """Vials were opened: the stock counts them too where it knows of them."""
    vials = stock.Vials(sent.record_id, sent.vaccine_id, sent.batch_number, sent.vials)
    try:
        async with conn.transaction():
            await stock.open_vials(conn, floor, tablet.actor, tablet.centre_id, vials, session_id=sent.session_id)
    except Refusal as no:
        answer = Answer(sent.record_id, Outcome.KEPT, flags=(no.code,))
        return replace(entry, answer=answer.stored())
    return entry


async def settle(  # noqa: PLR0917 (a session is named with its place)
    conn: Connection, floor: Floor, actor: Actor, session_id: UUID, district_id: int, centre_id: int
) -> tuple[str, ...]:
    """What the session's records say goes through the ledger, each record once; batches that are on no record."""
    figures = await queries.unsettled(conn, session_id)
    if not await queries.is_settled(conn, session_id):
        await _issue(conn, floor, actor, session_id, district_id=district_id, centre_id=centre_id)
    unknown = await stock.reconcile(
        conn,
        floor,
        actor,
        session_id,
        used_by(figures),
        closing_id=uuid4(),
        district_id=district_id,
        centre_id=centre_id,
    )
    await queries.settled(conn, session_id, floor.clock.now())
    return unknown


async def settle_left_behind(conn: Connection, floor: Floor) -> int:
    """Settle sessions whose tablets were not all closed, or that got records since; how many."""
    due = await queries.sessions_due(conn, floor.clock.today() - PATIENCE, AT_ONCE)
    for one in due:
        await queries.hold_session(conn, one.session_id)
        actor = system("tablets.settle")
        await settle(conn, floor, actor, one.session_id, one.district_id, one.centre_id)
    return len(due)


def used_by(figures: list[Figure]) -> Mapping[tuple[str, str], Used]:
    """What was given and wasted of each batch. What is left of opened vials is wasted: it cannot be kept."""
    given: dict[tuple[str, str], int] = defaultdict(int)
    drawn: dict[tuple[str, str], int] = defaultdict(int)
    wasted: dict[tuple[str, str], dict[WasteReason, int]] = defaultdict(lambda: defaultdict(int))
    for one in figures:
        key = (one.vaccine, one.batch)
        if one.kind == "dose":
            given[key] += one.doses
        elif one.kind == "vials":
            drawn[key] += one.doses
        else:
            wasted[key][WasteReason(one.reason)] += one.doses
    for key, doses in drawn.items():
        rest = doses - given[key] - sum(wasted[key].values())
        if rest > 0:
            wasted[key][WasteReason.OPEN_VIAL] += rest
    return {key: Used(given[key], dict(wasted[key])) for key in given.keys() | drawn.keys() | wasted.keys()}


async def _issue(
    conn: Connection, floor: Floor, actor: Actor, session_id: UUID, *, district_id: int, centre_id: int
) -> None:
    """What the session was promised is issued now where it was not before; a store that lacks it changes nothing."""
    try:
        async with conn.transaction():
            await stock.issue_to_session(conn, floor, actor, session_id, district_id=district_id, centre_id=centre_id)
    except Refusal:
        return
