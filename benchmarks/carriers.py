"""Carriers that cost little, each a process of its own: an HTTP gateway, and an SMPP 3.4 message centre.

`python -m benchmarks.carriers http|smpp` listens on a free port of loopback, prints it, and takes whatever comes: each
message is acknowledged at once under a name of its own; the centre sends a receipt too where one was asked for.
"""

import asyncio
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import cast

import uvloop

from benchmarks.lab import ROOT

BIND, UNBIND, SUBMIT, DELIVER, ENQUIRE, RESPONSE = 0x09, 0x06, 0x04, 0x05, 0x15, 0x80000000
OK, WRONG_PASSWORD, NOT_BOUND, UNKNOWN = 0, 0x0E, 0x04, 0x03
HEAD = struct.Struct(">IIII")
USER, PASSWORD = "opencowin", "secret"
DEFAULT_ALPHABET, IS_RECEIPT = 0, 0x04
_names = count(1)


class HttpGateway(asyncio.Protocol):
    """Takes any POST that names its length."""

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody calls."""
        self._line = cast(asyncio.Transport, transport)  # uvloop's own does not derive from it

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        held = self._held + data
        while True:
            head, blank, body = held.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if not blank or len(body) < length:
                break
            held = body[length:]
            answer = b'{"id":"g%d"}' % next(_names)
            start = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer)
            self._line.write(start + answer)
        self._held = held


class MessageCentre(asyncio.Protocol):
    """A centre for one user; it refuses what comes before a session is bound."""

    def __init__(self) -> None:
        self._held, self._bound, self._numbers = b"", False, count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody calls."""
        self._line = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer each PDU that is whole."""
        held = self._held + data
        while len(held) >= HEAD.size:
            size, command, _, number = HEAD.unpack_from(held)
            if len(held) < size:
                break
            self._take(command, number, held[HEAD.size : size])
            held = held[size:]
        self._held = held

    def _take(self, command: int, number: int, body: bytes) -> None:
        match command:
            case 0x09:
                user, password = body.split(b"\0", 2)[:2]
                self._bound = (user, password) == (USER.encode(), PASSWORD.encode())
                self._answer(command, number, OK if self._bound else WRONG_PASSWORD, b"centre\0")
            case 0x04 if self._bound:
                self._submitted(number, body)
            case 0x04:
                self._answer(command, number, NOT_BOUND, b"")
            case 0x15 | 0x06:
                self._answer(command, number, OK, b"")
            case _ if command & RESPONSE:
                pass
            case _:
                self._answer(0, number, UNKNOWN, b"")  # generic_nack

    def _submitted(self, number: int, body: bytes) -> None:
        name = b"m%d" % next(_names)
        self._answer(SUBMIT, number, OK, name + b"\0")
        source, target, registered = _addresses(body)
        if registered & 1:
            text = (
                b"id:%s sub:001 dlvrd:001 submit date:2101010000 done date:2101010001 stat:DELIVRD err:000 text:" % name
            )
            flags = bytes((IS_RECEIPT, 0, 0)) + b"\0\0" + bytes((0, 0, DEFAULT_ALPHABET, 0, len(text)))
            self._send(DELIVER, next(self._numbers), OK, b"\0" + target + source + flags + text)

    def _answer(self, command: int, number: int, status: int, body: bytes) -> None:
        self._send(command | RESPONSE, number, status, body)

    def _send(self, command: int, number: int, status: int, body: bytes) -> None:
        self._line.write(HEAD.pack(HEAD.size + len(body), command, status, number) + body)


def _addresses(body: bytes) -> tuple[bytes, bytes, int]:
    """Of a submit_sm: source and destination, each with type and plan, and whether a receipt is wanted."""
    at = body.index(b"\0") + 1
    source_end = body.index(b"\0", at + 2) + 1
    target_end = body.index(b"\0", source_end + 2) + 1
    after = target_end + 3
    for _ in range(2):  # schedule_delivery_time, validity_period
        after = body.index(b"\0", after) + 1
    return body[at:source_end], body[source_end:target_end], body[after]


KINDS: dict[str, Callable[[], asyncio.Protocol]] = {"http": HttpGateway, "smpp": MessageCentre}


async def _serve(kind: str) -> None:
    server = await asyncio.get_running_loop().create_server(KINDS[kind], "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def carrier(kind: str) -> Iterator[int]:
    """The port of a running carrier of this kind."""
    command = (sys.executable, "-m", "benchmarks.carriers", kind)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
