"""The platform as its callers see it: HTTP, the worker beside it, and a phone that receives messages."""

import asyncio
import hashlib
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from opencowin import notifications, scheduling
from opencowin.kit.db import Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.serving.port import listening
from opencowin.serving.webserver import WebServer
from opencowin.web.app import Application, build_app
from opencowin.worker import run_worker
from tests.builders import publish

OTP = re.compile(r"(?<!\d)\d{6}(?!\d)")
API = "/api"
START_SECONDS = 150


async def until_up(http: httpx.AsyncClient, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until a site answers, for as long as a slow machine may need to start it."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            assert alive(), "the site did not come up"
            try:
                if (await http.get("/health/live")).status_code < 500:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@asynccontextmanager
async def served(
    app: Application, port: int | None = None, *, lifespan: bool = True
) -> AsyncIterator[tuple[str, WebServer]]:
    """An application under the server that deployments use; without `lifespan` it has begun by itself."""
    server, port = WebServer(app, lifespan=lifespan), port or free_port()
    address = f"http://127.0.0.1:{port}"
    serving = asyncio.create_task(server.serve([listening("127.0.0.1", port)]))
    try:
        async with httpx.AsyncClient(base_url=address, timeout=30) as http:
            await until_up(http, lambda: not serving.done())
        yield address, server
    finally:
        server.should_exit = True
        await serving


@dataclass(slots=True)
class Calendar:
    """A clock that a story can set: it begins at eight in the morning of tomorrow, and days pass when told to."""

    zone: ZoneInfo
    ahead: timedelta = field(init=False)

    def __post_init__(self) -> None:
        now = datetime.now(self.zone)
        self.ahead = datetime.combine(now.date() + timedelta(days=1), time(8), tzinfo=self.zone) - now

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def let_days_pass(self, days: int) -> None:
        """It is some days later, at the same time of day."""
        self.ahead += timedelta(days=days)


@dataclass(slots=True)
class Surface:
    """Callers' side of a running platform."""

    http: httpx.AsyncClient
    pool: Pool
    floor: Floor
    headers: dict[str, str] = field(default_factory=dict)
    committed: Callable[[frozenset[int]], None] | None = None
    """Told what the tests themselves change, as the process is told of its own changes."""

    async def get(self, path: str, token: str | None = None, **query: Any) -> httpx.Response:
        """GET a path below /api."""
        return await self.http.get(API + path, params=query, headers=self._headers(token))

    async def post(self, path: str, body: Any = None, token: str | None = None, **headers: str) -> httpx.Response:
        """POST JSON to a path below /api."""
        return await self.http.post(API + path, json=body, headers={**self._headers(token), **headers})

    async def partner(self, method: str, path: str, key: str, **arguments: Any) -> httpx.Response:
        """A call with a partner's key."""
        return await self.http.request(method, API + path, headers={"x-api-key": key}, **arguments)

    def _headers(self, token: str | None) -> dict[str, str]:
        return {**self.headers, **({"Authorization": f"Bearer {token}"} if token else {})}

    async def sms(self, mobile: str, *, containing: str = "", seconds: float = 10) -> str:
        """The newest message to a mobile, once one contains the text."""
        for _ in range(int(seconds / 0.05)):
            async with transaction(self.pool) as conn:
                message = await notifications.latest_message(conn, self.floor, mobile)
            if message is not None and containing in message.text:
                return str(message.text)
            await asyncio.sleep(0.05)
        raise AssertionError(f"no message containing {containing!r} arrived")

    async def sign_in(self, mobile: str) -> str:
        """A token, by the one-time password that arrives on the mobile."""
        asked = await self.post("/v2/auth/generateMobileOTP", {"mobile": mobile, "secret": "x"})
        assert asked.status_code == 200, asked.text
        code = OTP.findall(await self.sms(mobile, containing="OTP"))[-1]
        body = {"otp": hashlib.sha256(code.encode()).hexdigest(), "txnId": asked.json()["txnId"]}
        confirmed = await self.post("/v2/auth/validateMobileOtp", body)
        assert confirmed.status_code == 200, confirmed.text
        return str(confirmed.json()["token"])

    async def register(self, token: str, name: str, born: int, document: str, gender: int = 2) -> str:
        """A member's reference."""
        body = {
            "name": name,
            "birth_year": str(born),
            "gender_id": gender,
            "photo_id_type": 6,
            "photo_id_number": document,
            "comorbidity_ind": "N",
            "consent_version": "1",
        }
        answer = await self.post("/v2/registration/beneficiary/new", body, token)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["beneficiary_reference_id"])

    async def household(self, token: str) -> dict[str, dict[str, Any]]:
        """The members by reference."""
        answer = await self.get("/v2/appointment/beneficiaries", token)
        assert answer.status_code == 200, answer.text
        return {member["beneficiary_reference_id"]: member for member in answer.json()["beneficiaries"]}

    async def publish(self, session: scheduling.NewSession) -> str:
        """A published session, which the process shows from now on."""
        return await publish(self.pool, self.floor, session, self.committed)

    def day(self, ahead: int = 0) -> date:
        """A date in the country's time zone."""
        return self.floor.clock.today() + timedelta(days=ahead)


@asynccontextmanager
async def running(floor: Floor, pool: Pool, dsn: str) -> AsyncIterator[Surface]:
    """A web application and a worker on one database, both in this process."""
    app = build_app(floor, dsn)
    stop = asyncio.Event()
    async with app.router.lifespan_context(app):
        worker = asyncio.create_task(run_worker(pool, floor, stop))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://platform") as http:
                yield Surface(http, pool, floor, committed=app.state.site.board.changed_here)
        finally:
            stop.set()
            await worker
