"""Seats by lot: who enters is served by priority group and lot, is booked once, and anybody can draw again."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from opencowin import draw, identity, notifications, scheduling, vaccination, waitlist
from opencowin.draw import DRAW_LOST, DrawLost, EntryWish, NewDraw
from opencowin.draw.lots import SessionDoses, SlotSeats, Stakes, Ticket, allot, commitment_of, in_order
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.programme import NotEligible
from opencowin.registry import Beneficiary
from tests.builders import TEST, a_dose, citizen, new_centre, stock_in
from tests.concurrency.invariants import violations
from tests.rooms.scene import MORNING, Scene, at, jobs
from tests.rooms.test_alerts import later
from tests.rooms.test_notifications import do, latest

pytestmark = pytest.mark.anyio
CHECKER = Path(__file__).resolve().parents[2] / "examples" / "check_draw.py"
GROUPS = ("health_care_worker", "aged_60_and_over")
NUMBER = "24,854.05"


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    """A centre with stock at ten in the morning, where nobody waits and nothing is drawn yet."""
    await run(conn, "DELETE FROM waiting")
    await run(conn, "DELETE FROM draw")
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=500)
    return Scene(conn, at(floor, 10), centre)


async def opened(scene: Scene, *sessions: UUID, hours: int = 6, actor: Actor = TEST) -> UUID:
    closes = scene.floor.clock.now() + timedelta(hours=hours)
    new = NewDraw(scene.centre.district_id, sessions, GROUPS, closes, "Index of the exchange at its close today")
    return await draw.open_draw(scene.conn, scene.floor, actor, new)


async def entered(
    scene: Scene, which: UUID, people: Sequence[Beneficiary], *sessions: UUID, waits: bool = False
) -> int:
    wish = EntryWish(tuple(one.reference_id for one in people), sessions, waits)
    return await draw.enter(scene.conn, scene.floor, citizen(people[0].person.account_id), which, wish)


async def held(scene: Scene, which: UUID, number: str = NUMBER) -> None:
    """Close, reveal, and let the worker do all that is left, a few entries a round."""
    scene.floor = later(scene.floor, timedelta(hours=6))
    assert await draw.close_due(scene.conn, scene.floor) == which
    await draw.reveal(scene.conn, scene.floor, TEST, which, number)
    await carried_out(scene)


async def carried_out(scene: Scene) -> None:
    for _ in range(50):
        if await draw.carry_out(scene.conn, scene.floor, 3) is None:
            return
    raise AssertionError("never ends")


async def outcomes(scene: Scene, which: UUID) -> dict[int, str]:
    cursor = await scene.conn.execute("SELECT entry_id, outcome FROM draw_entry WHERE draw_id = %s", [which])
    return dict(await cursor.fetchall())


async def saved(scene: Scene, which: UUID, folder: Path) -> None:
    """What the site publishes of a draw, as files."""
    one = await draw.draw_of(scene.conn, which)
    facts = {"draw_id": str(which), "commitment": one.commitment, "seed": one.seed, "list_digest": one.list_digest}
    facts |= {"public_number": one.public_number, "number_source": one.number_source}
    (folder / "draw.json").write_text(json.dumps(facts))
    (folder / "list.txt").write_text(await draw.published_list(scene.conn, which))
    (folder / "results.txt").write_text(await draw.results(scene.conn, which))


def checked(folder: Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, str(CHECKER), str(folder)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


async def test_nobody_but_the_draw_gives_its_seats_and_what_is_left_opens_to_all(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    session = await scene.session(doses=3, seats=3)
    waiting = (await scene.family(1))[0]
    await waitlist.join(
        conn,
        floor,
        citizen(waiting.person.account_id),
        waitlist.WaitWish(waiting.reference_id, district_id=scene.centre.district_id),
    )
    which = await opened(scene, session)
    assert await scene.free(session) == 0
    quick = (await scene.family(1))[0]
    with pytest.raises(scheduling.AllottedByDraw):
        await scene.book([quick], session)
    with pytest.raises(scheduling.AllottedByDraw):
        await scheduling.hold_slot(conn, floor, citizen(quick.person.account_id), session, MORNING, 1, 1)
    elsewhere = await scene.book([quick], await scene.session(scene.tomorrow + timedelta(days=1)))
    with pytest.raises(scheduling.AllottedByDraw):
        await scheduling.move(conn, floor, citizen(quick.person.account_id), elsewhere.booking_id, session, MORNING)
    with pytest.raises(NotPermitted):
        await scheduling.book_allotted(conn, floor, citizen(quick.person.account_id), a_wish(session, quick))
    assert await waitlist.offer_round(conn, floor, session, floor.clock.now()) == []
    pair = await scene.family(2)
    number = await entered(scene, which, pair, session)
    before = await jobs(conn, "scheduling.seats_offered")
    await held(scene, which)
    assert await outcomes(scene, which) == {number: "booked"}
    assert [[view.session_id for view in await scene.live(one)] for one in pair] == [[session], [session]]
    assert await scene.free(session) == 1
    assert await jobs(conn, "scheduling.seats_offered") == before + 1
    assert await jobs(conn, "scheduling.booked") >= 1
    assert await draw.carry_out(conn, scene.floor) is None, "done is done"
    await scene.book([(await scene.family(1))[0]], session)
    assert await violations(conn) == []


def a_wish(session: UUID, person: Beneficiary) -> scheduling.BookingWish:
    return scheduling.BookingWish(1, session, MORNING, (person.reference_id,))


async def test_priority_groups_come_first_and_anybody_finds_the_same_result(scene: Scene, tmp_path: Path) -> None:
    conn = scene.conn
    near, far = await scene.session(doses=6, seats=2), await scene.session(scene.tomorrow + timedelta(days=1), doses=4)
    which = await opened(scene, near, far)
    told = await draw.draw_of(conn, which)
    assert (told.seed, told.list_digest, told.public_number) == (None, None, None)
    old = [await scene.family(1, born=1950) for _ in range(4)]
    young = [await scene.family(size) for size in (1, 2, 3, 1, 1)]
    mixed = [await scene.family(1, born=1950), await scene.family(1)]
    ours = [await entered(scene, which, one, near, far) for one in [*old, *young]]
    ours += [await entered(scene, which, one, near, waits=True) for one in mixed]
    await held(scene, which)
    became = await outcomes(scene, which)
    assert {became[one] for one in ours[:4]} == {"booked"}, "those of sixty and over come before the others"
    assert set(became.values()) == {"booked", "lost"}
    free = {one: await scene.free(one) for one in (near, far)}
    booked = sum(len(people) for people, n in zip([*old, *young, *mixed], ours, strict=True) if became[n] == "booked")
    assert booked + sum(free.values()) == 10, "no seat more, no seat less"
    assert await violations(conn) == []
    await saved(scene, which, tmp_path)
    code, said = checked(tmp_path)
    assert code == 0, said
    assert not any(str(one.person.beneficiary_id) in (tmp_path / "list.txt").read_text() for one in old[0])


@pytest.mark.parametrize("what", ["entry", "rank", "seed", "result"])
async def test_what_was_altered_afterwards_is_found_out(scene: Scene, tmp_path: Path, what: str) -> None:
    session = await scene.session(doses=1)
    which = await opened(scene, session)
    entries = [await entered(scene, which, await scene.family(1), session) for _ in range(4)]
    await held(scene, which)
    await saved(scene, which, tmp_path)
    assert checked(tmp_path)[0] == 0
    listed, told, facts = [tmp_path / name for name in ("list.txt", "results.txt", "draw.json")]
    altered = {
        "entry": (listed, f"entry {entries[0]} ", f"entry {entries[0] + 1_000_000} "),
        "rank": (listed, f"entry {entries[-1]} 2", f"entry {entries[-1]} 0"),
        "seed": (facts, '"seed": "', '"seed": "00'),
        "result": (told, f" {session} 1\n", " none\n"),
    }
    file, old, new = altered[what]
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    assert checked(tmp_path)[0] == 1


async def test_a_list_that_is_altered_in_the_database_is_not_drawn(scene: Scene) -> None:
    conn, session = scene.conn, await scene.session(doses=1)
    which = await opened(scene, session)
    person = await scene.family(1)
    number = await entered(scene, which, person, session)
    later_floor = later(scene.floor, timedelta(hours=6))
    assert await draw.close_due(conn, later_floor) == which
    await run(conn, "UPDATE draw_entry SET rank = 0 WHERE entry_id = %(id)s", id=number)
    await draw.reveal(conn, later_floor, TEST, which, NUMBER)
    for _ in range(3):
        await draw.carry_out(conn, later_floor)
    assert (await draw.draw_of(conn, which)).state == draw.DrawState.HALTED
    assert await scene.live(person[0]) == []
    await draw.cancel_draw(conn, later_floor, TEST, which, "The list was altered")
    await carried_out(scene)
    assert await outcomes(scene, which) == {number: "cancelled"}
    assert await scene.free(session) == 1


async def test_one_enters_once_for_sessions_that_one_may_have_until_it_closes(scene: Scene) -> None:
    conn, session = scene.conn, await scene.session()
    other = await scene.session(scene.tomorrow + timedelta(days=1))
    which = await opened(scene, session)
    family = await scene.family(2)
    actor = citizen(family[0].person.account_id)
    number = await entered(scene, which, family, session)
    (mine,) = await draw.entries_of(conn, actor, which)
    assert (mine.entry_id, mine.dose, mine.rank, len(mine.members)) == (number, 1, len(GROUPS), 2)
    for people, wanted, no in (
        (family[:1], [session], draw.AlreadyEntered),
        (await scene.family(1), [], draw.PreferencesInvalid),
        (await scene.family(1), [other], draw.PreferencesInvalid),
        (await scene.family(1), [session, session], draw.PreferencesInvalid),
        (await scene.family(1, born=2015), [session], NotEligible),
    ):
        with pytest.raises(no):
            await entered(scene, which, people, *wanted)
    with pytest.raises(draw.NoSuchDraw):
        await entered(scene, uuid4(), family, session)
    booked = await scene.family(1)
    await scene.book(booked, other)
    with pytest.raises(scheduling.HasAppointment):
        await entered(scene, which, booked, session)
    with pytest.raises(draw.NoSuchEntry):
        await draw.withdraw(conn, scene.floor, citizen(booked[0].person.account_id), which, number)
    await draw.withdraw(conn, scene.floor, actor, which, number)
    number = await entered(scene, which, family[:1], session)
    scene.floor = later(scene.floor, timedelta(hours=6))
    with pytest.raises(draw.DrawNotOpen):
        await draw.withdraw(conn, scene.floor, actor, which, number)
    with pytest.raises(draw.DrawNotOpen):
        await entered(scene, which, family[1:], session)


async def test_who_is_booked_or_vaccinated_by_the_closing_takes_no_part(scene: Scene) -> None:
    conn, session = scene.conn, await scene.session(doses=5)
    other = await scene.session(scene.tomorrow + timedelta(days=1))
    which = await opened(scene, session)
    family, lone = await scene.family(3), await scene.family(1)
    pair, single = await entered(scene, which, family, session), await entered(scene, which, lone, session)
    await scene.book(family[:1], other)
    for one in (family[1], lone[0]):
        given = a_dose(one.person, scene.centre, 1, scene.floor.clock.today(), 1)
        await vaccination.record_dose(conn, scene.floor, TEST, given)
    await held(scene, which)
    assert await outcomes(scene, which) == {pair: "booked", single: "refused"}
    assert f"entry {single} " not in await draw.published_list(conn, which)
    assert [one.session_id for one in await scene.live(family[2])] == [session]
    assert await scene.free(session) == 4


async def test_who_is_booked_elsewhere_after_the_closing_keeps_that_and_the_seat_is_left(scene: Scene) -> None:
    conn, session = scene.conn, await scene.session(doses=1)
    other = await scene.session(scene.tomorrow + timedelta(days=1))
    which = await opened(scene, session)
    person = await scene.family(1)
    number = await entered(scene, which, person, session)
    scene.floor = later(scene.floor, timedelta(hours=6))
    await draw.close_due(conn, scene.floor)
    await scene.book(person, other)
    await draw.reveal(conn, scene.floor, TEST, which, NUMBER)
    await carried_out(scene)
    assert await outcomes(scene, which) == {number: "refused"}
    assert [one.session_id for one in await scene.live(person[0])] == [other]
    assert await scene.free(session) == 1


async def test_seats_that_are_gone_since_the_closing_are_never_sold(scene: Scene) -> None:
    conn = scene.conn
    flooded, shrunk = await scene.session(doses=2), await scene.session(scene.tomorrow + timedelta(days=1), doses=3)
    which = await opened(scene, flooded, shrunk)
    wet = [await entered(scene, which, await scene.family(1), flooded) for _ in range(2)]
    dry = [await entered(scene, which, await scene.family(1), shrunk) for _ in range(3)]
    scene.floor = later(scene.floor, timedelta(hours=6))
    await draw.close_due(conn, scene.floor)
    await scheduling.withdraw_session(conn, scene.floor, TEST, flooded, "Flooded")
    await scheduling.change_session(conn, scene.floor, TEST, shrunk, {}, 1)
    await draw.reveal(conn, scene.floor, TEST, which, NUMBER)
    await carried_out(scene)
    became = await outcomes(scene, which)
    assert [became[one] for one in wet] == ["refused"] * 2
    assert sorted(became[one] for one in dry) == ["booked", "refused", "refused"]
    assert await jobs(conn, DRAW_LOST.name) == 4
    assert await violations(conn) == []


async def test_an_entry_that_cannot_be_settled_holds_up_no_other(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await scene.session(doses=5)
    which = await opened(scene, session)
    families = [await scene.family(1) for _ in range(4)]
    numbers = [await entered(scene, which, one, session) for one in families]
    book = scheduling.book_allotted

    async def broken(conn: Connection, floor: Floor, actor: Actor, wish: scheduling.BookingWish) -> scheduling.Booking:
        booking = await book(conn, floor, actor, wish)
        if actor.account_id == families[1][0].person.account_id:
            raise ValueError("unreadable")
        return booking

    monkeypatch.setattr(scheduling, "book_allotted", broken)
    await held(scene, which)
    became = await outcomes(scene, which)
    assert [became[one] for one in numbers] == ["booked", "refused", "booked", "booked"]
    assert await scene.live(families[1][0]) == []
    assert await scene.free(session) == 2


async def test_a_round_that_is_cut_off_is_done_again_from_where_it_began(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await scene.session(doses=4)
    which = await opened(scene, session)
    families = [await scene.family(1) for _ in range(6)]
    for one in families:
        await entered(scene, which, one, session)
    scene.floor = later(scene.floor, timedelta(hours=6))
    await draw.close_due(scene.conn, scene.floor)
    await draw.reveal(scene.conn, scene.floor, TEST, which, NUMBER)
    await draw.carry_out(scene.conn, scene.floor)
    book, calls = scheduling.book_allotted, count()

    async def lost(conn: Connection, floor: Floor, actor: Actor, wish: scheduling.BookingWish) -> scheduling.Booking:
        booking = await book(conn, floor, actor, wish)
        if next(calls) == 2:
            raise psycopg.OperationalError("the connection is lost")
        return booking

    monkeypatch.setattr(scheduling, "book_allotted", lost)
    with pytest.raises(psycopg.OperationalError):
        async with scene.conn.transaction():
            await draw.carry_out(scene.conn, scene.floor)
    assert set((await outcomes(scene, which)).values()) == {None}
    await carried_out(scene)
    assert Counter((await outcomes(scene, which)).values()) == {"booked": 4, "lost": 2}
    assert sum([len(await scene.live(one[0])) for one in families]) == 4
    assert await jobs(scene.conn, DRAW_LOST.name) == 2
    assert await violations(scene.conn) == []


async def test_only_the_district_opens_a_draw_and_in_the_right_order(scene: Scene) -> None:
    conn, floor, session = scene.conn, scene.floor, await scene.session()
    rights = frozenset({Permission.PUBLISH_SESSIONS})
    elsewhere = Actor(ActorKind.STAFF, str(uuid4()), rights, place=Place(district_id=scene.centre.district_id + 1))
    at_centre = Actor(ActorKind.STAFF, str(uuid4()), rights, place=Place(centre_id=scene.centre.centre_id))
    for actor in (elsewhere, at_centre, citizen(uuid4())):
        with pytest.raises(NotPermitted):
            await opened(scene, session, actor=actor)
    with pytest.raises(draw.DrawIncomplete):
        await opened(scene)
    for hours in (0, 48):
        with pytest.raises(draw.DrawIncomplete):
            async with conn.transaction():
                await opened(scene, session, hours=hours)
    withdrawn = await scene.session()
    await scheduling.withdraw_session(conn, floor, TEST, withdrawn, "Flooded")
    with pytest.raises(scheduling.NotForDraw):
        async with conn.transaction():
            await opened(scene, session, withdrawn)
    which = await opened(scene, session)
    with pytest.raises(scheduling.NotForDraw):
        await opened(scene, session)
    assert await draw.close_due(conn, floor) is None, "not yet"
    with pytest.raises(draw.NotToReveal):
        await draw.reveal(conn, floor, TEST, which, NUMBER)
    over = later(floor, timedelta(hours=6))
    await draw.close_due(conn, over)
    with pytest.raises(draw.NumberInvalid):
        await draw.reveal(conn, over, TEST, which, "none")
    with pytest.raises(NotPermitted):
        await draw.reveal(conn, over, elsewhere, which, NUMBER)
    await draw.reveal(conn, over, TEST, which, NUMBER)
    for verb in (draw.reveal, draw.cancel_draw):
        with pytest.raises((draw.NotToReveal, draw.DrawOver)):
            await verb(conn, over, TEST, which, NUMBER)
    shown = await draw.draw_of(conn, which)
    assert (shown.public_number, shown.commitment) == ("2485405", commitment_of(bytes.fromhex(shown.seed or "")))
    trail = "SELECT detail ->> 'commitment' FROM audit WHERE action = 'draw.open' AND subject_id = %(id)s"
    assert await fetch_value(conn, trail, id=str(which)) == shown.commitment


async def test_a_draw_that_is_called_off_opens_its_sessions_and_tells_all(scene: Scene) -> None:
    session = await scene.session(doses=5)
    which = await opened(scene, session)
    number = await entered(scene, which, await scene.family(1), session, waits=True)
    with pytest.raises(scheduling.ReasonMissing):
        await draw.cancel_draw(scene.conn, scene.floor, TEST, which, " ")
    await draw.cancel_draw(scene.conn, scene.floor, TEST, which, "The centre is flooded")
    assert await scene.free(session) == 5
    await carried_out(scene)
    assert await outcomes(scene, which) == {number: "cancelled"}
    assert await fetch_value(scene.conn, "SELECT count(*) FROM waiting") == 1
    assert await jobs(scene.conn, DRAW_LOST.name) == 1


async def test_who_entered_is_forgotten_and_the_list_stays(scene: Scene) -> None:
    session = await scene.session(doses=1)
    which = await opened(scene, session)
    number = await entered(scene, which, await scene.family(1), session)
    await held(scene, which)
    assert await draw.forget_old(scene.conn, scene.floor) == 0
    assert await draw.forget_old(scene.conn, later(scene.floor, timedelta(days=91))) == 1
    assert await fetch_value(scene.conn, "SELECT count(*) FROM draw_member") == 0
    assert f"entry {number} " in await draw.published_list(scene.conn, which)


async def test_who_goes_without_is_told(pool: Pool, floor: Floor) -> None:
    floor = at(floor, 10)
    async with transaction(pool) as conn:
        centre = await new_centre(conn)
        scene = Scene(conn, floor, centre)
        person = (await scene.family(1))[0]
        number = await identity.account_mobile(conn, floor, person.person.account_id)
    news = DrawLost(person.person.account_id, uuid4(), centre.district_id, 17, floor.clock.now())
    handlers = notifications.handlers(pool, floor)
    for _ in range(2):
        await do(handlers, DRAW_LOST, news)
    message = await latest(pool, floor, number)
    assert message.template is notifications.Template.DRAW_LOST
    assert "17" in message.text


def test_households_are_served_together_or_passed_over() -> None:
    one, two = uuid4(), uuid4()
    doses, seats = [SessionDoses(one, 3), SessionDoses(two, 9)], [SlotSeats(one, 1, 1, 1), SlotSeats(one, 2, 1, 5)]
    seats.append(SlotSeats(two, 1, 2, 1))
    line = [
        Ticket(1, 0, 1, 2, [two, one]),
        Ticket(2, 0, 1, 2, [one]),
        Ticket(3, 0, 1, 1, [one]),
        Ticket(4, 0, 2, 1, [one, two]),
        Ticket(5, 0, 1, 1, [one]),
    ]
    assert allot(line, doses, seats) == {1: (one, 2), 3: (one, 1), 4: (two, 1)}


def test_when_one_enters_makes_no_difference() -> None:
    """In 2,000 draws of 3 among 12 each wins a quarter of the time, within four standard errors."""
    session, tickets = uuid4(), [Ticket(number, 0, 1, 1, []) for number in range(101, 113)]
    tickets = [replace(one, preferences=[session]) for one in tickets]
    won = Counter[int]()
    for n in range(2_000):
        ordered = in_order(tickets, b"seed" * 8, "f" * 64, str(n))
        won.update(allot(ordered, [SessionDoses(session, 3)], [SlotSeats(session, 1, 1, 3)]).keys())
    assert sum(won.values()) == 6_000
    error = (2_000 * 0.25 * 0.75) ** 0.5
    assert all(abs(won[one.entry_id] - 500) < 4 * error for one in tickets), won


def test_the_order_within_a_group_hangs_on_seed_list_and_number_alone() -> None:
    session = uuid4()
    tickets = [Ticket(number, number % 2, 1, 1, [session]) for number in range(40)]
    stakes = Stakes(uuid4(), GROUPS, [SessionDoses(session, 1)], [SlotSeats(session, 1, 1, 1)], tickets)
    digest = stakes.digest()
    assert digest == replace(stakes, tickets=tickets[::-1]).digest(), "in whatever order it is read"

    def numbers(seed: bytes, digest: str, number: str) -> list[int]:
        return [one.entry_id for one in in_order(tickets, seed, digest, number)]

    first = numbers(b"a" * 32, digest, "1")
    assert first == numbers(b"a" * 32, digest, "1")
    assert [one % 2 for one in first] == [0] * 20 + [1] * 20
    others = [numbers(b"b" * 32, digest, "1"), numbers(b"a" * 32, "0" * 64, "1"), numbers(b"a" * 32, digest, "2")]
    assert all(first != other for other in others)
