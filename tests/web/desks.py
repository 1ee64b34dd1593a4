"""Members of staff in a browser at the console, for tests without one."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from opencowin import identity, places
from opencowin.identity import Role, Staff, totp
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from opencowin.places import Centre
from tests.builders import TEST
from tests.surface import Surface

APPOINTED = "Anita Rao"
PASSWORD = "a long walk by the river"
PEOPLE = {"Accept": "text/html", "User-Agent": "Test browser"}
TOKEN = re.compile(r'name="token" value="([^"]+)"')


@dataclass(slots=True)
class Browser:
    """One browser, with cookies of its own."""

    platform: Surface
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """Open a page; the token of its forms is remembered."""
        return self._noted(await self.platform.http.get(path, params=query or None, headers=self._headers()))

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of the page that was opened last."""
        data = {"token": self.token, **fields}
        return self._noted(await self.platform.http.post(path, data=data, headers=self._headers()))

    async def sign_in(self, user_name: str, password: str = PASSWORD) -> httpx.Response:
        """Type name and password into the console's sign-in."""
        await self.get("/console/sign-in")
        return await self.post("/console/sign-in", user_name=user_name, password=password)

    def _headers(self) -> dict[str, str]:
        return {**PEOPLE, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _noted(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        if found := TOKEN.search(answer.text):
            self.token = found[1]
        self.platform.http.cookies.clear()
        return answer


async def place_of(platform: Surface, centre: Centre) -> Place:
    """The place of a centre."""
    async with transaction(platform.pool) as conn:
        district = await places.district(conn, centre.district_id)
    return Place(district.state_id, district.district_id, centre.centre_id)


async def appoint(platform: Surface, role: Role, place: Place) -> Staff:
    """A new member of staff with the usual password."""
    name = f"{role.value.replace('_', '.')}.{uuid4().hex[:8]}"
    async with transaction(platform.pool) as conn:
        made, _ = await identity.create_staff(
            conn, platform.floor, TEST, name, name=APPOINTED, role=role, place=place, password=PASSWORD
        )
    return made


async def at_console(platform: Surface, role: Role, place: Place) -> tuple[Staff, Browser]:
    """A new member of staff, signed in at the console."""
    made, browser = await appoint(platform, role, place), Browser(platform)
    answer = await browser.sign_in(made.user_name)
    assert answer.status_code == 303, answer.text
    return made, browser


@dataclass(slots=True)
class Phone:
    """A person's authenticator app, and the recovery codes on paper."""

    secret: str
    step: int
    codes: list[str]

    def code(self, ahead: int = 0) -> str:
        """What the app showed when it was set up, or so many half minutes later."""
        return totp.code_at(self.secret, self.step + ahead)


async def enrolment_of(platform: Surface, browser: Browser) -> str:
    """The enrolment code that whoever is signed in here was given on paper."""
    name = re.findall(r'lang="en" dir="ltr">([a-z0-9._-]+)</span>', (await browser.get("/console/account")).text)[0]
    async with transaction(platform.pool) as conn:
        everybody = await identity.list_staff(conn, platform.floor, TEST)
        person = next(one for one in everybody if one.user_name == name)
        return await identity.allow_enrolment(conn, platform.floor, TEST, person.staff_id)


async def set_up_app(platform: Surface, browser: Browser, password: str = PASSWORD) -> Phone:
    """Set up an authenticator app on the pages of one's own account."""
    page = (await browser.get("/console/account/app")).text
    enrolment = await enrolment_of(platform, browser) if 'name="enrolment"' in page else ""
    sealed = re.findall(r'name="sealed" value="(\w+)"', page)[0]
    key = "".join(re.findall(r'class="code">([A-Z2-7]{4})<', page))
    phone = Phone(key, totp.step_of(platform.floor.clock.now()), [])
    proofs = {"password": password, "enrolment": enrolment}
    shown = await browser.post("/console/account/app", sealed=sealed, code=phone.code(), **proofs)
    assert shown.status_code == 200, shown.text
    phone.codes = re.findall(r'<li class="code">([\w-]+)</li>', shown.text)
    return phone


async def half_a_minute_passes(platform: Surface, staff: Staff) -> None:
    """As if the codes that were used had been used earlier."""
    async with transaction(platform.pool) as conn:
        await conn.execute("UPDATE staff SET second_factor_step = 0 WHERE staff_id = %s", (staff.staff_id,))
