"""One session that is published meets a million subscriptions: until its round is decided and its alerts are queued."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from uuid import UUID, uuid4

import psycopg

from benchmarks.lab import Lab
from benchmarks.measure import Goal, Pair, Unit
from opencowin import notifications
from opencowin.identity.accounts import MOBILE
from opencowin.kit.db import Pool, make_pool
from opencowin.scheduling import SEATS_OFFERED, BulkSession, SeatsOffered

ACCOUNTS, EACH = 250_000, 4
SUBSCRIPTIONS = ACCOUNTS * EACH
CITY = 0.05
"""How many of them watch one metropolis."""
SEATS, PLENTY, INSERTS = 100, 2500, 1000
"""Free seats in each of four slots, of an ordinary session and of a stadium."""
GOAL = Goal(5.0, "seats of that spring were gone within minutes; Co-WIN told of them after 5 to 30")
PLACES = """
    CREATE TEMPORARY TABLE wanted AS
    SELECT row_number() OVER () - 1 AS number, pin_code, district_id, latitude, longitude
    FROM (SELECT p.*, generate_series(1, least(p.localities, 40)) FROM pin_code p WHERE latitude IS NOT NULL
          ORDER BY district_id <> (
              SELECT district_id FROM pin_code GROUP BY 1 ORDER BY sum(localities) DESC LIMIT 1), 1)
         AS weighed
"""
"""Pin codes, each as often as it has localities: where more people live, more look for seats. The biggest district is
first."""
SUBSCRIBE = """
    INSERT INTO subscription (account_id, code, district_id, pin_code, radius_km, latitude, longitude, area, vaccine_id,
                              dose, age, most_fee, made_at, ends_at)
    SELECT lpad(to_hex(w.number / %(each)s + 1), 32, '0')::uuid, 'B' || w.number,
           CASE WHEN kind < 0.4 THEN p.district_id END,
           CASE WHEN kind >= 0.4 THEN p.pin_code END,
           radius, CASE WHEN radius IS NOT NULL THEN p.latitude END, CASE WHEN radius IS NOT NULL THEN p.longitude END,
           box_round(p.latitude, p.longitude, radius),
           (ARRAY[NULL, NULL, 'COVISHIELD', 'COVAXIN'])[1 + floor(random() * 4)::int],
           (ARRAY[NULL, 1, 2])[1 + floor(random() * 3)::int],
           CASE WHEN random() < 0.7 THEN 18 + floor(random() * 60)::int END,
           (ARRAY[NULL, 0, 0, 250, 800])[1 + floor(random() * 5)::int],
           now(), now() + interval '60 days'
    FROM (SELECT number, random() AS kind,
                 CASE WHEN random() < %(city)s THEN 0
                      ELSE floor(random() * (SELECT count(*) FROM wanted))::int END AS place,
                 CASE WHEN random() < 0.5
                      THEN (ARRAY[2, 5, 5, 10, 10, 10, 25, 25, 50, 100])[1 + floor(random() * 10)::int] END AS circle
          FROM generate_series(0, %(many)s - 1) AS number) AS w
    CROSS JOIN LATERAL (SELECT CASE WHEN kind >= 0.4 THEN circle END AS radius) AS r
    JOIN wanted p ON p.number = w.place
"""
TABLE = "CREATE TABLE IF NOT EXISTS bench_wish (a uuid, b uuid, at timestamptz)"


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    with psycopg.connect(lab.dsn, autocommit=True) as conn, asyncio.Runner() as runner:
        _fill(lab, conn)
        busiest = _rows(conn, "SELECT district_id FROM wanted WHERE number = 0")
        pool = runner.run(_open(lab.dsn))
        try:
            tell = next(one.handle for one in notifications.handlers(pool, lab.floor) if one.job is SEATS_OFFERED)
            small, big = (lab.publish_at([busiest], days=1, seats=seats)[0] for seats in (SEATS, PLENTY))
            conn.execute("DELETE FROM pgqueuer WHERE entrypoint = 'scheduling.seats_offered'")
            ours = partial(_told, runner, conn, tell)
            what = f"a session is published to {SUBSCRIPTIONS:,} subscriptions"
            yield [
                Pair(
                    f"{what}: households for {SEATS * 8:,} seats drawn, worded and queued",
                    partial(ours, small),
                    "a sequential count of the table",
                    partial(_counted, conn),
                    GOAL,
                    Unit.SECONDS,
                ),
                Pair(
                    f"{what}: households for {PLENTY * 8:,} seats drawn, worded and queued",
                    partial(ours, big),
                    f"{INSERTS:,} one-row INSERTs, 1 connection",
                    partial(_inserted, conn),
                    GOAL,
                    Unit.SECONDS,
                ),
            ]
        finally:
            runner.run(pool.close())
            conn.execute("TRUNCATE subscription, alert, alert_round, message")


async def _open(dsn: str) -> Pool:
    pool = make_pool(dsn, size=2)
    await pool.open()
    return pool


def _fill(lab: Lab, conn: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Households with numbers, and their wishes spread over the country's pin codes and districts."""
    with conn.cursor().copy("COPY account (account_id, mobile_sealed, language, created_at) FROM STDIN") as rows:
        for number in range(ACCOUNTS):
            sealed = lab.floor.keyring.seal(str(7_200_000_000 + number), MOBILE)
            rows.write_row((UUID(int=number + 1), sealed, "en", "2021-01-01T00:00:00Z"))
    conn.execute("SELECT setseed(0.28042021)")
    conn.execute(PLACES)
    conn.execute(SUBSCRIBE, {"each": EACH, "many": SUBSCRIPTIONS, "city": CITY})
    conn.execute("ANALYZE subscription")
    conn.execute("ANALYZE account")
    conn.execute(TABLE)


def _told(
    runner: asyncio.Runner,
    conn: "psycopg.Connection[tuple[object, ...]]",
    tell: Callable[[SeatsOffered], Awaitable[None]],
    session: BulkSession,
) -> float:
    """Seconds from the job that the session's publishing queues to the commit of its alerts."""
    conn.execute("TRUNCATE alert, alert_round, message")

    async def once() -> float:
        begun = time.perf_counter()
        await tell(SeatsOffered([session.session_id]))
        return time.perf_counter() - begun

    took = runner.run(once())
    if not _rows(conn, "SELECT count(*) FROM message"):
        raise RuntimeError("nobody was told")
    return took


def _counted(conn: "psycopg.Connection[tuple[object, ...]]") -> float:
    conn.execute("SET max_parallel_workers_per_gather = 0")
    begun = time.perf_counter()
    _rows(conn, "SELECT count(*) FROM subscription")
    return time.perf_counter() - begun


def _inserted(conn: "psycopg.Connection[tuple[object, ...]]") -> float:
    begun = time.perf_counter()
    for _ in range(INSERTS):
        conn.execute("INSERT INTO bench_wish VALUES (%s, %s, now())", (uuid4(), uuid4()))
    return time.perf_counter() - begun


def _rows(conn: "psycopg.Connection[tuple[object, ...]]", query: str) -> int:
    found: Sequence[object] = conn.execute(query.encode()).fetchone() or (0,)
    return int(str(found[0]))
