"""Web, worker and PostgreSQL are killed with -9, in turns, under a load: nothing that was told is lost.

Two web processes serve, and a waiting room stands before all bookings.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from opencowin import fairness
from opencowin.kit.actor import Place
from opencowin.kit.crypto import new_keyring, write_keyring
from opencowin.kit.db import make_pool, transaction
from opencowin.kit.embedded import EmbeddedPostgres
from opencowin.kit.floor import Floor, build_floor
from opencowin.kit.migrate import migrate
from opencowin.kit.settings import Settings
from opencowin.notifications import Template, latest_message
from tests.builders import TEST, Household, connected, households_of, load_country, partner_key_of, sessions_of
from tests.contract.conftest import free_port
from tests.folders import walkable_folder

pytestmark = pytest.mark.anyio

PEOPLE, LOAD_SECONDS, CALM_SECONDS = 120, 4.0, 60.0
SEED = 20210428
PACE = 900
"""People let in per minute: half as many again as come."""


@dataclass(slots=True)
class Told:
    """What callers were told had happened."""

    bookings: dict[str, str] = field(default_factory=dict)
    """By member: the booking that was confirmed."""
    doses: set[str] = field(default_factory=set)
    tickets: dict[str, set[str]] = field(default_factory=dict)
    """By member: the places in the waiting room that were told."""
    unsure: set[str] = field(default_factory=set)
    """Members whose call got no answer: it may have happened or not."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A served platform, and a look into its database from beside it."""

    url: str
    server: EmbeddedPostgres
    serving: subprocess.Popen[bytes]
    floor: Floor
    key: str
    people: list[Household]
    sessions: list[tuple[str, int]]


@pytest.fixture
def folder() -> Iterator[Path]:
    with walkable_folder() as new:
        yield new


def serve(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start `opencowin serve`."""
    command = [sys.executable, "-m", "opencowin.cli", "serve"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
async def platform(folder: Path) -> AsyncIterator[Platform]:
    """`opencowin serve` on an embedded database with people and sessions in it."""
    port = free_port()
    environment = {
        **os.environ,
        "OPENCOWIN_DATA_DIR": str(folder / "data"),
        "OPENCOWIN_DEMO": "true",
        "OPENCOWIN_PORT": str(port),
        "OPENCOWIN_WEB_WORKERS": "2",
        "OPENCOWIN_API_CALLS_PER_5_MINUTES": "1000000",
    }
    environment.pop("OPENCOWIN_DATABASE_URL", None)
    write_keyring(folder / "data" / "keyring.json", new_keyring())
    settings = Settings(demo=True, data_dir=folder / "data", port=port, api_calls_per_5_minutes=1_000_000)
    with EmbeddedPostgres.attach(folder / "data") as server:
        await asyncio.to_thread(migrate, server.dsn)
        floor = build_floor(settings)
        await asyncio.to_thread(load_country, server.dsn, floor)
        people = await households_of(server.dsn, floor, PEOPLE)
        sessions = await sessions_of(server.dsn, floor, count=6, seats=12)
        key = await partner_key_of(server.dsn, floor)
        async with connected(server.dsn) as conn:
            await fairness.announce_room(conn, floor, TEST, Place(), opens_at=None, per_minute=PACE)
        serving = serve(environment)
        try:
            yield Platform(f"http://127.0.0.1:{port}", server, serving, floor, key, people, sessions)
        finally:
            serving.terminate()
            serving.wait(60)


async def ready(platform: Platform) -> None:
    """Wait until the platform says that it is ready."""
    end = time.monotonic() + CALM_SECONDS
    async with httpx.AsyncClient() as http:
        while time.monotonic() < end:
            try:
                if (await http.get(f"{platform.url}/health/ready", timeout=5)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
    raise AssertionError("the platform did not become ready again")


def children(parent: int, word: str) -> list[int]:
    """The processes below `parent`, at any depth, whose command line contains the word."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        below.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, queue = [], [parent]
    while queue:
        for child in below.get(queue.pop(), []):
            queue.append(child)
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if word in command:
                found.append(child)
    return found


def kill(pids: list[int]) -> None:
    """kill -9, for those that still live."""
    assert pids, "there is a process to kill"
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


async def when_it_is_their_turn(
    platform: Platform, http: httpx.AsyncClient, body: Any, headers: dict[str, str], tickets: set[str]
) -> httpx.Response:
    """Ask to book until the waiting room lets it, now and then without the ticket that was told."""
    while True:
        booked = await http.post(f"{platform.url}/api/v2/appointment/schedule", json=body, headers=headers)
        ticket = booked.headers.get("x-queue-ticket")
        if ticket is None:
            return booked
        tickets.add(ticket)
        headers = {**headers, "x-queue-ticket": random.choice((ticket, ""))}
        await asyncio.sleep(0.2)


async def one_person(platform: Platform, http: httpx.AsyncClient, person: Household, told: Told, chance: int) -> None:
    """Book a session; then be given the dose, where the booking was confirmed and chance will have it."""
    dice = random.Random(chance)
    session, centre = dice.choice(platform.sessions)
    reference = person.reference
    body = {"dose": 1, "session_id": session, "slot": "09:00AM-11:00AM", "beneficiaries": [reference]}
    headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": f"try-{chance}"}
    try:
        booked = await when_it_is_their_turn(platform, http, body, headers, told.tickets.setdefault(reference, set()))
        if booked.status_code == 200:
            told.bookings[reference] = booked.json()["appointment_id"]
        elif booked.status_code >= 500:
            told.unsure.add(reference)
        if booked.status_code == 200 and dice.random() < 0.5:
            dose = {
                "beneficiary_reference_id": reference,
                "center_id": centre,
                "vaccine": "COVISHIELD",
                "vaccine_batch": "B-1",
                "dose": 1,
                "dose1_date": platform.floor.clock.today().strftime("%d-%m-%Y"),
                "vaccinator_name": "Sister Mary",
            }
            given = await http.post(
                f"{platform.url}/api/v2/vaccinator/beneficiaries/vaccinate",
                json=dose,
                headers={"x-api-key": platform.key},
            )
            if given.status_code == 200:
                told.doses.add(reference)
    except httpx.TransportError:
        told.unsure.add(reference)


async def load(platform: Platform, told: Told, people: list[Household], seed: int) -> None:
    """Everybody of these, at random moments within the time of the load."""
    async with httpx.AsyncClient(timeout=30) as http:

        async def after_a_while(number: int, person: Household) -> None:
            await asyncio.sleep(random.Random(seed + number).uniform(0, LOAD_SECONDS))
            await one_person(platform, http, person, told, seed + number)

        await asyncio.gather(*(after_a_while(number, person) for number, person in enumerate(people)))


async def kill_in_the_middle(word: str, platform: Platform) -> None:
    """Kill the web, the worker or the database while the load runs."""
    await asyncio.sleep(LOAD_SECONDS / 2)
    pids = [platform.server.pid] if word == "postgres" else children(platform.serving.pid, word)
    kill(pids)


def count(dsn: str, statement: Any, *parameters: object) -> int:
    """One number from the database."""
    with psycopg.connect(dsn) as conn:
        found = conn.execute(statement, parameters).fetchone()
    return int(found[0]) if found else 0


def wait_for_zero(dsn: str, statement: Any, what: str) -> None:
    """Wait until nothing is left of something."""
    end = time.monotonic() + CALM_SECONDS
    while left := count(dsn, statement):
        assert time.monotonic() < end, f"{left} {what} are still missing"
        time.sleep(0.3)


OVERSOLD = """SELECT count(*) FROM slot_capacity s WHERE booked > capacity OR booked <> (
    SELECT count(*) FROM appointment a WHERE a.district_id = s.district_id AND a.session_id = s.session_id
      AND a.slot_number = s.slot_number AND a.dose_class = s.dose_class AND a.state IN ('booked', 'given'))"""
TWO_LIVE = """SELECT count(*) FROM (SELECT 1 FROM appointment WHERE state = 'booked'
    GROUP BY account_id, beneficiary_id HAVING count(*) > 1) AS twice"""
UNCERTIFIED = """SELECT count(*) FROM dose d WHERE state = 'valid' AND NOT EXISTS (
    SELECT FROM certificate c WHERE c.account_id = d.account_id AND c.beneficiary_id = d.beneficiary_id
      AND c.dose_id = d.dose_id)"""
BOOKED = "SELECT account_id FROM appointment WHERE state = 'booked'"
CERTIFIED = "SELECT account_id FROM certificate"


async def then_everybody_was_told(platform: Platform, accounts: Any, template: Template) -> None:
    """Each of these accounts has, in the end, a message of this kind as its newest."""
    with psycopg.connect(platform.server.dsn) as conn:
        wanted = {row[0] for row in conn.execute(accounts).fetchall()}
    waiting = [person for person in platform.people if person.account_id in wanted]
    assert waiting, f"there is somebody to be told: {template}"
    end = time.monotonic() + CALM_SECONDS
    async with make_pool(platform.server.dsn, size=2) as pool:
        while waiting:
            async with transaction(pool) as conn:
                news = {one.mobile: await latest_message(conn, platform.floor, one.mobile) for one in waiting}
            waiting = [one for one in waiting if (found := news[one.mobile]) is None or found.template is not template]
            assert time.monotonic() < end, f"{len(waiting)} people were never told: {template}"
            await asyncio.sleep(0.3)


def then_nothing_told_was_lost(dsn: str, told: Told) -> None:
    for reference, booking in told.bookings.items():
        assert count(
            dsn,
            """SELECT count(*) FROM appointment a JOIN beneficiary_reference r USING (account_id, beneficiary_id)
               WHERE r.reference_id = %s AND a.booking_id = %s AND (a.state IN ('booked', 'given') OR (
                   a.state = 'cancelled' AND EXISTS (SELECT FROM dose d WHERE d.beneficiary_id = r.beneficiary_id)))""",
            int(reference),
            booking,
        ), f"the booking of {reference} was confirmed and is lost"
    for reference in told.doses:
        assert count(
            dsn,
            """SELECT count(*) FROM dose JOIN beneficiary_reference r USING (account_id, beneficiary_id)
               WHERE r.reference_id = %s AND state = 'valid'""",
            int(reference),
        ), f"the dose of {reference} was recorded and is lost"


async def test_nothing_is_lost_when_processes_are_killed(platform: Platform) -> None:
    await ready(platform)
    told = Told()
    shares = [platform.people[start::3] for start in range(3)]
    for number, (word, people) in enumerate(zip(("website", "worker", "postgres"), shares, strict=True)):
        await asyncio.gather(load(platform, told, people, SEED + number * 1000), kill_in_the_middle(word, platform))
        await ready(platform)
    assert len(told.bookings) > PEOPLE / 4, "the load did book"
    assert told.doses, "doses were recorded"
    waited = [tickets for tickets in told.tickets.values() if tickets]
    assert waited, "some had to wait"
    assert all(len(tickets) == 1 for tickets in waited), "a place that was told is kept, whatever dies"
    dsn = platform.server.dsn
    then_nothing_told_was_lost(dsn, told)
    assert count(dsn, OVERSOLD) == 0
    assert count(dsn, TWO_LIVE) == 0
    await asyncio.to_thread(wait_for_zero, dsn, UNCERTIFIED, "certificates")
    await then_everybody_was_told(platform, BOOKED, Template.BOOKED)
    await then_everybody_was_told(platform, CERTIFIED, Template.CERTIFICATE_READY_NEXT)
