"""A rush, simulated: people and scripts ask for a place through the real verbs; who gets the seats is told by kind.

Everybody begins to ask at a random instant and asks again and again: people once a minute, scripts as often as their
kind says. The same asks are served in the order in which they come for comparison.
"""

import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count, takewhile
from math import sqrt
from uuid import UUID

from opencowin import fairness
from opencowin.fairness import Ticket
from opencowin.kit.actor import Place, system
from opencowin.kit.clock import Clock
from opencowin.kit.db import Pool, run, transaction
from opencowin.kit.floor import Floor

OFFICER = system("rush")
OPENING = datetime(2021, 4, 28, 10, 30, tzinfo=UTC)
EARLIEST, LATEST, END = -60.0, 10.0, 20.0
"""Seconds from the opening: between the first two everybody begins to ask, at the last the simulation ends."""
PERIOD = 60.0
SHARE_OF_SEATS = 0.25
TOGETHER = 256


class Kind(StrEnum):
    """Who asks."""

    PERSON = "a person, asking once a minute"
    OFTEN = "a script that asks 100 times as often"
    ADDRESSES = "a script that asks from 100 addresses at once"


@dataclass(frozen=True, slots=True)
class Asker:
    """One mobile: when it begins to ask, and how often."""

    account: UUID
    kind: Kind
    begins: float

    def asks(self) -> Iterator[float]:
        """When it asks, without an end; from a hundred addresses, each once a minute at a random instant of it."""
        if self.kind is not Kind.ADDRESSES:
            return count(self.begins, PERIOD / 100 if self.kind is Kind.OFTEN else PERIOD)
        chance = random.Random(self.account.int)
        phases = sorted([0.0, *(chance.uniform(0, PERIOD) for _ in range(99))])
        return (self.begins + minute * PERIOD + phase for minute in count() for phase in phases)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % confidence interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of independent rushes."""
    mean = statistics.fmean(values)
    half = 1.96 * statistics.stdev(values) / sqrt(len(values))
    return Estimate(mean, mean - half, mean + half)


Order = Mapping[UUID, float]
Shares = Mapping[Kind, float]


def crowd(chance: random.Random, people: int, scripts: int) -> list[Asker]:
    """So many people, and so many scripts of each kind, all beginning within the same time."""
    kinds = [Kind.PERSON] * people + [Kind.OFTEN] * scripts + [Kind.ADDRESSES] * scripts
    return [Asker(UUID(int=chance.getrandbits(128)), kind, chance.uniform(EARLIEST, LATEST)) for kind in kinds]


def in_order_of_coming(askers: Sequence[Asker]) -> Order:
    """First come, first served: whoever asks first once it is open."""
    return {one.account: next(when for when in one.asks() if when >= 0) for one in askers}


async def through_the_room(pool: Pool, floor: Floor, askers: Sequence[Asker]) -> Order:
    """Every ask joins a waiting room on the database, batch by batch as time passes; the places."""
    asks = sorted((when, one.account) for one in askers for when in takewhile(END.__gt__, one.asks()))
    async with transaction(pool) as conn:
        room_id = await fairness.announce_room(
            conn, at(floor, EARLIEST - 1), OFFICER, Place(), opens_at=OPENING, per_minute=60
        )
    held: dict[UUID, Ticket] = {}
    for batch in _batches(asks):
        async with transaction(pool) as conn:
            found = await fairness.join(conn, at(floor, batch[0][0]), room_id, [account for _, account in batch])
        for ticket in found:
            assert ticket is not None
            assert held.setdefault(ticket.account_id, ticket) == ticket, "a place never changes"
    async with transaction(pool) as conn:
        (room,) = await fairness.rooms_within(conn, OFFICER)
        await run(conn, "DELETE FROM queue_room")
    lots = {account: fairness.lot(floor.keyring, room_id, account) for account in held}
    return {account: fairness.place_of(room, ticket, lots[account]) for account, ticket in held.items()}


def _batches(asks: Sequence[tuple[float, UUID]]) -> Iterator[Sequence[tuple[float, UUID]]]:
    """What comes within a second is answered together, but nothing from before the opening with what comes after."""
    begin = 0
    for end in range(1, len(asks) + 1):
        first = asks[begin][0]
        if end == len(asks) or end - begin == TOGETHER or asks[end][0] > first + 1 or first < 0 <= asks[end][0]:
            yield asks[begin:end]
            begin = end


def at(floor: Floor, seconds: float) -> Floor:
    """The floor, so many seconds from the opening."""
    return replace(floor, clock=Clock(floor.clock.zone, lambda: OPENING + timedelta(seconds=seconds)))


def shares(askers: Sequence[Asker], order: Order) -> Shares:
    """Which share of each kind gets a seat, where there is one for every fourth."""
    seats = int(len(askers) * SHARE_OF_SEATS)
    seated = set(sorted(order, key=order.__getitem__)[:seats])
    kinds = {kind: [one.account in seated for one in askers if one.kind is kind] for kind in Kind}
    return {kind: statistics.fmean(got) for kind, got in kinds.items()}


def advantage(rushes: Sequence[Shares], kind: Kind) -> Estimate:
    """By how much the chance of this kind is larger than a person's."""
    return estimate([one[kind] - one[Kind.PERSON] for one in rushes])


def with_many_mobiles(rushes: Sequence[Shares], mobiles: int) -> tuple[float, float]:
    """Who has so many mobiles: the seats expected, and the chance of at least one. That is what the rules give."""
    each = statistics.fmean(one[Kind.PERSON] for one in rushes)
    return mobiles * each, 1 - (1 - each) ** mobiles
