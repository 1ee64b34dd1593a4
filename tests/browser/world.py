"""A running site for browsers: a clinic, a household half-way through its doses, and visits at every stage."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from opencowin import alerts, cases, draw, fairness, identity, places, registry, reports, scheduling
from opencowin.identity import Role
from opencowin.kit.actor import Actor, ActorKind, Permission, Place
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.measures import Counted, count
from opencowin.web.app import build_app
from opencowin.web.console import desk
from opencowin.web.pages import visits
from opencowin.worker import run_worker
from tests.browser.appointed import appointing, half_signed_in
from tests.browser.kept import a_seat_kept
from tests.browser.office import at_work, furnish
from tests.browser.reached import MAIL, prove_mail, reached
from tests.builders import TEST, a_session, citizen, new_centre, pan, stock_in
from tests.rooms.test_alerts import later
from tests.surface import Surface, served
from tests.web.clinic import MORNING, Clinic, Home, a_home, booked, open_clinic
from tests.web.desks import APPOINTED

PICTURE = b"\xff\xd8\xff\xe0 a picture"
STAFF_NAME = "Neha Sharma"
AGES = ("12_14", "15_17", "18_44", "45_59", "60_up")


class Visitor(StrEnum):
    """At which stage a visit is."""

    NOBODY = "nobody"
    SENT_CODE = "waits for a code"
    MEMBER = "signed in"
    CHOOSING = "signed in with a slot chosen"
    CHECKING = "signed in with a slot and people chosen"
    NEWCOMER = "signed in, nobody registered"
    PROVEN = "signed in by national ID, nobody registered"
    EARLY = "signed in, in a waiting room that has not opened"
    IN_LINE = "signed in, with people ahead in a waiting room"
    NEXT = "signed in, whose turn it is"
    OFFERED = "signed in, with a seat kept from the waiting list"
    NATION_OFFICER = "nation officer at the console"
    STATE_OFFICER = "state officer at the console"
    OFFICER = "district officer at the console"
    MANAGER = "centre manager at the console"
    WORKER = "vaccinator at the console"
    HELPLINE = "helpline operator at the console"
    HALFWAY = "member of staff who has shown the password"


STAFF = {
    Visitor.NATION_OFFICER: Role.NATION_OFFICER,
    Visitor.STATE_OFFICER: Role.STATE_OFFICER,
    Visitor.OFFICER: Role.DISTRICT_OFFICER,
    Visitor.MANAGER: Role.CENTRE_MANAGER,
    Visitor.WORKER: Role.VACCINATOR,
    Visitor.HELPLINE: Role.HELPLINE_OPERATOR,
}


AT_DESKS = (Visitor.OFFICER, Visitor.WORKER)


@dataclass(slots=True)
class World:
    """A site at an address, and what pages need to know of it."""

    address: str
    app: FastAPI
    surface: Surface
    clinic: Clinic
    home: Home
    facts: dict[str, str] = field(default_factory=dict)
    accounts: dict[Visitor, UUID] = field(default_factory=dict)
    desks: dict[Visitor, str] = field(default_factory=dict)
    """Secrets of open sessions of staff at the console."""
    tickets: dict[Visitor, str] = field(default_factory=dict)
    """Of waiting rooms."""
    sign_in: str = ""
    """A sign-in at the console that waits for its second factor."""
    names: tuple[str, ...] = ()
    """Of people, places and commands: proper names may be in Latin letters whatever the page's language."""

    async def every_name(self) -> tuple[str, ...]:
        """The names, and those of centres that other tests of this process have opened since."""
        async with transaction(self.surface.pool) as conn:
            cursor = await conn.execute("SELECT DISTINCT name FROM centre")
            centres = {row[0] for row in await cursor.fetchall()}
        return tuple(sorted({*self.names, *centres}, key=len, reverse=True))

    def cookies(self, visitor: Visitor) -> list[dict[str, Any]]:
        """The visit's cookie, sealed as the site seals it."""
        request = Request(
            {
                "type": "http",
                "app": self.app,
                "method": "GET",
                "path": "/",
                "headers": [],
                "query_string": b"",
                "state": {},
            }
        )
        if visitor is Visitor.HALFWAY:
            desk.desk_of(request).waiting = self.sign_in
            return self._as_given(desk.keep(request, Response()))
        if visitor in self.desks:
            desk.sign_in(request, self.desks[visitor])
            return self._as_given(desk.keep(request, Response()))
        visit = visits.visit_of(request)
        if visitor in self.accounts:
            visits.sign_in(request, self.accounts[visitor])
        if visitor is Visitor.SENT_CODE:
            visit.code = visits.CodeSent(str(uuid4()), self.home.mobile)
        if visitor in {Visitor.CHOOSING, Visitor.CHECKING}:
            chosen = [int(self.facts["reference_id"])] if visitor is Visitor.CHECKING else []
            visit.plan = visits.Plan(self.clinic.tomorrow, MORNING, 1, 1, chosen)
        if visitor is Visitor.PROVEN:
            visit.proven = visits.Proven("citizen", 6, pan(), "Asha Kumari", 1990, "1990-04-14", 2)
        visit.ticket = self.tickets.get(visitor, "")
        visit.kept = True
        return self._as_given(visits.keep(request, Response()))

    def _as_given(self, response: Response) -> list[dict[str, Any]]:
        """The cookie that a response sets, as a browser takes it."""
        name, _, rest = response.headers["set-cookie"].partition("=")
        return [{"name": name, "value": rest.partition(";")[0], "url": self.address}]


@asynccontextmanager
async def serving(
    floor: Floor, pool: Pool, dsn: str, port: int | None = None
) -> AsyncIterator[tuple[FastAPI, Surface, str]]:
    """The application under the server that deployments use, with a worker beside it."""
    app, stop = build_app(floor, dsn), asyncio.Event()
    worker = asyncio.create_task(run_worker(pool, floor, stop))
    try:
        async with served(app, port) as (address, _), httpx.AsyncClient(base_url=address, timeout=30) as http:
            yield app, Surface(http, pool, floor, committed=app.state.site.board.changed_here), address
    finally:
        stop.set()
        await worker


async def campaign(conn: Connection, floor: Floor) -> None:
    """A month of doses in every state, in numbers as a large country has them."""
    today, now = floor.clock.today(), floor.clock.now()
    for at, state in enumerate(await places.all_states(conn)):
        district = (await places.districts_of(conn, state.state_id))[0]
        for days in range(31):
            keys = {
                "dose": 1 + days % 3,
                "vaccine": "COVISHIELD" if days % 4 else "COVAXIN",
                "gender": 1 + (at + days) % 3,
                "age": AGES[(at + days) % len(AGES)],
                "operator": "government" if days % 5 else "private",
            }
            many, day = (at + 1) * (40_000 + 1_111 * days), today - timedelta(days=days)
            counted = Counted(now, keys, district_id=district.district_id, amount=many, on_date=day)
            await count(conn, floor.clock, "dose", counted)
    while await reports.fold(conn):
        pass


async def a_busy_district(surface: Surface, not_this: int) -> int:
    """A district with a page full of centres, each with sessions on five days."""
    async with transaction(surface.pool) as conn:
        states = await places.all_states(conn)
        districts = await places.districts_of(conn, states[1].state_id)
        district_id = next(one.district_id for one in districts if one.district_id != not_this and one.latitude)
        for _ in range(20):
            centre = await new_centre(conn, district_id)
            await stock_in(conn, surface.floor, centre, "COVISHIELD", doses=300)
            for ahead in range(5):
                new = a_session(centre, surface.day(ahead), doses=50)
                await scheduling.publish_session(conn, surface.floor, TEST, new)
    return district_id


async def history(conn: Connection, floor: Floor) -> None:
    """The published figures of sixty days of another campaign."""
    states = await reports.known_states(conn)
    layout = reports.layout_called(floor.pack, "statewise")
    figures = list(layout.figures.values())
    first = date(2021, 3, 1)
    rows = [",".join([layout.day, layout.place, *figures])]
    for days in range(60):
        day = (first + timedelta(days=days)).strftime("%d/%m/%Y")
        for at, place in enumerate((floor.country.name, *(state.name for state in states))):
            share = 37 if at == 0 else 1
            rows.append(
                ",".join([day, place, *(str(share * (days + 1) * (90_000 + 777 * n)) for n in range(len(figures)))])
            )
    read = reports.read_history(rows, layout, states)
    assert read.problems == []
    await reports.import_history(conn, floor.clock, layout, read)


async def two_draws(conn: Connection, floor: Floor, actor: Actor, reference_id: int, clinic: Clinic) -> dict[str, str]:
    """A draw that the household has entered, and one that has closed, over sessions of far days: their ids."""
    ids, now = [], floor.clock.now()
    for days, closes in ((40, now + timedelta(days=30)), (41, now + timedelta(minutes=5))):
        new = a_session(clinic.centre, floor.clock.today() + timedelta(days=days), doses=0)
        session = await scheduling.publish_session(conn, floor, TEST, new)
        groups, source = ("aged_60_and_over",), "Closing value of the index on that day, two decimals"
        wish = draw.NewDraw(clinic.centre.district_id, (session,), groups, closes, source)
        ids.append(await draw.open_draw(conn, floor, TEST, wish))
        await draw.enter(conn, floor, actor, ids[-1], draw.EntryWish((reference_id,), (session,)))
    assert await draw.close_due(conn, later(floor, timedelta(minutes=6))) == ids[1]
    return {"draw_id": str(ids[0]), "closed_draw_id": str(ids[1])}


async def staff_at_work(conn: Connection, floor: Floor, clinic: Clinic, state_id: int) -> dict[Visitor, str]:
    """A member of staff of each tier, signed in at the console: the secrets of their sessions."""
    district_id, centre_id = clinic.centre.district_id, clinic.centre.centre_id
    levels = {
        Role.NATION_OFFICER: Place(),
        Role.HELPLINE_OPERATOR: Place(),
        Role.STATE_OFFICER: Place(state_id),
        Role.DISTRICT_OFFICER: Place(state_id, district_id),
    }
    secrets = {}
    for visitor, role in STAFF.items():
        place = levels.get(role, Place(state_id, district_id, centre_id))
        name = f"{role.value}.of.the.world".replace("_", ".")
        made, password = await identity.create_staff(conn, floor, TEST, name, name=STAFF_NAME, role=role, place=place)
        actor = await identity.check_password(conn, floor, made.user_name, password, "127.0.0.1")
        secrets[visitor] = await identity.begin_session(conn, floor, actor, device="Test browser")
    return secrets


async def an_issue_with_a_question(conn: Connection, floor: Floor, actor: Actor, reference_id: int) -> int:
    """A name to put right, with a picture as proof, of which an officer wants to know more: its number."""
    wish = cases.Wish(facts=registry.Correction(name="Asha Kumar"))
    new = cases.NewCase(uuid4(), cases.CaseKind.FACTS_WRONG, "Asha Kumari", reference_id, wish)
    case = await cases.raise_case(conn, floor, actor, new, [cases.Shown(uuid4(), PICTURE)])
    officer = Actor(ActorKind.STAFF, "officer", frozenset({Permission.ANSWER_CASES}))
    await cases.ask_for_more(conn, floor, officer, case.case_number, "Asha Kumari")
    return case.case_number


async def two_alerts(conn: Connection, floor: Floor, actor: Actor, clinic: Clinic) -> None:
    """An alert for the centre's district and one for its neighbourhood; for a vaccine that no test publishes."""
    here = alerts.NewSubscription(district_id=clinic.centre.district_id, vaccine_id="SPUTNIK V", dose=2)
    near = alerts.NewSubscription(
        pin_code=clinic.centre.pin_code, radius_km=10, vaccine_id="SPUTNIK V", age=60, most_fee=Decimal(0)
    )
    for wish in (here, near):
        await alerts.subscribe(conn, floor, actor, wish)


async def waiting_rooms(conn: Connection, surface: Surface, account: UUID) -> tuple[dict[str, str], dict[Visitor, str]]:
    """Two where nobody else books, one open and one not yet: a session behind the latter, and tickets."""
    floor, tickets = surface.floor, {}
    states = (await places.all_states(conn))[-2:]
    places_of = [Place(one.state_id, (await places.districts_of(conn, one.state_id))[0].district_id) for one in states]
    opens = floor.clock.now() + timedelta(hours=2)
    early, opened = [
        await fairness.announce_room(conn, floor, TEST, place, opens_at=at, per_minute=1)
        for place, at in zip(places_of, (opens, None), strict=True)
    ]
    centre = await new_centre(conn, places_of[0].district_id)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=300)
    session = await scheduling.publish_session(conn, floor, TEST, a_session(centre, surface.day(1)))
    for visitor, room, ahead in ((Visitor.EARLY, early, 0), (Visitor.NEXT, opened, 0), (Visitor.IN_LINE, opened, 50)):
        await fairness.join(conn, floor, room, [uuid4() for _ in range(ahead)])
        (ticket,) = await fairness.join(conn, floor, room, [account])
        assert ticket
        number = ticket.number + ahead
        tickets[visitor] = fairness.write_ticket(floor.keyring, fairness.Ticket(room, account, number))
    return {"queued_session_id": str(session)}, tickets


async def two_key_requests(surface: Surface, nation: str) -> dict[str, str]:
    """A request for a key that waits, and one that was granted: its link."""
    floor, asked = surface.floor, list[UUID]()
    async with transaction(surface.pool) as conn:
        for _ in range(2):
            facts = {"name": "Slot alerts", "contact": "dev@alerts.example", "purpose": "Alerts for my village"}
            asked.append(await identity.ask_for_key(conn, floor, **facts, language="en", address=""))
        officer = await at_work(conn, floor, nation)
        scopes = identity.GRANTABLE
        await identity.approve_key(
            conn, floor, officer, asked[1], permissions=scopes, calls_per_minute=60, calls_per_day=1000
        )
    said = await surface.sms("dev@alerts.example", containing="/developers/key/")
    return {"key_request_id": str(asked[0]), "key_link": said.split("/developers/key/")[1].split()[0]}


async def settle(app: FastAPI, surface: Surface, address: str) -> World:
    """A clinic, a household of three (vaccinated, booked, neither) and an account without anybody."""
    clinic = await open_clinic(surface)
    home, empty = await a_home(surface, size=3), await a_home(surface, size=0)
    dosed, waiting, free = home.members
    assert (await clinic.vaccinate(dosed)).status_code == 200
    world = World(address, app, surface, clinic, home)
    async with transaction(surface.pool) as conn:
        account = await identity.open_account(conn, surface.floor, home.mobile)
        newcomer = await identity.open_account(conn, surface.floor, empty.mobile)
        actor = citizen(account)
        world.accounts = dict.fromkeys((Visitor.MEMBER, Visitor.CHOOSING, Visitor.CHECKING), account)
        world.accounts[Visitor.NEWCOMER] = world.accounts[Visitor.PROVEN] = newcomer
        on_lots = await two_draws(conn, surface.floor, actor, int(free), clinic)
        asked = await an_issue_with_a_question(conn, surface.floor, actor, int(dosed))
        place = await places.district(conn, clinic.centre.district_id)
        await two_alerts(conn, surface.floor, actor, clinic)
        await prove_mail(conn, surface.floor, actor)
        world.desks = await staff_at_work(conn, surface.floor, clinic, place.state_id)
        officer, worker = [await at_work(conn, surface.floor, world.desks[one]) for one in AT_DESKS]
        on_desks = await furnish(conn, surface.floor, officer, worker, clinic.centre, dosed)
        queued, world.tickets = await waiting_rooms(conn, surface, account)
        world.accounts |= dict.fromkeys(world.tickets, account)
        world.sign_in = await half_signed_in(conn, surface.floor, worker)
        states = await places.all_states(conn)
        districts = [one for state in states[:2] for one in await places.districts_of(conn, state.state_id)]
    world.facts = {
        **on_desks,
        **queued,
        **on_lots,
        **await appointing(surface, officer, worker),
        **await two_key_requests(surface, world.desks[Visitor.NATION_OFFICER]),
        "booking_id": await booked(clinic, home, waiting),
        "session_id": clinic.tomorrow,
        "reference_id": free,
        "dosed_reference": dosed,
        "case_number": str(asked),
        "district_id": str(place.district_id),
        "state_id": str(place.state_id),
        "busy_district_id": str(await a_busy_district(surface, place.district_id)),
        "pin": clinic.centre.pin_code,
        "latitude": f"{place.latitude:.2f}",
        "longitude": f"{place.longitude:.2f}",
    }
    async with transaction(surface.pool) as conn:
        world.facts |= await reached(conn, surface, actor)
    world.accounts[Visitor.OFFERED] = await a_seat_kept(surface)
    named = {
        "Asha Kumari",
        clinic.centre.name,
        "opencowin messages latest",
        "Citizen ID",
        "Parquet",
        "Slot alerts",
        "Alerts for my village",
        "API",
        MAIL,
        STAFF_NAME,
        APPOINTED,
        *(one.name for one in states),
        *(one.name for one in districts),
    }
    world.names = tuple(sorted(named, key=len, reverse=True))
    async with transaction(surface.pool) as conn:
        await campaign(conn, surface.floor)
        await history(conn, surface.floor)
        await scheduling.hold_slot(conn, surface.floor, actor, UUID(clinic.tomorrow), MORNING, 1, 1)
    return world


@asynccontextmanager
async def inhabited(floor: Floor, pool: Pool, dsn: str) -> AsyncIterator[World]:
    """The site with people in it."""
    async with serving(floor, pool, dsn) as (app, surface, address):
        yield await settle(app, surface, address)
