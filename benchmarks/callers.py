"""HTTP callers that cost little: connections kept open, prepared requests, each answer timed.

They call as fast as they are answered (to find a rate), or at instants that were fixed beforehand, whether the answers
come or not (to find how long people wait: who comes late because others were slow has waited since the instant).
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import uvloop

PATIENCE, LONGEST = 120.0, 600.0


@dataclass(slots=True)
class Answers:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    """Seconds that each answer took."""
    seconds: float = 0.0
    body: bytes = b""
    """The last body."""
    bodies: list[bytes] = field(default_factory=list)
    """All of them, where they were to be kept."""
    unlike: bytes = b""
    """The first answer that is not 2xx, whole."""

    @property
    def good(self) -> int:
        """How many were answered 2xx."""
        return sum(count for status, count in self.statuses.items() if status < 300)

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds

    def wait(self, share: float) -> float:
        """Seconds within which this share of the answers came."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def all_good(self) -> "Answers":
        """Itself. Raises RuntimeError where an answer was not 2xx."""
        if self.unlike:
            raise RuntimeError(f"answered: {self.unlike.decode(errors='replace')[:600]}")
        return self


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one kind: over so many connections, as fast as they are answered or so many a second."""

    calls: Iterable[bytes]
    connections: int
    per_second: float | None = None
    keep: bool = False
    """Whether the answers' bodies are kept."""


def get(path: str, **headers: str) -> bytes:
    """A GET as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{_lines(headers)}\r\n".encode()


def post(path: str, body: bytes, token: str = "", **headers: str) -> bytes:
    """A POST of JSON as it goes over the wire."""
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    lines = _lines({**bearer, "content-type": "application/json", "content-length": str(len(body)), **headers})
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode() + body


def _lines(headers: Mapping[str, str]) -> str:
    return "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())


class _Caller(asyncio.Protocol):
    """One connection: takes a call, sends it, and when the answer is whole takes the next."""

    def __init__(self, line: "_Line") -> None:
        self.line = line
        self.over = asyncio.get_running_loop().create_future()
        self._held: list[bytes] = []
        self._have = self._whole = 0
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own does not derive from it
        self.line.idle(self)

    def ask(self, call: bytes, since: float) -> None:
        """Send a call that is due since an instant."""
        self._since = since
        self.transport.write(call)

    def data_received(self, data: bytes) -> None:
        self._held.append(data)
        self._have += len(data)
        if not self._whole:
            self._whole = _size_of(b"".join(self._held))
        if not self._whole or self._have < self._whole:
            return
        answer = b"".join(self._held)
        self._held, self._have, self._whole = [], 0, 0
        self.line.note(answer, self._since)
        self.line.idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(exc)


def _size_of(begun: bytes) -> int:
    """Bytes of the whole answer; 0 while its head is not there."""
    head, blank, _ = begun.partition(b"\r\n\r\n")
    if not blank:
        return 0
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(head) + len(blank) + int(length or 0)


class _Line:
    """Calls in their order, each for the next caller that is free; at their instants, where they have some."""

    def __init__(self, calls: Iterator[bytes], begin: float, until: float, gap: float | None, *, keep: bool) -> None:
        self.answers = Answers()
        self._calls, self._until, self._gap, self._keep = calls, until, gap, keep
        self._begun = begin
        self._due = self._begun
        self._idle: deque[_Caller] = deque()
        self._over = False

    def idle(self, caller: _Caller) -> None:
        """This one is free."""
        if self._over:
            caller.transport.close()
        elif self._gap is None:
            self._next(caller, time.perf_counter())
        elif self._due <= time.perf_counter():
            self._next(caller, self._due)
        else:
            self._idle.append(caller)

    async def keep_time(self) -> None:
        """Give out the calls as they come due."""
        while self._gap is not None and not self._over:
            now = time.perf_counter()
            while self._idle and self._due <= now and not self._over:
                self._next(self._idle.popleft(), self._due)
            await asyncio.sleep(min(0.001, max(0.0, self._due - now)))
        while self._idle:
            self._idle.popleft().transport.close()

    def note(self, answer: bytes, since: float) -> None:
        """An answer has come."""
        told, status = self.answers, int(answer[9:12])
        told.statuses[status] += 1
        told.waits.append(time.perf_counter() - since)
        told.body = answer.partition(b"\r\n\r\n")[2]
        if self._keep:
            told.bodies.append(told.body)
        told.seconds = time.perf_counter() - self._begun
        if status >= 300 and not told.unlike:
            told.unlike = answer

    def _next(self, caller: _Caller, since: float) -> None:
        call = None if since > self._until else next(self._calls, None)
        if call is None:
            self._over = True
            caller.transport.close()
            return
        self._due += self._gap or 0.0
        caller.ask(call, since)


async def _answers(port: int, calls: Calls, begin: float, until: float) -> Answers:
    loop, gap = asyncio.get_running_loop(), 1 / calls.per_second if calls.per_second else None
    line = _Line(iter(calls.calls), begin, until, gap, keep=calls.keep)
    callers = [_Caller(line) for _ in range(calls.connections)]
    for caller in callers:
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)  # type: ignore[misc]
    _, *ends = await asyncio.gather(line.keep_time(), *(caller.over for caller in callers))
    if broken := next((end for end in ends if end is not None), None):
        raise RuntimeError(f"a connection broke: {broken}")
    return line.answers


async def _side_by_side(port: int, kinds: Sequence[Calls], seconds: float) -> list[Answers]:
    begin = time.perf_counter()
    async with asyncio.timeout(seconds + PATIENCE):
        return await asyncio.gather(*(_answers(port, one, begin, begin + seconds) for one in kinds))


def side_by_side(port: int, kinds: Sequence[Calls], seconds: float = LONGEST) -> list[Answers]:
    """Send calls of several kinds at once, each until they or the seconds are over.

    Raises RuntimeError where a connection broke, TimeoutError where answers do not come.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_side_by_side(port, kinds, seconds))


def call(
    port: int, calls: Iterable[bytes], *, connections: int, seconds: float = LONGEST, keep: bool = False
) -> Answers:
    """Send these calls as fast as they are answered. Raises what `side_by_side` raises."""
    return side_by_side(port, [Calls(calls, connections, keep=keep)], seconds)[0]
