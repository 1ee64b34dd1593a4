"""The journal of changes: what is noted, in which order it is read, and that nothing is left out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import anyio
import pytest
from psycopg import Rollback

from opencowin import places, scheduling
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.scheduling import ChangesForgotten
from tests.builders import TEST, a_centre, a_session, citizen, stock_up
from tests.rooms.scene import NOON, Scene

pytestmark = pytest.mark.anyio


@pytest.fixture
async def centre(pool: Pool, floor: Floor) -> places.Centre:
    return await a_stocked_centre(pool, floor)


async def a_stocked_centre(pool: Pool, floor: Floor) -> places.Centre:
    made = await a_centre(pool, floor)
    await stock_up(pool, floor, made, "COVISHIELD", doses=5000)
    return made


@asynccontextmanager
async def scene_of(pool: Pool, floor: Floor, centre: places.Centre) -> AsyncIterator[Scene]:
    async with transaction(pool) as conn:
        yield Scene(conn, floor, centre)


async def newest(pool: Pool) -> int:
    async with transaction(pool) as conn:
        await scheduling.number_changes(conn)
    async with transaction(pool) as conn:
        return await scheduling.newest_change(conn)


async def told(pool: Pool, floor: Floor, after: int, **where: object) -> list[tuple[UUID, str]]:
    await newest(pool)
    async with transaction(pool) as conn:
        found = await scheduling.changes_after(conn, floor, after, **where)  # type: ignore[arg-type]
    return [(one.noted.session_id, one.noted.kind) for one in found.changes]


async def test_what_happens_to_a_session_is_told_in_its_order(pool: Pool, floor: Floor, centre: places.Centre) -> None:
    begin = await newest(pool)
    async with scene_of(pool, floor, centre) as scene:
        session = await scene.session(doses=5, seats=2)
        people = await scene.family(2)
    async with scene_of(pool, floor, centre) as scene:
        first = await scene.book(people[:1], session, NOON)
    assert await told(pool, floor, begin) == [(session, "published")], "a seat among others is no news"
    async with scene_of(pool, floor, centre) as scene:
        await scene.book(people[1:], session, NOON)
    async with scene_of(pool, floor, centre) as scene:
        actor = citizen(people[0].person.account_id)
        await scheduling.cancel(scene.conn, floor, actor, first.booking_id, [people[0].reference_id])
    async with transaction(pool) as conn:
        await scheduling.withdraw_session(conn, floor, TEST, session, "no vaccine came")
    kinds = ["published", "seats_gone", "seats_released", "withdrawn"]
    assert await told(pool, floor, begin) == [(session, kind) for kind in kinds]
    async with transaction(pool) as conn:
        page = await scheduling.changes_after(conn, floor, begin, most=3)
        rest = await scheduling.changes_after(conn, floor, page.cursor, most=3)
    assert (len(page.changes), page.more, len(rest.changes), rest.more) == (3, True, 1, False)
    assert all(one.session is None for one in page.changes), "it is told as it stands now: withdrawn"


async def note_of(conn: Connection, session: UUID) -> int:
    """The order in which a change was noted, as its own transaction sees it."""
    return int(await fetch_value(conn, "SELECT news_id FROM session_news WHERE session_id = %(s)s", s=session))


async def test_a_transaction_that_began_first_and_commits_last_is_not_missed(
    pool: Pool, floor: Floor, centre: places.Centre
) -> None:
    begin = await newest(pool)
    async with scene_of(pool, floor, centre) as slow:
        first = await slow.session(doses=5)
        async with scene_of(pool, floor, await a_stocked_centre(pool, floor)) as quick:
            second = await quick.session(doses=5)
            noted = await note_of(quick.conn, second)
        assert await note_of(slow.conn, first) < noted, (
            "who reads by this order and has seen the second misses the first"
        )
        assert await told(pool, floor, begin) == [(second, "published")], "nobody waits for the one that is still open"
        cursor = await newest(pool)
        assert await told(pool, floor, cursor) == []
    assert await told(pool, floor, cursor) == [(first, "published")]
    assert await told(pool, floor, begin) == [(second, "published"), (first, "published")]


async def test_numbers_are_given_by_one_at_a_time_and_not_before_they_are_kept(
    pool: Pool, floor: Floor, centre: places.Centre
) -> None:
    begin = await newest(pool)
    async with scene_of(pool, floor, centre) as scene:
        session = await scene.session(doses=5)
    async with transaction(pool) as one:
        assert await scheduling.number_changes(one) == 1
        async with transaction(pool) as other:
            assert await scheduling.number_changes(other) == -1 or await scheduling.newest_change(other) == begin
            assert not (await scheduling.changes_after(other, floor, begin)).changes
    assert await told(pool, floor, begin) == [(session, "published")]


async def test_crowds_that_publish_and_read_at_once_leave_nothing_out(pool: Pool, floor: Floor) -> None:
    cursor = await newest(pool)
    done, made, seen = anyio.Event(), list[UUID](), list[UUID]()

    async def publish(ahead: int) -> None:
        here, day = await a_stocked_centre(pool, floor), floor.clock.today() + timedelta(days=ahead)
        for _ in range(5):
            async with transaction(pool) as conn:
                made.append(await scheduling.publish_session(conn, floor, TEST, a_session(here, day, doses=1)))
                await anyio.sleep(0.003 * ahead)

    async def read() -> None:
        nonlocal cursor
        while True:
            last = done.is_set()
            await newest(pool)
            async with transaction(pool) as conn:
                page = await scheduling.changes_after(conn, floor, cursor, most=7)
            seen.extend(one.noted.session_id for one in page.changes)
            cursor = page.cursor
            if last and not page.more:
                return

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        async with anyio.create_task_group() as publishers:
            for ahead in range(1, 9):
                publishers.start_soon(publish, ahead)
        done.set()
    assert len(seen) == len(set(seen)) == 40
    assert set(seen) == set(made)


async def test_drafts_and_sessions_for_invited_people_and_undone_work_are_not_told(
    pool: Pool, floor: Floor, centre: places.Centre
) -> None:
    begin, day = await newest(pool), floor.clock.today() + timedelta(days=1)
    async with transaction(pool) as conn:
        new = a_session(centre, day, doses=5)
        draft, _ = await scheduling.draft_session(conn, floor, TEST, new, None, uuid4())
        await scheduling.publish_session(conn, floor, TEST, replace(new, closed=True))
        await run(conn, "UPDATE slot_capacity SET capacity = capacity + 1 WHERE session_id = %(s)s", s=draft)
    async with scene_of(pool, floor, centre) as scene:
        await scene.session(doses=5)
        raise Rollback
    assert await told(pool, floor, begin) == []
    async with transaction(pool) as conn:
        await scheduling.publish_draft(conn, floor, TEST, draft)
    assert await told(pool, floor, begin) == [(draft, "published")]


async def test_a_session_that_a_draw_allots_is_told_as_changed(pool: Pool, floor: Floor, centre: places.Centre) -> None:
    async with scene_of(pool, floor, centre) as scene:
        session = await scene.session(doses=5)
    begin = await newest(pool)
    async with transaction(pool) as conn:
        await scheduling.give_to_draw(conn, TEST, uuid4(), centre.district_id, [session])
    assert await told(pool, floor, begin) == [(session, "changed")]
    async with transaction(pool) as conn:
        (change,) = (await scheduling.changes_after(conn, floor, begin)).changes
    assert change.session is not None
    assert change.session.sessions[0].free_total == 0, "nobody can book it now"


async def test_a_place_is_told_of_its_own_changes_alone(pool: Pool, floor: Floor, centre: places.Centre) -> None:
    begin = await newest(pool)
    async with scene_of(pool, floor, centre) as scene:
        session = await scene.session(doses=5)
    here = [(session, "published")]
    assert await told(pool, floor, begin, district_ids=[centre.district_id]) == here
    assert await told(pool, floor, begin, pin_codes=[centre.pin_code]) == here
    assert await told(pool, floor, begin, district_ids=[-1], pin_codes=[centre.pin_code]) == here
    assert await told(pool, floor, begin, district_ids=[-1], pin_codes=["000000"]) == []
    async with transaction(pool) as conn:
        elsewhere = await scheduling.changes_after(conn, floor, begin, district_ids=[-1])
    assert elsewhere.cursor == await newest(pool), "who reads on does not read it all again"


async def test_a_cursor_of_days_that_are_over_is_refused_and_never_skips(
    pool: Pool, floor: Floor, centre: places.Centre
) -> None:
    begin = await newest(pool)
    for _ in range(2):
        async with scene_of(pool, floor, centre) as scene:
            await scene.session(doses=1)
        await newest(pool)
    async with transaction(pool) as conn:
        await run(
            conn,
            "UPDATE session_change SET happened_at = now() - interval '9 days' WHERE change_number = %(n)s",
            n=begin + 1,
        )
        assert await scheduling.forget_old_changes(conn) >= 1
        assert await scheduling.forget_old_changes(conn) == 0
    async with transaction(pool) as conn:
        for wrong in (begin, begin + 3):
            with pytest.raises(ChangesForgotten):
                await scheduling.changes_after(conn, floor, wrong)
        assert len((await scheduling.changes_after(conn, floor, begin + 1)).changes) == 1
