"""HTTP callers that cost little: connections kept open, the next request sent when the answer is complete."""

import asyncio
import time
from typing import cast

import uvloop

PATIENCE = 10.0


class Caller(asyncio.Protocol):
    """One connection that asks for the same thing over and over; answers other than 200 end it."""

    def __init__(self, path: str, until: float) -> None:
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self.until = until
        self.answers = 0
        self.body_bytes = 0
        self.wrong = ""
        self.over = asyncio.get_running_loop().create_future()
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own does not derive from it
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Ask again once the answer is whole."""
        self._held += data
        head, blank, body = self._held.partition(b"\r\n\r\n")
        if not blank:
            return
        whole = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < whole:
            return
        self._held, self.body_bytes = b"", whole
        self.answers += 1
        if not head.startswith(b"HTTP/1.1 200"):
            self.wrong = head.decode()
        if self.wrong or time.monotonic() >= self.until:
            self.transport.close()
        else:
            self.transport.write(self.request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Done, or thrown out."""
        if exc is not None:
            self.wrong = self.wrong or str(exc)
        self.over.set_result(None)


async def _call(port: int, path: str, connections: int, seconds: float) -> tuple[float, int]:
    loop, begun = asyncio.get_running_loop(), time.monotonic()
    callers = [Caller(path, begun + seconds) for _ in range(connections)]
    for caller in callers:
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)  # type: ignore[misc]
    async with asyncio.timeout(seconds + PATIENCE):
        await asyncio.gather(*(caller.over for caller in callers))
    if wrong := next((caller.wrong for caller in callers if caller.wrong), ""):
        raise RuntimeError(f"{path} was answered: {wrong}")
    return sum(caller.answers for caller in callers) / (time.monotonic() - begun), callers[0].body_bytes


def call(port: int, path: str, *, connections: int, seconds: float) -> tuple[float, int]:
    """Answers a second over so many connections, and the size of the last body.

    Raises RuntimeError unless all are 200, TimeoutError where they do not come.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_call(port, path, connections, seconds))
