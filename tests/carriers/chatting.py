"""Doubles of carriers that people write back by: Telegram's Bot API and the REST bridge of Signal. Both check the wire.

They answer as the originals do, and note whatever a client sends that those would not take.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

LONGEST_TEXT = 4096


@contextlib.asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """The address at which an application answers."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = site._server
    assert server is not None
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    finally:
        await runner.cleanup()


@dataclass
class BotApi:
    """Telegram's server for one bot: chats that people opened, what they write, what the bot says."""

    token: str
    address: str = ""
    said: list[tuple[int, str]] = field(default_factory=list)
    """To which chat, and what."""
    wrong: list[str] = field(default_factory=list)
    """What a client did that the original refuses."""
    opened: set[int] = field(default_factory=set)
    garbled: list[str] = field(default_factory=list)
    """What it answers first to those who ask for updates, whatever it means."""
    _updates: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 7_000
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _asking: int = 0

    def write(self, chat: int, text: str, *, language: str = "", group: bool = False) -> None:
        """Somebody writes to the bot."""
        self.opened.add(chat)
        self._number += 1
        sender: dict[str, Any] = {"id": chat, "is_bot": False, "first_name": "A"}
        if language:
            sender["language_code"] = language
        message = {
            "message_id": self._number,
            "from": sender,
            "chat": {"id": -chat if group else chat, "type": "group" if group else "private"},
            "date": 1_700_000_000,
            "text": text,
        }
        self._updates.append({"update_id": self._number, "message": message})
        self._news.set()

    def block(self, chat: int) -> None:
        """Somebody closes the chat to the bot."""
        self.opened.discard(chat)

    @property
    def unheard(self) -> int:
        """How many updates were not acknowledged."""
        return len(self._updates)

    async def heard_by(self, chat: int, *, fits: str = "", count: int = 1) -> str:
        """What the bot says in a chat, once so many of its words there fit."""
        async with asyncio.timeout(30):
            while True:
                found = [text for where, text in self.said if where == chat and fits in text]
                if len(found) >= count:
                    return found[-1]
                await asyncio.sleep(0.02)

    async def answer(self, request: web.Request) -> web.Response:
        """One call of a method."""
        token, method = request.match_info["token"], request.match_info["method"]
        if token != self.token:
            return self._no(401, "Unauthorized")
        if request.content_type != "application/json":
            return self._no(400, "Bad Request: not in a form that this double reads")
        given = await request.json()
        if method == "sendMessage":
            return self._send(given)
        if method == "getUpdates":
            return await self._tell(given)
        return self._no(404, "Not Found")

    def _send(self, given: dict[str, Any]) -> web.Response:
        chat, text = given.get("chat_id"), given.get("text")
        if not isinstance(chat, int) or set(given) - {"chat_id", "text", "disable_notification"}:
            return self._no(400, "Bad Request: chat_id, text and disable_notification are known here")
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT:
            return self._no(400, "Bad Request: message text is empty or too long")
        if chat not in self.opened:
            return web.json_response(
                {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}, status=403
            )
        self.said.append((chat, text))
        self._number += 1
        return web.json_response({"ok": True, "result": {"message_id": self._number, "chat": {"id": chat}}})

    async def _tell(self, given: dict[str, Any]) -> web.Response:
        """An update is forgotten once a later one is asked for; two who ask at once get in each other's way."""
        if not 1 <= given.get("limit", 100) <= 100 or not isinstance(given.get("allowed_updates", []), list):
            return self._no(400, "Bad Request: limit or allowed_updates")
        if self.garbled:
            return web.Response(text=self.garbled.pop(0), content_type="application/json")
        if self._asking:
            return self._no(409, "Conflict: terminated by other getUpdates request")
        offset = given.get("offset", 0)
        self._updates = [one for one in self._updates if one["update_id"] >= offset]
        self._asking += 1
        try:
            if not self._updates and given.get("timeout"):
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), min(given["timeout"], 1))
        finally:
            self._asking -= 1
        return web.json_response({"ok": True, "result": self._updates[: given.get("limit", 100)]})

    def _no(self, status: int, why: str) -> web.Response:
        self.wrong.append(why)
        return web.json_response({"ok": False, "error_code": status, "description": why}, status=status)


@contextlib.asynccontextmanager
async def bot_api(token: str = "7:secret") -> AsyncIterator[BotApi]:
    """A Telegram server."""
    api, app = BotApi(token), web.Application()
    app.router.add_post("/bot{token}/{method}", api.answer)
    async with served(app) as address:
        api.address = address
        yield api


@dataclass
class Bridge:
    """The REST bridge of signal-cli for one number."""

    number: str
    address: str = ""
    said: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unregistered: set[str] = field(default_factory=set)
    _waiting: list[dict[str, Any]] = field(default_factory=list)

    def write(self, number: str, text: str) -> None:
        """Somebody writes to the number; receipts of delivery come in between, as they do."""
        base = {"source": number, "sourceNumber": number, "sourceUuid": "u", "timestamp": 1_700_000_000_123}
        self._waiting.append({"envelope": {**base, "receiptMessage": {"isDelivery": True}}, "account": self.number})
        self._waiting.append({"envelope": {**base, "dataMessage": {"message": text}}, "account": self.number})

    async def heard_by(self, number: str, *, fits: str = "") -> str:
        """What our number says to another, once it fits."""
        async with asyncio.timeout(30):
            while True:
                found = [text for where, text in self.said if where == number and fits in text]
                if found:
                    return found[-1]
                await asyncio.sleep(0.02)

    async def send(self, request: web.Request) -> web.Response:
        """POST /v2/send."""
        given = await request.json()
        right = given.get("number") == self.number and isinstance(given.get("message"), str) and given["message"]
        recipients = given.get("recipients")
        if not right or not isinstance(recipients, list) or not all(one.startswith("+") for one in recipients):
            self.wrong.append(f"send {sorted(given)}")
            return web.json_response({"error": "Couldn't process request"}, status=400)
        if set(recipients) & self.unregistered:
            return web.json_response({"error": "Unregistered user"}, status=400)
        self.said += [(one, given["message"]) for one in recipients]
        return web.json_response({"timestamp": str(1_700_000_000_000 + len(self.said))}, status=201)

    async def receive(self, request: web.Request) -> web.Response:
        """GET /v1/receive/NUMBER: told once."""
        if request.match_info["number"] != self.number:
            self.wrong.append(f"receive {request.match_info['number']}")
            return web.json_response({"error": "no such number"}, status=400)
        if not self._waiting:
            await asyncio.sleep(min(float(request.query.get("timeout", "1")), 0.2))
        told, self._waiting = self._waiting, []
        return web.json_response(told)


@contextlib.asynccontextmanager
async def signal_bridge(number: str = "+911234500000") -> AsyncIterator[Bridge]:
    """A bridge to Signal."""
    bridge, app = Bridge(number), web.Application()
    app.router.add_post("/v2/send", bridge.send)
    app.router.add_get("/v1/receive/{number}", bridge.receive)
    async with served(app) as address:
        bridge.address = address
        yield bridge
