"""Carriers of messages that live on loopback: an SMPP centre from npm, HTTP and Telegram doubles, a mail server."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.node import installed

HERE = Path(__file__).parent


@dataclass
class Centre:
    """A running message centre: what it was given, and how it is told to behave."""

    port: int
    given: list[dict[str, Any]]
    _tell: Callable[[dict[str, Any]], None]
    _heard: asyncio.Queue[dict[str, Any]]

    async def behave(self, **manner: Any) -> None:
        """From now on."""
        self._tell(manner)
        await asyncio.wait_for(self._heard.get(), 10)


@contextlib.asynccontextmanager
async def message_centre() -> AsyncIterator[Centre]:
    """An SMPP 3.4 centre for user `opencowin`, password `secret`."""
    running = await asyncio.create_subprocess_exec(
        "node",
        "centre.mjs",
        cwd=installed(HERE, "centre.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert running.stdin
    assert running.stdout
    given: list[dict[str, Any]] = []
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def listen(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            told = json.loads(line)
            if "manner" in told:
                heard.put_nowait(told)
            else:
                given.append(told)

    def tell(manner: dict[str, Any]) -> None:
        assert running.stdin
        running.stdin.write(json.dumps(manner).encode() + b"\n")

    try:
        port = int(json.loads(await running.stdout.readline())["port"])
        listening = asyncio.create_task(listen(running.stdout))
        yield Centre(port, given, tell, heard)
        listening.cancel()
    finally:
        running.kill()
        await running.wait()


@dataclass
class HttpDouble:
    """An HTTP service on loopback that keeps what it was given and answers as it is told."""

    address: str = ""
    given: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answers: Callable[[int], Any] = lambda number: {"id": f"g{number}"}
    wait: float = 0


@contextlib.asynccontextmanager
async def http_service() -> AsyncIterator[HttpDouble]:
    """A service that takes any POST."""
    double = HttpDouble()

    async def take(request: web.Request) -> web.Response:
        double.given.append((request.path, dict(request.headers), await request.read()))
        number = len(double.given)
        await asyncio.sleep(double.wait)
        return web.json_response(double.answers(number), status=double.status, headers=double.headers)

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = site._server
    assert server is not None
    double.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    try:
        yield double
    finally:
        await runner.cleanup()
