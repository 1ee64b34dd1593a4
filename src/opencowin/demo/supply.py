"""Makes the demo's supply: centres once, then sessions with stock for whichever of the coming days have none yet."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice

from opencowin import places, programme
from opencowin.demo.centres import draw_centres, share_out
from opencowin.demo.recipe import Recipe, Size
from opencowin.demo.sessions import Stall, draw_sessions, is_crowded_day
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.places import District, NewCentre, Progress
from opencowin.scheduling import BulkSession, days_with_sessions, publish_sessions
from opencowin.stock import BulkAllotment, BulkBatch, receive_and_allot

DAYS = 7
"""The demo covers today and the days after it, so many in all."""
CHUNK = 4000
"""Centre-days that one transaction fills."""
DISTRICTS_AT_ONCE = 40
SPARE = 1.5
"""Doses received for each that a session is allotted, so that sessions can be published by hand, too."""
BATCH_DAYS = 120


@dataclass(frozen=True, slots=True)
class Plan:
    """Which demo: the country's recipe, how much of it, and the seed of its dice."""

    recipe: Recipe
    size: Size
    seed: str


@dataclass(frozen=True, slots=True)
class Made:
    """What a run made: numbers, and the sessions that families are to fill."""

    centres: int = 0
    sessions: int = 0
    crowded: tuple[BulkSession, ...] = ()
    districts: tuple[District, ...] = field(default=(), repr=False)


async def make_supply(pool: Pool, floor: Floor, plan: Plan, progress: Progress) -> Made:
    """Bring the demo up to date: what is there already stays. Raises the refusals of `places.add_centres`."""
    async with transaction(pool) as conn:
        districts = await _districts(conn, plan.size)
        made = await _centres(conn, plan, districts, progress)
        programme_id = (await programme.current_programme(conn)).programme_id
    today = floor.clock.today()
    days = [today + timedelta(days=one) for one in range(DAYS)]
    stalls = await _stalls(pool, plan.recipe, districts)
    todo = await _uncovered(pool, stalls, days, progress)
    sessions, crowded = 0, []
    for done, chunk in _chunks(todo):
        drawn = [session for stall, on in chunk for session in draw_sessions(plan.recipe, plan.seed, stall, on)]
        async with transaction(pool) as conn:
            await _stock_up(conn, plan, drawn, today)
            await publish_sessions(conn, floor.clock, programme_id, drawn)
        sessions += len(drawn)
        crowded += _crowded(plan.recipe, chunk, drawn)
        progress("publishing sessions", done, len(todo))
    return Made(made, sessions, tuple(crowded), tuple(districts))


async def _districts(conn: Connection, size: Size) -> list[District]:
    found: list[District] = []
    for state in await places.all_states(conn):
        found += (await places.districts_of(conn, state.state_id))[: size.districts_per_state]
    return found


async def _centres(conn: Connection, plan: Plan, districts: Sequence[District], progress: Progress) -> int:
    """Enter the centres, unless there are some; how many."""
    for district in districts:
        if await places.centres_of_district(conn, district.district_id):
            return 0
    localities = {one.district_id: await places.localities_of(conn, one.district_id) for one in districts}
    own = sum(form.each for form in plan.recipe.forms)
    further = share_out(plan.size.centres, own, {number: len(some) for number, some in localities.items()})
    drawn: list[NewCentre] = []
    for district in districts:
        number = district.district_id
        drawn += draw_centres(plan.recipe, plan.seed, district, localities[number], further[number])
    await places.add_centres(conn, drawn, progress)
    return len(drawn)


async def _stalls(pool: Pool, recipe: Recipe, districts: Sequence[District]) -> list[Stall]:
    """The demo's centres; in the first districts of each state one of them has crowds."""
    rank: dict[int, int] = defaultdict(int)
    stalls: list[Stall] = []
    async with transaction(pool) as conn:
        for district in districts:
            has_crowd = rank[district.state_id] < recipe.crowd.districts_per_state
            rank[district.state_id] += 1
            for centre in await places.centres_of_district(conn, district.district_id):
                form = recipe.form_of(centre.name)
                if form is not None:
                    crowded = has_crowd and any(offer.crowded for offer in recipe.offers_of(form))
                    has_crowd = has_crowd and not crowded
                    stalls.append(Stall(centre.district_id, centre.centre_id, form, crowded))
    return stalls


async def _uncovered(
    pool: Pool, stalls: Sequence[Stall], days: Sequence[date], progress: Progress
) -> list[tuple[Stall, date]]:
    """The days on which no centre of a district's holds anything, with its centres."""
    numbers = sorted({stall.district_id for stall in stalls})
    covered: set[tuple[int, date]] = set()
    for start in range(0, len(numbers), DISTRICTS_AT_ONCE):
        async with transaction(pool) as conn:
            covered |= await days_with_sessions(conn, numbers[start : start + DISTRICTS_AT_ONCE], days[0])
        progress("looking what is there", min(start + DISTRICTS_AT_ONCE, len(numbers)), len(numbers))
    return [(stall, on) for stall in stalls for on in days if (stall.centre_id, on) not in covered]


def _chunks(todo: Sequence[tuple[Stall, date]]) -> Iterator[tuple[int, list[tuple[Stall, date]]]]:
    rest, done = iter(todo), 0
    while chunk := list(islice(rest, CHUNK)):
        done += len(chunk)
        yield done, chunk


def _crowded(recipe: Recipe, chunk: Iterable[tuple[Stall, date]], drawn: Iterable[BulkSession]) -> list[BulkSession]:
    """Those of the sessions that a family fills."""
    stalls = {stall.centre_id: stall for stall, _ in chunk}
    return [
        session for session in drawn if stalls[session.centre_id].crowded and is_crowded_day(recipe, session.held_on)
    ]


async def _stock_up(conn: Connection, plan: Plan, drawn: Sequence[BulkSession], today: date) -> None:
    """One batch for each vaccine of each centre, received today, and its doses allotted to the sessions."""
    wanted: dict[tuple[int, int, str], list[BulkSession]] = defaultdict(list)
    for session in drawn:
        wanted[session.district_id, session.centre_id, session.vaccine_id].append(session)
    batches, allotments = [], []
    for (district_id, centre_id, vaccine_id), sessions in wanted.items():
        # A centre whose days fall into two chunks gets two batches: the day of the first session tells them apart.
        first = min(session.held_on for session in sessions)
        number = batch_number(plan, centre_id, vaccine_id, first)
        received = round(sum(session.doses for session in sessions) * SPARE)
        expires_on = today + timedelta(days=BATCH_DAYS)
        batch = BulkBatch(district_id, centre_id, vaccine_id, number, expires_on, received)
        batches.append(batch)
        allotments += [BulkAllotment(batch, session.session_id, session.doses) for session in sessions]
    await receive_and_allot(conn, batches, allotments)


def batch_number(plan: Plan, centre_id: int, vaccine_id: str, first: date) -> str:
    """The maker's beginning, then a number that no other delivery to the centre has."""
    lot = random.Random(f"{plan.seed}/batch/{centre_id}/{vaccine_id}/{first}").randrange(100)  # noqa: S311 - invented data
    return f"{plan.recipe.batches.get(vaccine_id, vaccine_id[:3])}{first.toordinal() % 10000:04d}{lot:02d}"
