"""A reader of server-sent events: the application is called as a server calls it, part by part, until it hangs up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson

from tests.surface import Surface


@dataclass(slots=True)
class Stream:
    """What came so far."""

    status: int = 0
    last_id: str = ""
    parts: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    text: str = ""

    async def event(self, seconds: float = 5) -> dict[str, Any] | None:
        """The next event's data; None at the end. What only says that the stream is still there is passed over."""
        while True:
            while "\n\n" in self.text:
                block, self.text = self.text.split("\n\n", 1)
                facts = dict(line.split(": ", 1) for line in block.splitlines())
                self.last_id = facts.get("id", self.last_id)
                if "data" in facts:
                    told: dict[str, Any] = orjson.loads(facts["data"])
                    assert (facts["event"], facts["id"]) == (told["kind"], str(told["number"]))
                    return told
            part = await asyncio.wait_for(self.parts.get(), seconds)
            if part is None:
                return None
            self.text += part.decode()


@asynccontextmanager
async def streamed(
    surface: Surface, path: str, headers: dict[str, str] | None = None, **query: Any
) -> AsyncIterator[Stream]:
    """An open stream; who leaves the block hangs up."""
    transport = surface.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    stream, gone = Stream(), asyncio.Event()
    asked, answered = asyncio.Event(), asyncio.Event()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(query, doseq=True).encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 4711),
        "server": ("platform", 80),
    }

    async def receive() -> dict[str, Any]:
        if not asked.is_set():
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
            answered.set()
            return
        stream.parts.put_nowait(message.get("body", b""))
        if not message.get("more_body"):
            stream.parts.put_nowait(None)

    async def call() -> None:
        await transport.app(scope, receive, send)

    task = asyncio.create_task(call())
    try:
        await asyncio.wait_for(answered.wait(), 10)
        yield stream
    finally:
        gone.set()
        await asyncio.wait_for(task, 5)
