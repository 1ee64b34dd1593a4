"""The HTTP reference: a raw ASGI application that answers everything with the same bytes, from the same Uvicorn.

A path that ends with `/stream` is left open, until somebody asks for `/tell`: then the bytes go to all of these.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

BODY_BYTES = "BENCH_BODY_BYTES"
BODY = b"x" * int(os.environ.get(BODY_BYTES, "0"))
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}
STREAM = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
TOLD = asyncio.Event()


async def app(
    scope: MutableMapping[str, Any],
    _receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """The same answer to every request."""
    if scope["type"] != "http":
        return
    if scope["path"].endswith("/stream"):
        await send(STREAM)
        await send({"type": "http.response.body", "body": b": open\n\n", "more_body": True})
        await TOLD.wait()
        await send({"type": "http.response.body", "body": b"data: " + BODY + b"\n\n"})
    else:
        if scope["path"] == "/tell":
            TOLD.set()
            TOLD.clear()
        await send(START)
        await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=4096,
    )
