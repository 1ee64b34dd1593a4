"""The busiest public call, a district's week of sessions, from one web process, beside nginx with the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.callers import call, get
from benchmarks.lab import Lab
from benchmarks.measure import Goal, Pair
from benchmarks.servers import fixed, nginx, platform
from benchmarks.wrk import rate

CENTRES, DAYS = 25, 7
CONNECTIONS = 16


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    sessions = lab.publish(centres=CENTRES, days=DAYS, seats=50)
    day = sessions[0].held_on.strftime("%d-%m-%Y")
    query = f"district_id={sessions[0].district_id}&date={day}"
    path = f"/api/v2/appointment/sessions/public/calendarByDistrict?{query}"
    with platform(lab) as (port, _):
        body = call(port, [get(path, Accept_Encoding="gzip")], connections=1).all_good().body
        with fixed(len(body)) as (other, _), nginx(lab.folder / "nginx", body) as (files, _):
            whole = f"{len(body) / 1000:.1f} kB zipped"
            name = f"calendarByDistrict, {CENTRES} centres × {DAYS} days ({whole}), one web process"
            yield [
                Pair(
                    name,
                    partial(rate, port, path, CONNECTIONS),
                    "one worker of nginx, the same bytes from a file",
                    partial(rate, files, "/body", CONNECTIONS),
                    Goal(1.0, "as quick as a file", of_ratio=True),
                ),
                Pair(
                    name,
                    partial(rate, port, path, CONNECTIONS),
                    "the same Uvicorn, raw ASGI, a fixed body of that size",
                    partial(rate, other, "/", CONNECTIONS),
                    Goal(1000.0, "55 such processes for Co-WIN's announced 55,000 calls a second"),
                ),
            ]
