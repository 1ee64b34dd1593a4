"""The HTTP reference: a raw ASGI application that answers everything with the same bytes, from the same Granian."""

import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

BODY_BYTES = "BENCH_BODY_BYTES"
BODY = b"x" * int(os.environ.get(BODY_BYTES, "0"))
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}


async def app(
    scope: MutableMapping[str, Any],
    _receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """The same answer to every request."""
    if scope["type"] == "http":
        await send(START)
        await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    Granian(
        "benchmarks.fixed:app",
        interface=Interfaces.ASGI,
        port=int(sys.argv[1]),
        workers=1,
        loop=Loops.uvloop,
        log_level=LogLevels.warning,
        process_name=None,
    ).serve()
