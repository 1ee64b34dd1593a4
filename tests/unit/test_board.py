"""The board: answers made once, anew after a change, one read at a time for a key, within bounds; true to the byte."""

import asyncio
import gzip
import time
from collections.abc import Callable

import pytest
from starlette.requests import Request

from opencowin.web import board as at
from opencowin.web.board import Board, Drawn
from opencowin.web.shown import Shown, picked

pytestmark = pytest.mark.anyio


def shown(content: bytes, ending: Callable[[], bytes] | None = None) -> Shown:
    return Shown(content, media_type="application/json", cache="public, max-age=1", ending=ending)


class World:
    """Something that changes, and how often it was read."""

    def __init__(self, *, takes: float = 0.0, district: int = 7, rest: float = 0.0, good_for: float = 1000) -> None:
        self.state, self.reads, self.at_once, self.most_at_once = 0, 0, 0, 0
        self.takes, self.district, self.rest, self.good_for = takes, district, rest, good_for

    async def draw(self) -> Drawn:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        read = self.state
        await asyncio.sleep(self.takes)
        self.reads, self.at_once = self.reads + 1, self.at_once - 1
        return Drawn(shown(b"%d" % read), frozenset({self.district}), self.good_for, self.rest)


def a_board(most_bytes: int = 1_000_000) -> Board:
    board = Board(most_bytes)
    board.line_opened()
    return board


async def read(board: Board, world: World, key: str = "k") -> int:
    return int((await board.answer(key, world.draw)).plain.body)


async def test_an_answer_is_made_once_and_anew_after_a_change_of_its_district_only() -> None:
    board, world = a_board(), World()
    assert [await read(board, world) for _ in range(5)] == [0] * 5
    board.heard("8")
    assert board.ready("k") is not None
    world.state = 1
    board.heard("7")
    await asyncio.sleep(at.LONGEST_REST)
    assert board.ready("k") is None
    assert await read(board, world) == 1
    assert world.reads == 2
    world.state = 2
    board.heard("*")
    await asyncio.sleep(at.LONGEST_REST)
    assert await read(board, world) == 2


async def test_a_change_of_this_process_is_waited_for_and_one_of_others_shows_within_the_rest() -> None:
    board, world = a_board(), World(takes=0.02)
    await read(board, world)
    world.state = 1
    board.heard("7")
    assert await read(board, world) == 0, "it rests"
    board.changed_here(frozenset({7}))
    began = time.monotonic()
    assert await read(board, world) == 1
    assert time.monotonic() - began < at.LONGEST_REST + 0.2


async def test_a_storm_of_changes_and_callers_is_few_reads_and_one_at_a_time() -> None:
    board, world = a_board(), World(takes=0.02)

    async def caller() -> int:
        return await read(board, world)

    async def storm() -> None:
        for _ in range(100):
            world.state += 1
            board.changed_here(frozenset({7}))
            await asyncio.sleep(0.005)

    callers = [asyncio.create_task(caller()) for _ in range(50)]
    await storm()
    last = await read(board, world)
    await asyncio.gather(*callers)
    assert last == world.state == 100
    assert world.most_at_once == 1
    assert world.reads < 20


async def test_what_changes_while_an_answer_is_made_is_in_the_next_one() -> None:
    board, world = a_board(), World(takes=0.05)
    first = asyncio.create_task(read(board, world))
    await asyncio.sleep(0.02)
    world.state = 1
    board.changed_here(frozenset({7}))
    assert await read(board, world) == 1
    assert await first == 0
    assert world.reads == 2


async def test_while_changes_cannot_be_heard_every_call_reads_and_nothing_is_kept() -> None:
    board, world = a_board(), World()
    await read(board, world)
    board.line_lost()
    world.state = 1
    assert await read(board, world) == 1
    world.state = 2
    assert await read(board, world) == 2
    assert board.ready("k") is None
    board.line_opened()
    assert await read(board, world) == 2
    assert board.ready("k") is not None


async def test_a_read_that_began_before_the_line_was_lost_is_not_believed_later() -> None:
    board, world = a_board(), World(takes=0.05)
    first = asyncio.create_task(read(board, world))
    await asyncio.sleep(0.01)
    board.line_lost()
    world.state = 1
    board.line_opened()
    await first
    assert await read(board, world) == 1


async def test_time_alone_makes_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    board, world = a_board(), World(good_for=0.05)
    await read(board, world)
    world.state = 1
    await asyncio.sleep(0.06)
    assert await read(board, world) == 1


async def test_a_failure_is_told_to_all_who_wait_and_the_next_one_tries_again() -> None:
    board, world = a_board(), World()

    async def broken() -> Drawn:
        await asyncio.sleep(0.01)
        raise OSError("away")

    told = await asyncio.gather(*(board.answer("k", broken) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in told] == [OSError] * 3
    assert await read(board, world) == 0


async def test_a_caller_who_leaves_takes_nothing_from_the_others() -> None:
    board, world = a_board(), World(takes=0.05)
    leaving, staying = asyncio.create_task(read(board, world)), asyncio.create_task(read(board, world))
    await asyncio.sleep(0.01)
    leaving.cancel()
    assert await staying == 0
    assert world.reads == 1


async def test_a_file_is_sent_as_it_is_while_it_is_made_anew() -> None:
    board, world = a_board(), World(rest=1.0)
    await read(board, world)
    world.state = 1
    board.changed_here(frozenset({7}))
    assert await read(board, world) == 0
    await asyncio.sleep(1.01)
    assert await read(board, world) == 0
    await asyncio.sleep(0.05)
    assert await read(board, world) == 1


async def test_a_file_that_has_been_outdated_for_long_is_waited_for() -> None:
    board, world = a_board(), World(rest=0.05)
    await read(board, world)
    world.state = 1
    board.heard("7")
    await asyncio.sleep(at.OUTDATED * world.rest + 0.01)
    assert await read(board, world) == 1, "whoever comes after a quiet hour is not told what was"


async def test_memory_is_bounded_and_the_least_lately_asked_for_goes_first() -> None:
    world = World()
    one = (await world.draw()).shown.size
    board = a_board(most_bytes=3 * one)
    for key in ("a", "b", "c"):
        await read(board, world, key)
    board.ready("a")
    await read(board, world, "d")
    assert [key for key in "abcd" if board.ready(key)] == ["a", "c", "d"]
    board.heard("7")


def asked(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


@pytest.mark.parametrize("size", [0, 10, 399, 400, 70_000])
def test_plain_and_packed_say_the_same_whatever_the_time_is(size: int) -> None:
    told = [b'1"}', b'2"}', b'3"}']
    one = shown(b"x" * size, lambda: told[0])
    for _ in range(3):
        one.renew()
        status, headers, body, _ = picked(one, "", "gzip")
        plain = picked(one, "", "")
        assert (status, plain[0]) == (200, 200)
        assert plain[2] == b"x" * size + told[0]
        packed = dict(headers).get(b"content-encoding") == b"gzip"
        assert packed == (len(plain[2]) >= 400)
        assert (gzip.decompress(body) if packed else body) == plain[2]
        assert dict(headers)[b"content-length"] == b"%d" % len(body)
        assert dict(plain[1])[b"content-length"] == b"%d" % len(plain[2])
        told.append(told.pop(0))


def test_the_tag_is_of_the_content_not_of_the_time() -> None:
    one, other = shown(b"a", lambda: b"1"), shown(b"a", lambda: b"2")
    assert one.tag == other.tag != shown(b"b").tag
    status, headers, body, _ = picked(one, one.tag, "")
    assert (status, body) == (304, b"")
    assert dict(headers)[b"etag"] == one.tag.encode()
    assert b"content-length" not in dict(headers)
