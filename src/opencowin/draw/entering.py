"""Households enter a draw with the sessions that they would take, see their entries, and withdraw them."""

from dataclasses import dataclass
from uuid import UUID

import psycopg

from opencowin import programme, registry, scheduling, vaccination
from opencowin.draw import queries
from opencowin.draw.model import Draw, Entry
from opencowin.draw.queries import NewEntry
from opencowin.draw.reading import draw_of
from opencowin.draw.refusals import (
    AlreadyEntered,
    DifferentDoses,
    DrawNotOpen,
    NoSuchEntry,
    PreferencesInvalid,
)
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import Facts, FullyVaccinated, Programme, is_in_group
from opencowin.registry import Beneficiary

MOST_PREFERENCES = 5


@dataclass(frozen=True, slots=True)
class EntryWish:
    """Who enters together, and for which sessions, the dearest first."""

    reference_ids: tuple[int, ...]
    session_ids: tuple[UUID, ...]
    waits: bool = False
    """Whether they join the waitlist of the district where no seat falls to them."""


async def enter(conn: Connection, floor: Floor, actor: Actor, draw_id: UUID, wish: EntryWish) -> int:
    """Enter members of one's own household, who go together or not at all; the number of the entry.

    Raises NotPermitted, NoSuchDraw, DrawNotOpen, PreferencesInvalid, NobodyNamed, NoSuchBeneficiary, HasAppointment,
    FullyVaccinated, DifferentDoses, NotEligible (one of its kinds), AlreadyEntered.
    """
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    draw = await _open_draw(conn, floor, draw_id)
    wanted, offered = wish.session_ids, set(await queries.session_ids(conn, draw_id))
    if not 0 < len(set(wanted)) == len(wanted) <= MOST_PREFERENCES or not set(wanted) <= offered:
        raise PreferencesInvalid(field="sessions", most=MOST_PREFERENCES)
    references, most = list(dict.fromkeys(wish.reference_ids)), floor.settings.members_per_mobile
    if not 0 < len(references) <= most:
        raise scheduling.NobodyNamed(field="members", most=most)
    members = await registry.own_members(conn, floor, actor, references)
    await _refuse_booked(conn, actor, members)
    dose = await _dose_due(conn, floor, members)
    rank = await _rank(conn, floor, draw, members, dose, wanted)
    people = [one.person.beneficiary_id for one in members]
    new = NewEntry(draw_id, actor.own_account(), rank, dose, wanted, wish.waits, people)
    try:
        async with conn.transaction():
            entry_id = await queries.insert_entry(conn, new, floor.clock.now())
    except psycopg.errors.UniqueViolation:
        raise AlreadyEntered(field="members") from None
    await record(conn, actor, "draw.enter", subject=("draw_entry", entry_id), reason="asked by the household")
    return entry_id


async def withdraw(conn: Connection, floor: Floor, actor: Actor, draw_id: UUID, entry_id: int) -> None:
    """Withdraw an own entry before the draw closes. Raises NotPermitted, NoSuchDraw, DrawNotOpen, NoSuchEntry."""
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    await _open_draw(conn, floor, draw_id)
    if not await queries.delete_entry(conn, draw_id, actor.own_account(), entry_id):
        raise NoSuchEntry(field="entry")
    await record(conn, actor, "draw.withdraw", subject=("draw_entry", entry_id), reason="asked by the household")


async def entries_of(conn: Connection, actor: Actor, draw_id: UUID) -> list[Entry]:
    """What the actor's household entered, and what became of it. Raises NotPermitted."""
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    return await queries.entries_of_account(conn, draw_id, actor.own_account())


async def _open_draw(conn: Connection, floor: Floor, draw_id: UUID) -> Draw:
    """The draw, which stays open until the transaction ends. Who comes too late keeps nobody from closing it."""
    draw = await draw_of(conn, draw_id)
    if draw.takes_entries(floor.clock.now()):
        await queries.share(conn, draw_id)
        draw = await draw_of(conn, draw_id)
    if not draw.takes_entries(floor.clock.now()):
        raise DrawNotOpen(field="draw_id")
    return draw


async def _refuse_booked(conn: Connection, actor: Actor, members: list[Beneficiary]) -> None:
    booked = {one.beneficiary_id for one in await scheduling.appointments_of(conn, actor.own_account())}
    if booked & {one.person.beneficiary_id for one in members}:
        raise scheduling.HasAppointment(field="members")


async def _dose_due(conn: Connection, floor: Floor, members: list[Beneficiary]) -> int:
    """The dose that is due for all of them."""
    due = [await vaccination.due(conn, floor, one) for one in members]
    doses = {one.dose for one in due if one is not None}
    if None in due:
        raise FullyVaccinated(field="members")
    if len(doses) != 1:
        raise DifferentDoses(field="members")
    return doses.pop()


async def _rank(  # noqa: PLR0917 (said in one breath: these people's place in that draw)
    conn: Connection, floor: Floor, draw: Draw, members: list[Beneficiary], dose: int, wanted: tuple[UUID, ...]
) -> int:
    """The priority group of the one among them who comes last, when all may have the dose in each of the sessions."""
    rules, today, ranks = await programme.current_programme(conn), floor.clock.today(), [0]
    for session_id in wanted:
        session = await scheduling.read_session(conn, session_id)
        facts = await scheduling.check_eligible(conn, members, session, dose, today, rules)
        ranks += [_rank_of(one, draw, rules, floor) for one in facts.values()]
    return max(ranks)


def _rank_of(facts: Facts, draw: Draw, rules: Programme, floor: Floor) -> int:
    closes_on = floor.clock.local(draw.closes_at).date()
    ranks = (rank for rank, group in enumerate(draw.groups) if is_in_group(facts, group, rules, closes_on))
    return next(ranks, len(draw.groups))
