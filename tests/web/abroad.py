"""A citizen whose browser goes to a provider of national IDs and comes back, and the provider at the far end."""

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
from joserfc.jwk import ECKey

from opencowin.kit.floor import Floor
from opencowin.web.app import build_app
from tests.provider import RunningProvider, providing
from tests.provider.deployment import clients
from tests.surface import Surface, free_port
from tests.web.test_citizen_pages import Browser

ADDRESS = "http://pages"
FORM = re.compile(r'<form[^>]* action="([^"]+)"')


@dataclass
class Far:
    """The far end: a provider that can be started anew, with new keys, at the same address."""

    key: ECKey
    people: Mapping[str, Mapping[str, Any]]
    port: int = field(default_factory=free_port)
    running: list[Any] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> RunningProvider:
        self.running.append(providing(clients(self.key, ADDRESS), self.people, self.port))
        started: RunningProvider = self.running[-1].__enter__()
        return started

    def stop(self) -> None:
        if self.running:
            self.running.pop().__exit__(None, None, None)


@asynccontextmanager
async def served(floor: Floor, platform: Surface) -> AsyncIterator[Surface]:
    """A web process of this deployment beside the platform, on the same database."""
    app = build_app(floor, platform.pool.conninfo)  # type: ignore[arg-type]  # a string here
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield Surface(client, platform.pool, floor)


class Citizen(Browser):
    """A browser that reaches the provider, too."""

    def __init__(self, site: Surface) -> None:
        super().__init__(site)
        self._http = httpx.AsyncClient(
            transport=site.http._transport,
            base_url=ADDRESS,
            mounts={"http://127.0.0.1": httpx.AsyncHTTPTransport()},
        )

    async def leave(self, provider: str = "citizen", query: str = "") -> dict[str, str]:
        """Follow the link on the sign-in page as far as the provider's first page; what the browser carried there."""
        await self.open("/sign-in" + query)
        await self.open(self.link(f"/sign-in/with/{provider}"))
        carried = next(one.request.url for one in self.answers if one.request.url.path == "/auth")
        return {name: values[0] for name, values in parse_qs(carried.query.decode()).items()}

    async def prove(self, login: str) -> str:
        """Sign in at the provider and agree; the address to which it sends the browser back, not opened yet."""
        await self._at_provider({"prompt": "login", "login": login, "password": "x"})
        return await self._at_provider({"prompt": "consent"})

    async def sign_in_as(self, login: str, provider: str = "citizen", query: str = "") -> str:
        """All of it."""
        await self.leave(provider, query)
        return await self.open(await self.prove(login))

    async def _at_provider(self, fields: dict[str, str]) -> str:
        """Send the provider's form; its next page is there, or else the address back to us is answered."""
        found = FORM.search(self.page)
        assert found, self.page
        answer = await self._http.post(html.unescape(found.group(1)), data=fields)
        while answer.is_redirect and not answer.headers["location"].startswith(ADDRESS):
            answer = await self._http.get(str(answer.url.join(answer.headers["location"])))
        if answer.is_redirect:
            return str(answer.headers["location"])
        self._seen(answer)
        return ""

    @property
    def answers(self) -> list[httpx.Response]:
        return [*self.last.history, self.last]

    def _seen(self, answer: httpx.Response) -> str:
        self.last = answer
        return super()._seen(answer)

    def cookie(self, name: str) -> str | None:
        return next((one.value for one in self._http.cookies.jar if one.name == name), None)

    def keep(self, name: str, value: str) -> None:
        self._http.cookies.set(name, value, domain="pages.local", path="/")
