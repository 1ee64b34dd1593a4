"""A waiting room: places by lot, then in order; a ticket nobody can make; what officers, load and idleness do."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from opencowin import fairness, places
from opencowin.fairness import Entrance, Room, Ticket, WaitYourTurn, Wanted
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.listening import listen
from tests import rush
from tests.builders import citizen
from tests.rush import Kind

pytestmark = pytest.mark.anyio
NOON = datetime.fromisoformat("2021-04-28T12:00:00+05:30")
NATION = Place()


def at(floor: Floor, seconds: float = 0) -> Floor:
    """So many seconds after noon."""
    return replace(floor, clock=Clock(floor.clock.zone, lambda: NOON + timedelta(seconds=seconds)))


def officer(place: Place = NATION) -> Actor:
    return Actor(ActorKind.STAFF, str(uuid4()), frozenset({Permission.MANAGE_QUEUES}), place=place)


async def a_room(conn: Connection, floor: Floor, *, opens: float = 60, pace: int = 60, place: Place = NATION) -> UUID:
    when = NOON + timedelta(seconds=opens)
    return await fairness.announce_room(conn, floor, officer(place), place, opens_at=when, per_minute=pace)


async def join(conn: Connection, floor: Floor, room_id: UUID, *accounts: UUID) -> list[Ticket]:
    found = await fairness.join(conn, floor, room_id, accounts)
    assert all(found)
    return [one for one in found if one]


async def the_room(conn: Connection) -> Room:
    (room,) = await fairness.rooms_within(conn, officer())
    return room


def where(floor: Floor, room: Room, ticket: Ticket, seconds: float) -> fairness.Standing:
    lot = fairness.lot(floor.keyring, ticket.room_id, ticket.account_id)
    return fairness.standing(room, ticket, lot, "", NOON + timedelta(seconds=seconds))


async def test_who_is_there_early_has_a_place_by_lot_and_others_follow_in_order(conn: Connection, floor: Floor) -> None:
    early, late = [uuid4() for _ in range(40)], [uuid4() for _ in range(3)]
    room_id = await a_room(conn, at(floor))
    tickets = await join(conn, at(floor), room_id, *early[:30])
    tickets += (await join(conn, at(floor, 59), room_id, *early))[30:]
    assert await join(conn, at(floor, 59), room_id, *early, *early[:5]) == tickets + tickets[:5], "asked again"
    before = where(floor, await the_room(conn), tickets[0], 50)
    assert (before.opened, before.turn, before.before) == (False, False, None)
    assert before.wait_seconds == 10
    assert 13 <= before.retry_after < 23, "after the opening, and not all in the same second"
    followed = await join(conn, at(floor, 62), room_id, *late)
    assert await join(conn, at(floor, 90), room_id, *early, *late) == tickets + followed, "and after the opening"
    room = await the_room(conn)
    assert (room.early, room.late, room.opened_at) == (40, 3, NOON + timedelta(seconds=60))
    let_in = [sum(where(floor, room, one, 60 + passed).turn for one in tickets) for passed in (0, 10, 20, 40)]
    assert let_in == sorted(let_in)
    assert let_in[0] <= 3
    assert let_in[-1] == 40, "one a second: after forty, all"
    drawn = sorted(tickets, key=lambda one: where(floor, room, one, 60).before or 0)
    assert [one.account_id for one in drawn] != early, "not in the order of their coming"
    assert [where(floor, room, one, 60).before for one in followed] == [40, 41, 42]
    assert [where(floor, room, one, 101).turn for one in followed] == [True, True, False]


async def test_a_ticket_is_good_for_its_holder_alone_and_cannot_be_made_up(floor: Floor) -> None:
    ticket = Ticket(uuid4(), uuid4(), 7)
    text = fairness.write_ticket(floor.keyring, ticket)
    assert fairness.read_ticket(floor.keyring, text, ticket.account_id) == ticket
    assert fairness.read_ticket(floor.keyring, text, uuid4()) is None
    for at_letter in range(len(text)):
        for letter in "Az0_":
            changed = text[:at_letter] + letter + text[at_letter + 1 :]
            read = fairness.read_ticket(floor.keyring, changed, ticket.account_id)
            assert read in ({ticket, None} if at_letter == len(text) - 1 else {ticket} if changed == text else {None})
    for made_up in ("", "x", "ü" * 51, "=" * 51, text + "A", text * 2, " " + text):
        assert fairness.read_ticket(floor.keyring, made_up, ticket.account_id) is None


async def test_an_empty_room_saves_up_no_places(conn: Connection, floor: Floor) -> None:
    room_id = await a_room(conn, at(floor), opens=0)
    people = [uuid4() for _ in range(100)]
    tickets = await join(conn, at(floor, 600), room_id, *people)
    room = await the_room(conn)
    assert sum(where(floor, room, one, 600).turn for one in tickets) == 1, "after ten idle minutes at 60 a minute"
    assert sum(where(floor, room, one, 630).turn for one in tickets) == 31


async def test_a_change_of_pace_holds_from_now_on(conn: Connection, floor: Floor) -> None:
    room_id = await a_room(conn, at(floor), opens=0)
    await fairness.change_pace(conn, at(floor, 60), officer(), room_id, 600)
    room = await the_room(conn)
    assert [room.admitted(NOON + timedelta(seconds=one)) for one in (60, 61, 120)] == [60, 70, 660]
    with pytest.raises(fairness.PaceWrong):
        await fairness.change_pace(conn, floor, officer(), room_id, 0)


async def test_officers_open_rooms_in_their_own_area_one_for_each(conn: Connection, floor: Floor) -> None:
    state, other = (await places.all_states(conn))[:2]
    district = (await places.districts_of(conn, state.state_id))[0]
    here, whole = Place(state.state_id, district.district_id), Place(state.state_id)
    local = officer(here)
    for elsewhere in (NATION, whole, Place(other.state_id), replace(here, centre_id=1)):
        with pytest.raises(NotPermitted):
            await fairness.announce_room(conn, at(floor), local, elsewhere, opens_at=None, per_minute=10)
    with pytest.raises(fairness.OpensInPast):
        await a_room(conn, at(floor, 61), place=here)
    rooms = {place: await a_room(conn, at(floor), place=place) for place in (here, whole, NATION)}
    with pytest.raises(fairness.RoomStands):
        await a_room(conn, at(floor), place=here)
    assert [one.room_id for one in await fairness.rooms_within(conn, local)] == [rooms[here]]
    standing = tuple(await fairness.rooms_within(conn, officer()))
    for place, wanted in ((here, here), (Place(state.state_id, -5), whole), (Place(other.state_id, -6), NATION)):
        governing = fairness.governing(standing, place)
        assert governing
        assert governing.room_id == rooms[wanted]
    with pytest.raises(NotPermitted):
        await fairness.close_room(conn, floor, local, rooms[whole])
    await fairness.close_room(conn, floor, local, rooms[here])
    with pytest.raises(fairness.RoomOver):
        await fairness.close_room(conn, floor, local, rooms[here])
    assert await fairness.join(conn, at(floor), rooms[here], [uuid4()]) == [None]
    done = "SELECT string_agg(action, ' ' ORDER BY audit_id) FROM audit WHERE actor_id = %(who)s"
    assert await fetch_value(conn, done, who=local.actor_id) == "queue.close"


async def test_a_room_opened_by_load_ends_when_nobody_waits(conn: Connection, floor: Floor) -> None:
    quick = replace(at(floor), settings=floor.settings.model_copy(update={"waiting_room_per_minute": 60}))
    assert await fairness.open_by_load(conn, quick)
    assert not await fairness.open_by_load(conn, quick)
    room = await the_room(conn)
    await join(conn, at(floor, 10), room.room_id, *(uuid4() for _ in range(600)))
    for passed, standing in ((301, 1), (890, 1), (912, 0)):
        await fairness.tend(conn, at(floor, passed))
        assert len(await fairness.rooms_within(conn, officer())) == standing, passed
    await fairness.forget_old(conn, at(floor, 86_400 * 29))
    assert await fetch_value(conn, "SELECT count(*) FROM queue_ticket") == 600
    await fairness.forget_old(conn, at(floor, 86_400 * 31))
    assert await fetch_value(conn, "SELECT count(*) FROM queue_ticket") == 0


class Doors:
    """Transactions, counted."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.opened = pool, 0

    def __call__(self) -> AbstractAsyncContextManager[Connection]:
        self.opened += 1
        return transaction(self.pool)


@pytest.fixture
async def doors(pool: Pool) -> AsyncIterator[Doors]:
    yield Doors(pool)
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM queue_room")


async def nowhere(_conn: Connection, _session: UUID) -> Wanted:
    """A session that can be booked when the rooms of these tests open."""
    return Wanted(Place(1, 2), NOON + timedelta(seconds=60))


async def anywhere(_conn: Connection, _session: UUID) -> Wanted:
    """A session that can be booked already."""
    return Wanted(Place(1, 2), None)


async def until_heard(entrance: Entrance, *, rooms: int) -> None:
    async with asyncio.timeout(10):
        while (await entrance.room_before(uuid4()) is not None) != bool(rooms):  # noqa: ASYNC110 (it is told by a line)
            await asyncio.sleep(0.01)


async def test_processes_agree_and_ask_the_database_for_what_they_do_not_know_alone(doors: Doors, floor: Floor) -> None:
    one, other = Entrance(at(floor), doors, nowhere), Entrance(at(floor), doors, nowhere)
    lines = [asyncio.create_task(listen(str(doors.pool.conninfo), {fairness.CHANNEL: each})) for each in (one, other)]
    person, session = citizen(uuid4()), uuid4()
    await until_heard(one, rooms=0)
    await asyncio.sleep(0.5)
    for entrance in (one, other):
        await entrance.enter(person, session, "")
    doors.opened = 0
    for _ in range(100):
        await one.enter(person, session, "")
    assert doors.opened == 0, "no room: no question"
    async with transaction(doors.pool) as conn:
        room_id = await a_room(conn, at(floor))
    await until_heard(one, rooms=1)
    with pytest.raises(WaitYourTurn) as first:
        await one.enter(person, session, "")
    ticket = first.value.standing.ticket
    await until_heard(other, rooms=1)
    with pytest.raises(WaitYourTurn) as again:
        await other.enter(person, session, "no ticket")
    assert again.value.standing.ticket == ticket, "the same place at every process"
    doors.opened = 0
    for _ in range(100):
        with pytest.raises(WaitYourTurn):
            await other.enter(person, session, ticket)
    assert doors.opened == 0, "a ticket is checked without the database"
    await one.enter(replace(person, kind=ActorKind.OPERATOR), session, "")
    async with transaction(doors.pool) as conn:
        await fairness.close_room(conn, floor, officer(), room_id)
    await until_heard(other, rooms=0)
    await other.enter(person, session, ticket)
    for line in lines:
        line.cancel()
    await asyncio.wait(lines)
    async with transaction(doors.pool) as conn:
        await a_room(conn, at(floor))
    await asyncio.sleep(1.1)
    with pytest.raises(WaitYourTurn):
        await other.enter(person, session, ticket)


async def test_a_room_opens_at_its_instant_though_no_worker_runs(doors: Doors, floor: Floor) -> None:
    early, late = citizen(uuid4()), citizen(uuid4())
    async with transaction(doors.pool) as conn:
        await a_room(conn, at(floor))
    waiting = Entrance(at(floor), doors, nowhere)
    with pytest.raises(WaitYourTurn) as told:
        await waiting.enter(early, uuid4(), "")
    later = Entrance(at(floor, 61), doors, nowhere)
    await later.enter(early, uuid4(), told.value.standing.ticket)
    with pytest.raises(WaitYourTurn) as told:
        await Entrance(at(floor, 60), doors, nowhere).enter(late, uuid4(), "")
    assert told.value.standing.before == 1


async def test_until_a_room_opens_what_can_be_booked_already_is_booked_as_ever(doors: Doors, floor: Floor) -> None:
    first, second = citizen(uuid4()), citizen(uuid4())
    async with transaction(doors.pool) as conn:
        await a_room(conn, at(floor), pace=1)
    for _ in range(2):
        await Entrance(at(floor, 59), doors, anywhere).enter(first, uuid4(), "")
    async with transaction(doors.pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM queue_ticket") == 0
    later = Entrance(at(floor, 60), doors, anywhere)
    await later.enter(first, uuid4(), "")
    with pytest.raises(WaitYourTurn):
        await later.enter(second, uuid4(), "")


async def test_too_many_calls_for_too_long_open_a_room_for_the_nation(
    doors: Doors, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opencowin.fairness.entrance.PATIENCE", 0.05)
    busy = replace(floor, settings=floor.settings.model_copy(update={"waiting_room_above": 2}))
    entrance = Entrance(busy, doors, nowhere)
    for _ in range(2):
        entrance.call_began()
    await asyncio.sleep(0.06)
    entrance.call_began()
    entrance.call_ended()
    entrance.call_ended()
    entrance.call_began()
    await asyncio.sleep(0.06)
    entrance.call_began()
    assert await entrance.room_before(uuid4()) is None, "above the mark, but not for long"
    await asyncio.sleep(0.06)
    entrance.call_began()
    await until_heard(entrance, rooms=1)
    room = await entrance.room_before(uuid4())
    assert room
    assert (room.by_load, room.place) == (True, NATION)
    await entrance.close()


async def test_asking_more_often_or_from_more_addresses_gains_nothing(
    doors: Doors, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeded. First the control: where who comes first is served, a script has nearly every seat."""
    chance = random.Random(28)
    monkeypatch.setattr("opencowin.fairness.rooms.uuid4", lambda: UUID(int=chance.getrandbits(128)))
    crowds = [rush.crowd(chance, people=120, scripts=8) for _ in range(10)]
    served = [rush.shares(one, rush.in_order_of_coming(one)) for one in crowds]
    drawn = [rush.shares(one, await rush.through_the_room(doors.pool, floor, one)) for one in crowds]
    for kind in (Kind.OFTEN, Kind.ADDRESSES):
        assert rush.advantage(served, kind).low > 0.5, kind
        found = rush.advantage(drawn, kind)
        assert found.low <= 0 <= found.high, (kind, str(found))
        assert found.high - found.low < 0.25, kind
    seats, any_seat = rush.with_many_mobiles(drawn, 100)
    assert 20 < seats < 30, "a hundred proved numbers are a hundred people: a quarter of them have a seat"
    assert any_seat > 0.99
