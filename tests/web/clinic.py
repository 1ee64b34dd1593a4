"""A centre with sessions and keys, households that book there, other settings beside: what HTTP tests stand on."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import httpx

from opencowin import identity
from opencowin.kit.actor import Permission, Place
from opencowin.kit.db import fetch_value, transaction
from opencowin.kit.floor import Floor
from opencowin.places import Centre, NewCentre, Operator, add_centre, read_centre
from opencowin.serving.webserver import WebServer
from opencowin.web.app import Application, build_app
from tests.builders import TEST, a_centre, a_partner_key, a_session, mobile, pan, stock_up
from tests.surface import OTP, Surface, served

MORNING, NOON, EVENING = "09:00AM-11:00AM", "11:00AM-01:00PM", "10:00PM-11:30PM"
GENERATE, VALIDATE = "/v2/auth/generateMobileOTP", "/v2/auth/validateMobileOtp"
NATION = Place()
NOBODY = "10000000000001"


@dataclass(slots=True)
class Clinic:
    """A centre with a session today and one tomorrow, and a key that may do everything."""

    platform: Surface
    centre: Centre
    today: str
    tomorrow: str
    key: str

    async def sessions(self, vaccine: str = "") -> dict[str, dict[str, Any]]:
        """The centre's calendar: sessions by id."""
        path, day = "/v2/appointment/sessions/public/calendarByCenter", dmy(self.platform.day())
        answer = await self.platform.get(path, center_id=self.centre.centre_id, date=day, vaccine=vaccine)
        assert answer.status_code == 200, answer.text
        return {one["session_id"]: one for one in answer.json()["centers"].get("sessions", [])}

    async def vaccinate(
        self, reference: str, dose: int = 1, on: date | None = None, key: str | None = None, **facts: Any
    ) -> httpx.Response:
        """Record a dose at this centre."""
        body = {
            "beneficiary_reference_id": reference,
            "center_id": self.centre.centre_id,
            "vaccine": "COVISHIELD",
            "vaccine_batch": "B-1",
            "dose": dose,
            f"dose{dose}_date": dmy(on or self.platform.day()),
            "vaccinator_name": "Sister Mary",
        }
        path = "/v2/vaccinator/beneficiaries/vaccinate"
        return await self.platform.partner("POST", path, key or self.key, json={**body, **facts})

    async def find(self, reference: str, key: str | None = None, **query: Any) -> httpx.Response:
        """Look a person up by reference."""
        path, params = "/v2/vaccinator/beneficiaries/findByReferenceId", {"beneficiary_reference_id": reference}
        return await self.platform.partner("GET", path, key or self.key, params={**params, **query})


@dataclass(frozen=True, slots=True)
class Home:
    """A signed-in household."""

    mobile: str
    token: str
    members: tuple[str, ...]

    @property
    def first(self) -> str:
        """The reference of its first member."""
        return self.members[0]


async def open_clinic(platform: Surface, *, doses: int = 50, seats: int = 20, paid: bool = False) -> Clinic:
    """A centre with stock, a session today and one tomorrow."""
    pool, floor = platform.pool, platform.floor
    centre = await a_paid_centre(platform) if paid else await a_centre(pool, floor)
    await stock_up(pool, floor, centre, "COVISHIELD", doses=300)
    today, tomorrow = [
        await platform.publish(a_session(centre, platform.day(ahead), doses=doses, seats=seats)) for ahead in (0, 1)
    ]
    return Clinic(platform, centre, today, tomorrow, await a_partner_key(pool, floor))


async def a_paid_centre(platform: Surface) -> Centre:
    """A private centre in the same district, which may ask a fee."""
    like = await a_centre(platform.pool, platform.floor)
    facts = {name: getattr(like, name) for name in ("district_id", "address", "pin_code", "opens_at", "closes_at")}
    new = NewCentre(name=f"{like.name} Private", is_paid=True, operator=Operator.PRIVATE, **facts)
    async with transaction(platform.pool) as conn:
        return await read_centre(conn, await add_centre(conn, new))


async def a_home(platform: Surface, size: int = 1, born: int = 1990) -> Home:
    """A household of some members, signed in without the detour of a message."""
    number = mobile()
    async with transaction(platform.pool) as conn:
        account = await identity.open_account(conn, platform.floor, number)
    tokens = identity.TokenBook(platform.floor, platform.pool)
    await tokens.refresh()
    token = tokens.issue(account, "portal")
    members = [await platform.register(token, "Asha Kumari", born, pan()) for _ in range(size)]
    return Home(number, token, tuple(members))


async def book(clinic: Clinic, home: Home, *who: str, headers: dict[str, str] | None = None, **how: Any) -> Any:
    """Ask for seats tomorrow morning for the whole household, or for some of it."""
    body = {"dose": 1, "session_id": clinic.tomorrow, "slot": MORNING, "beneficiaries": list(who or home.members)}
    return await clinic.platform.post("/v2/appointment/schedule", {**body, **how}, home.token, **(headers or {}))


async def booked(clinic: Clinic, home: Home, *who: str, **how: Any) -> str:
    """The number of a booking that succeeds."""
    answer = await book(clinic, home, *who, **how)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["appointment_id"])


async def a_key(platform: Surface, *permissions: Permission, place: Place = NATION, per_minute: int = 1000) -> str:
    """A key with these permissions in this place."""
    async with transaction(platform.pool) as conn:
        _, secret = await identity.make_api_key(
            conn,
            platform.floor,
            TEST,
            "Narrow partner",
            permissions=permissions,
            place=place,
            calls_per_minute=per_minute,
            calls_per_day=100_000,
        )
    return secret


async def code_for(platform: Surface, number: str, *, after: str = "") -> str:
    """The one-time password that arrives on a number, once it differs from an earlier one."""
    for _ in range(200):
        code = str(OTP.findall(await platform.sms(number, containing="OTP"))[-1])
        if code != after:
            return code
    raise AssertionError("no new one-time password arrived")


def hashed(code: str) -> str:
    """A one-time password as it goes over the wire."""
    return hashlib.sha256(code.encode()).hexdigest()


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def dmy(day: date) -> str:
    """A date as the Co-WIN API writes it."""
    return day.strftime("%d-%m-%Y")


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of an answer that must be this refusal."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["errorCode"] == code, body
    assert body["error"]
    return body


async def value(platform: Surface, statement: Any, **parameters: Any) -> Any:
    """One value straight from the database."""
    async with transaction(platform.pool) as conn:
        return await fetch_value(conn, statement, **parameters)


def with_settings(floor: Floor, **changes: Any) -> Floor:
    """The same floor with other settings."""
    return replace(floor, settings=floor.settings.model_copy(update=changes))


@asynccontextmanager
async def served_beside(platform: Surface, **changes: Any) -> AsyncIterator[tuple[Surface, Application, WebServer]]:
    """A second web process as `beside`, under the server that deployments use: with the lane before it."""
    floor = with_settings(platform.floor, **changes)
    app = build_app(floor, platform.pool.conninfo)  # type: ignore[arg-type]  # a string here
    async with served(app) as (address, server), httpx.AsyncClient(base_url=address, timeout=30) as http:
        yield Surface(http, platform.pool, floor), app, server


@asynccontextmanager
async def beside(platform: Surface, **changes: Any) -> AsyncIterator[Surface]:
    """A second web process on the same database, with other settings."""
    floor = with_settings(platform.floor, **changes)
    app = build_app(floor, platform.pool.conninfo)  # type: ignore[arg-type]  # a string here
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://beside")
    async with app.router.lifespan_context(app), client as http:
        yield Surface(http, platform.pool, floor)
