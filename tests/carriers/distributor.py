"""A double of a UnifiedPush distributor as ntfy runs one: topics that apps made up, and what it refuses to carry.

It reads nothing: what was carried is sealed by RFC 8291 for the app, which opens it with its own key.
"""

import contextlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from tests.carriers.chatting import served

MOST_BYTES = 4096
TOPIC = re.compile(r"up[A-Za-z0-9]{12}")


@dataclass
class Distributor:
    """What was carried to each topic, and what no distributor would have taken."""

    address: str = ""
    carried: dict[str, list[bytes]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def endpoint(self, topic: str) -> str:
        """Where an app that made this topic wants its messages."""
        return f"{self.address}/{topic}?up=1"

    async def take(self, request: web.Request) -> web.Response:
        """A message to a topic."""
        topic, body = request.match_info["topic"], await request.read()
        headers = request.headers
        problems = [
            why
            for why, holds in (
                ("no topic of an app", TOPIC.fullmatch(topic) and request.query.get("up") == "1"),
                ("empty or too long", 0 < len(body) <= MOST_BYTES),
                ("not sealed by RFC 8291", headers.get("Content-Encoding") == "aes128gcm" and body[20:21] == b"\x41"),
                ("no time to live (RFC 8030)", headers.get("TTL", "").isdecimal()),
                ("nobody vouches for it (RFC 8292)", headers.get("Authorization", "").startswith("vapid t=")),
            )
            if not holds
        ]
        if problems:
            self.wrong += problems
            return web.json_response({"code": 40_000, "http": 400, "error": problems[0]}, status=400)
        if topic in self.gone:
            return web.json_response({"code": 41_000, "http": 410, "error": "gone"}, status=410)
        self.carried.setdefault(topic, []).append(body)
        told = {"id": f"m{len(self.carried[topic])}", "event": "message", "topic": topic}
        return web.Response(text=json.dumps(told), content_type="application/json")


@contextlib.asynccontextmanager
async def distributor() -> AsyncIterator[Distributor]:
    """A distributor of a nation's own."""
    double, app = Distributor(), web.Application(client_max_size=1_000_000)
    app.router.add_post("/{topic}", double.take)
    async with served(app) as address:
        double.address = address
        yield double
