"""The waiting room: what a place and a look at a ticket cost, and, by simulation, what asking more often gains.

`python -m benchmarks.fairness` simulates alone. The rushes go through the platform's own verbs on the lab's database.
"""

import asyncio
import hashlib
import hmac
import random
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

import psycopg

from benchmarks.lab import ROOT, Lab, opened
from benchmarks.measure import Goal, Pair, per_cpu_second, per_second
from opencowin import fairness
from opencowin.fairness import Wanted
from opencowin.kit.actor import Actor, Place
from opencowin.kit.db import Connection, Pool, make_pool, run, transaction
from tests import rush
from tests.builders import citizen
from tests.rush import Estimate, Kind, Shares

SEED, RUSHES, PEOPLE, SCRIPTS = 28_04_2021, 200, 200, 10
MOBILES = 100
SECONDS = 1.0
AT_ONCE = 256
OF_THE_PEAK = 18_333
DOCUMENT = ROOT / "docs" / "fairness.md"
HEAD = f"""# What asking more often gains

Written by `make bench` (`benchmarks/fairness.py`). {RUSHES} rushes are simulated, each of {PEOPLE} people and
{SCRIPTS} scripts of each kind, with a seat for every fourth. Everybody begins to ask within the minute before booking
opens or the ten seconds after; people ask again once a minute. Every ask goes through the room `fairness` on PostgreSQL
(`tests/rush.py`); for comparison the same asks are served in the order in which they come. Intervals are of 95 %, over
rushes.

"""
MEANING = """
An interval that holds 0 is an advantage that cannot be told from none. It follows from the rules: the place hangs on
the account and on whether it came before the opening, and an address, a device or a number of calls is no input of it
([ADR 22](adr/0022-a-place-in-the-waiting-room-is-a-lot-or-a-number.md)). What this does not say: what a hundred proved
numbers cost their holder; how a script fares among those who are let in, who choose among the seats that are left; or
what a gateway that lends its key could do.
"""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Rushes, each served in order and through the room."""

    served: Sequence[Shares]
    drawn: Sequence[Shares]

    def advantage(self, kind: Kind) -> tuple[Estimate, Estimate]:
        """Over a person, served in order and through the room."""
        return rush.advantage(self.served, kind), rush.advantage(self.drawn, kind)


def simulate(lab: Lab, rushes: int = RUSHES) -> Simulated:
    """Rushes with a seed of their own, through the lab's database."""
    chance = random.Random(SEED)
    crowds = [rush.crowd(chance, PEOPLE, SCRIPTS) for _ in range(rushes)]

    async def through() -> list[Shares]:
        async with make_pool(lab.dsn, size=2) as pool:
            return [rush.shares(one, await rush.through_the_room(pool, lab.floor, one)) for one in crowds]

    return Simulated([rush.shares(one, rush.in_order_of_coming(one)) for one in crowds], asyncio.run(through()))


def write(found: Simulated) -> None:
    """Tell it in docs/fairness.md."""
    rows = "".join(
        f"| {kind.value} | {served} | **{drawn}** |\n"
        for kind in (Kind.OFTEN, Kind.ADDRESSES)
        for served, drawn in [found.advantage(kind)]
    )
    person = rush.estimate([one[Kind.PERSON] for one in found.drawn])
    seats, any_seat = rush.with_many_mobiles(found.drawn, MOBILES)
    table = (
        "| who | advantage over a person, first come, first served | advantage over a person, in the waiting room |\n"
        f"| --- | --- | --- |\n{rows}"
    )
    many = (
        f"\nThe advantage is the difference between the chances of a seat; a person in the waiting room has one of"
        f" {person.mean:.3f} [{person.low:.3f}, {person.high:.3f}].\n\n**{MOBILES} mobiles are {MOBILES} places**:"
        f" their holder can expect {seats:.0f} seats, as {MOBILES} people do, and has one at least with a chance of"
        f" {any_seat:.4f}. That is what the rules give; it costs {MOBILES} numbers that answer one-time passwords, and"
        " a registered person with a document for each seat.\n"
    )
    DOCUMENT.write_text(HEAD + table + many + MEANING, "utf-8")


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """Looks at tickets, and places given, each beside its reference."""
    with asyncio.Runner() as runner:
        pool = runner.run(_open(lab.dsn))
        entrance = fairness.Entrance(lab.floor, partial(transaction, pool), _nowhere)
        try:
            yield [
                Pair(
                    "tickets of the waiting room checked before a booking, one core",
                    partial(_checks, runner, entrance, pool, lab),
                    "the bare HMAC-SHA-256 of two texts of that length",
                    partial(_macs, lab),
                    Goal(OF_THE_PEAK, "three cores for Co-WIN's announced 55,000 calls a second"),
                ),
                Pair(
                    f"places given in the waiting room, {AT_ONCE} at once, one web process",
                    partial(_joins, runner, entrance, pool, lab),
                    "one-row INSERT, 1 connection",
                    partial(_inserts, lab.dsn),
                    Goal(740, "the registrations a second of 28 April 2021, on average"),
                ),
            ]
        finally:
            runner.run(_end(pool))


async def _open(dsn: str) -> Pool:
    pool = make_pool(dsn, size=4)
    await pool.open()
    return pool


async def _end(pool: Pool) -> None:
    """Leave no waiting room before what is measured next."""
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM queue_room")
    await pool.close()


async def _nowhere(_conn: Connection, _session: UUID) -> Wanted:
    return Wanted(Place(), None)


async def _a_room(pool: Pool, lab: Lab) -> None:
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM queue_room")
        await fairness.announce_room(
            conn, lab.floor, rush.OFFICER, Place(), opens_at=None, per_minute=fairness.MOST_PER_MINUTE
        )


def _checks(runner: asyncio.Runner, entrance: fairness.Entrance, pool: Pool, lab: Lab) -> float:
    async def prepared() -> tuple[Actor, UUID, str]:
        await _a_room(pool, lab)
        actor, session = citizen(uuid4()), uuid4()
        entrance.line_opened()
        standing = await entrance.stand(actor, session, "")
        assert standing
        await asyncio.sleep(0.01)
        return actor, session, standing.ticket

    actor, session, ticket = runner.run(prepared())

    async def thousand() -> None:
        for _ in range(1000):
            await entrance.enter(actor, session, ticket)

    return 1000 * per_cpu_second(lambda: runner.run(thousand()), SECONDS)


def _macs(lab: Lab) -> float:
    key, text = lab.floor.keyring.index_key, b"x" * 88

    def thousand() -> None:
        for _ in range(1000):
            hmac.digest(key, text, hashlib.sha256)
            hmac.digest(key, text, hashlib.sha256)

    return 1000 * per_cpu_second(thousand, SECONDS)


def _joins(runner: asyncio.Runner, entrance: fairness.Entrance, pool: Pool, lab: Lab) -> float:
    async def prepared() -> None:
        await _a_room(pool, lab)
        entrance.line_opened()

    runner.run(prepared())
    session = uuid4()

    async def together() -> None:
        asked: list[Awaitable[object]] = [entrance.stand(citizen(uuid4()), session, "") for _ in range(AT_ONCE)]
        await asyncio.gather(*asked)

    return AT_ONCE * per_second(lambda: runner.run(together()), SECONDS)


def _inserts(dsn: str) -> float:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS bench_one_row")
        conn.execute("CREATE TABLE bench_one_row (a uuid, b uuid, at timestamptz)")

        def insert() -> None:
            conn.execute("INSERT INTO bench_one_row VALUES (%s, %s, now())", (uuid4(), uuid4()))

        return per_second(insert, SECONDS)


def main() -> None:
    """Simulate, and write the document."""
    with opened() as lab:
        found = simulate(lab)
        for kind in (Kind.OFTEN, Kind.ADDRESSES):
            served, drawn = found.advantage(kind)
            print(
                f"{kind.value}\n    first come, first served {served}\n    in the waiting room      {drawn}", flush=True
            )
        write(found)


if __name__ == "__main__":
    main()
