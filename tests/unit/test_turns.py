"""Whose turn it is at a gateway: the most urgent first, at its pace, and nobody after it is safe to begin."""

import asyncio
import time

import pytest

from opencowin.notifications.turns import Turns

pytestmark = pytest.mark.anyio


async def served(
    turns: Turns, *priorities: int, seconds: float = 0.0, begin_by: float = 60.0
) -> list[tuple[int, bool]]:
    """Who was served, in order, and whether the turn came."""
    order: list[tuple[int, bool]] = []

    async def one(priority: int) -> None:
        async with turns.turn(priority, time.monotonic() + begin_by) as came:
            order.append((priority, came))
            await asyncio.sleep(seconds)

    await asyncio.gather(*(one(priority) for priority in priorities))
    return order


async def test_the_most_urgent_is_next_and_equals_keep_their_order() -> None:
    order = await served(Turns(1000, 1), -100, -100, 0, 100, seconds=0.001)
    assert [priority for priority, _ in order] == [-100, 100, 0, -100], "the first had its turn before others came"


async def test_no_more_are_under_way_than_the_gateway_takes_at_once() -> None:
    turns, under_way, most = Turns(1_000_000, 3), 0, 0

    async def one() -> None:
        nonlocal under_way, most
        async with turns.turn(0, time.monotonic() + 60):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.005)
            under_way -= 1

    await asyncio.gather(*(one() for _ in range(20)))
    assert (most, under_way) == (3, 0)


async def test_a_gateway_is_given_no_more_a_second_than_it_may_be() -> None:
    begun = time.monotonic()
    await served(Turns(200, 100), *[0] * 60)
    assert time.monotonic() - begun >= 60 / 200 - 0.05


async def test_whose_turn_comes_too_late_is_told_so_and_uses_none() -> None:
    begun = time.monotonic()
    order = await served(Turns(2, 10), *[0] * 40, begin_by=0.2)
    assert sum(came for _, came in order) == 1
    assert time.monotonic() - begun < 5, "those who come too late do not wait for the pace"


async def test_who_gives_up_waiting_leaves_the_turn_to_the_next() -> None:
    turns = Turns(1000, 1)
    async with turns.turn(0, time.monotonic() + 60):
        gone = asyncio.create_task(served(turns, 100))
        await asyncio.sleep(0.01)
        gone.cancel()
        waits = asyncio.create_task(served(turns, 0))
        await asyncio.sleep(0.01)
    assert await asyncio.wait_for(waits, 2) == [(0, True)]
