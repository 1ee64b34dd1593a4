"""How soon a taken seat shows in the calendar of another web process, while both are asked for calendars."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import partial

from benchmarks.callers import call, get, post
from benchmarks.lab import Lab
from benchmarks.measure import Goal, Pair, Unit
from benchmarks.servers import fixed, platform
from opencowin.scheduling import BulkSession
from tests.builders import Household, households_of

CENTRES, DAYS, SEATS = 25, 7, 100_000
LOOKS = 40
READERS = 8
SLOT = "09:00AM-11:00AM"
BOOK = "/api/v2/appointment/schedule"
CALENDAR = "/api/v2/appointment/sessions/public/calendarByDistrict"
PATIENCE = 10.0
RUNS_AND_WARM_UP = 6


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    sessions = lab.publish(centres=CENTRES, days=DAYS, seats=SEATS)
    homes = iter(asyncio.run(households_of(lab.dsn, lab.floor, LOOKS * RUNS_AND_WARM_UP)))
    with ExitStack() as stack:
        here, there = (stack.enter_context(platform(lab)).port for _ in range(2))
        bare = stack.enter_context(fixed(100)).port
        where = sessions[0]
        yield [
            Pair(
                f"the slowest of {LOOKS} taken seats to show in another web process, both asked for the calendar by"
                f" {READERS} readers each without a pause",
                partial(_slowest, (here, there), where, homes),
                f"the slowest of {LOOKS} calls for a fixed body, its server asked by as many",
                partial(_slowest_call, bare),
                Goal(1.0, "a taken seat shows everywhere within a second"),
                Unit.SECONDS,
            )
        ]


def _slowest(ports: tuple[int, int], where: BulkSession, homes: Iterator[Household]) -> float:
    look = get(f"{CALENDAR}?district_id={where.district_id}&date={_written(where.held_on)}", accept_encoding="identity")
    took = []
    with _asked(look, *ports):
        for _ in range(LOOKS):
            before = _free(ports[1], look, where)
            book = {"dose": 1, "session_id": str(where.session_id), "slot": SLOT}
            home = next(homes)
            wish = json.dumps({**book, "beneficiaries": [home.reference]}).encode()
            call(ports[0], [post(BOOK, wish, home.token)], connections=1).all_good()
            since = time.perf_counter()
            while _free(ports[1], look, where) != before - 1:
                if time.perf_counter() - since > PATIENCE:
                    raise RuntimeError(f"a taken seat did not show within {PATIENCE:.0f} seconds")
            took.append(time.perf_counter() - since)
    return max(took)


def _slowest_call(port: int) -> float:
    ask = get("/")
    with _asked(ask, port):
        return max(call(port, [ask], connections=1).all_good().waits[0] for _ in range(LOOKS))


@contextmanager
def _asked(ask: bytes, *ports: int) -> Iterator[None]:
    """Readers who ask without a pause meanwhile."""
    over = threading.Event()

    def read(port: int) -> None:
        calls = iter(lambda: b"" if over.is_set() else ask, b"")
        call(port, calls, connections=READERS).all_good()

    readers = [threading.Thread(target=read, args=(port,)) for port in ports]
    for one in readers:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in readers:
            one.join()


def _free(port: int, look: bytes, where: BulkSession) -> int:
    centres = json.loads(call(port, [look], connections=1).all_good().body)["centers"]
    found = (one for centre in centres for one in centre["sessions"] if one["session_id"] == str(where.session_id))
    return int(next(found)["available_capacity_dose1"])


def _written(day: date) -> str:
    return day.strftime("%d-%m-%Y")
