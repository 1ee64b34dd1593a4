"""The web server: calls in pieces, in packets, in order and out of form; whoever is silent for too long is let go."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest

from opencowin.serving import webserver as of
from opencowin.serving.webserver import Connection, WebServer
from opencowin.web import app as app_module
from tests.web.clinic import Clinic, served_beside
from tests.web.test_lane import PATH, at_centre, listening

pytestmark = pytest.mark.anyio

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def lines(clinic: Clinic) -> AsyncIterator[tuple[str, bytes, WebServer]]:
    """Host and port of a web server, and a call which its lane answers."""
    async with served_beside(clinic.platform) as (seen, app, server):
        await listening(app)
        wanted = at_centre(clinic)
        answer = await seen.http.get(PATH, params=wanted)
        assert answer.status_code == 200
        host = str(seen.http.base_url).removeprefix("http://").rstrip("/")
        query = f"center_id={wanted['center_id']}&date={wanted['date']}"
        yield host, f"GET {PATH}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), server


@asynccontextmanager
async def opened(host: str) -> AsyncIterator[Line]:
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """The next answer."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0")))


def told(got: tuple[int, dict[str, str], bytes]) -> tuple[int, str, bytes]:
    """What does not vary from call to call."""
    return got[0], got[1].get("etag", ""), got[2].partition(b'"as_of"')[0]


async def test_a_call_in_pieces_is_answered_as_a_whole_one(clinic: Clinic) -> None:
    async with lines(clinic) as (host, call, server), opened(host) as (reader, writer):
        writer.write(call)
        whole = told(await answer(reader))
        asked = server.server_state.total_requests
        for cut in (1, 4, len(call) // 2, len(call) - 4, len(call) - 1):
            writer.write(call[:cut])
            await asyncio.sleep(0.02)
            writer.write(call[cut:])
            assert told(await answer(reader)) == whole
        assert server.server_state.total_requests == asked + 5, "pieces are put together for the application"
        writer.write(call)
        assert told(await answer(reader)) == whole
        assert server.server_state.total_requests == asked + 5, "and a whole one is the lane's again"


async def test_calls_of_one_packet_are_answered_in_their_order(clinic: Clinic) -> None:
    async with lines(clinic) as (host, call, _), opened(host) as (reader, writer):
        live = f"GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        writer.write(call + live + call)
        writer.write(call)
        got = [await answer(reader) for _ in range(4)]
        assert ["etag" in headers for _, headers, _ in got] == [True, False, True, True]
        writer.write(live)
        await asyncio.sleep(0)
        writer.write(call)
        assert ["etag" in (await answer(reader))[1] for _ in range(2)] == [False, True], "none overtakes another"


@pytest.mark.parametrize(
    "change",
    [
        (b"HTTP/1.1\r\n", b"HTTP/1.0\r\n"),
        (b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        (b"\r\n\r\n", b"\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n"),
        (b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n{}"),
        (b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (b"\r\n\r\n", b"\r\nX-Name: \xe9t\xe9\r\n\r\n"),
        (b"\r\n\r\n", b"\r\nX-Long: " + b"y" * 3000 + b"\r\n\r\n"),
        (b"calendarBy", b"%63alendarBy"),
    ],
)
async def test_what_is_written_otherwise_is_read_by_the_servers_own_parser(
    clinic: Clinic, change: tuple[bytes, bytes]
) -> None:
    async with lines(clinic) as (host, call, server), opened(host) as (reader, writer):
        writer.write(call)
        whole = told(await answer(reader))
        asked = server.server_state.total_requests
        other = call.replace(*change)
        assert other != call
        writer.write(other)
        status, headers, body = await answer(reader)
        assert told((status, headers, body)) == whole
        assert server.server_state.total_requests == asked + 1
        if b"close" in other or b"HTTP/1.0" in other:
            assert await asyncio.wait_for(reader.read(), 5) == b"", "and the connection is closed"


@pytest.mark.parametrize(
    "bad", [b"GET / HTTP/1.1\nbroken\x00\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET  HTTP\r\n\r\n"]
)
async def test_what_is_no_call_is_refused(clinic: Clinic, bad: bytes) -> None:
    async with lines(clinic) as (host, call, _), opened(host) as (reader, writer):
        writer.write(call)
        await answer(reader)
        writer.write(bad)
        assert (await answer(reader))[0] == 400
        assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_a_head_without_end_is_refused(clinic: Clinic) -> None:
    async with lines(clinic) as (host, call, _), opened(host) as (reader, writer):
        writer.write(call[:-2])
        for _ in range(of.LONGEST_HEAD // 4000 + 2):
            writer.write(b"X-More: " + b"y" * 4000 + b"\r\n")
            await asyncio.sleep(0.001)
        assert (await answer(reader))[0] == 400


def connections(server: WebServer) -> list[Connection]:
    return [one for one in server.server_state.connections if isinstance(one, Connection)]


async def test_who_is_silent_is_let_go_and_who_waits_for_an_answer_is_not(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lines(clinic) as (host, call, server), AsyncExitStack() as stack:
        monkeypatch.setattr(of, "PATIENCE", 0.6)
        nothing, idle, head, body, stream = [await stack.enter_async_context(opened(host)) for _ in range(5)]
        idle[1].write(call)
        await answer(idle[0])
        body[1].write(
            f"POST /api/v2/auth/public/generateOTP HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
        stream[1].write(f"GET /api/open/v1/availability/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        began = time.monotonic()

        async def dripping() -> None:
            for at in range(len(call)):
                head[1].write(call[at : at + 1])
                await asyncio.sleep(0.2)

        drops = asyncio.create_task(dripping())
        for reader, _ in (nothing, idle, head, body):
            assert b"200 OK" not in await asyncio.wait_for(reader.read(), 8)
        assert time.monotonic() - began >= 0.5
        drops.cancel()
        assert b"text/event-stream" in await asyncio.wait_for(stream[0].readuntil(b"\r\n\r\n"), 5)
        left: list[Any] = connections(server)
        assert len(left) <= 2, "the stream, and the client that waited until the site was up"
        assert not stream[0].at_eof()


async def test_answers_that_nobody_reads_are_dropped(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lines(clinic) as (host, _, server):
        monkeypatch.setattr(of, "LONGEST_PATIENCE", 2.5)
        name, _, port = host.partition(":")
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((name, int(port)))
            deaf.send(f"GET /openapi.json HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() * 30)
            await asyncio.sleep(1.0)
            ours = deaf.getsockname()[1]
            (held,) = [one for one in connections(server) if one.client is not None and one.client[1] == ours]
            assert held.flow.write_paused
            began = time.monotonic()
            while held in server.server_state.connections:
                assert time.monotonic() - began < 10
                await asyncio.sleep(0.05)


async def test_so_many_calls_are_answered_at_one_time_and_others_wait(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "REQUESTS", 0)
    async with served_beside(clinic.platform, feed_streams=2) as (seen, _, _), AsyncExitStack() as stack:
        host = str(seen.http.base_url).removeprefix("http://").rstrip("/")
        streams = [await stack.enter_async_context(opened(host)) for _ in range(2)]
        for reader, writer in streams:
            writer.write(f"GET /api/open/v1/availability/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            await asyncio.wait_for(reader.readuntil(b"retry:"), 10)
        waiting = asyncio.create_task(seen.http.get("/health/live"))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        streams[0][1].close()
        assert (await asyncio.wait_for(waiting, 10)).status_code == 200


async def test_who_asks_for_the_head_gets_that_of_the_answer_and_nothing_more(clinic: Clinic) -> None:
    async with lines(clinic) as (host, call, _), opened(host) as (reader, writer):
        for path in ("/health/live", "/", "/help", call.split()[1].decode()):
            for method in ("HEAD", "GET"):
                writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert head.startswith(b"HTTP/1.1 200 "), path
            status, headers, body = await answer(reader)
            assert status == 200
            assert body, "of the GET, whose answer came next"
            assert f"content-length: {headers['content-length']}".encode() in head.lower()
