"""Listening: one worker at a time reads what people write to each bot and number; each message is heard once."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Protocol
from uuid import UUID, uuid4

import psycopg
import structlog

from opencowin.kit.db import transaction
from opencowin.kit.i18n import read_catalogues
from opencowin.kit.logs import way_to
from opencowin.notifications import address_queries as queries
from opencowin.notifications.channels.delivery import Heard
from opencowin.notifications.channels.signal_bridge import SignalChannel
from opencowin.notifications.channels.telegram import TelegramChannel
from opencowin.notifications.chats import Ear, hear
from opencowin.notifications.gateways import Kind
from opencowin.notifications.routing import secret_of
from opencowin.notifications.sending import Scribe
from opencowin.notifications.templates import read_texts

HELD = timedelta(minutes=2)
NOT_MINE, LONGEST_PAUSE = 5.0, 60.0
"""Seconds until a line is asked for again that another worker reads; and at most after faults."""
log = structlog.stdlib.get_logger("opencowin.notifications")


class Line(Protocol):
    """A carrier that people write back by."""

    async def hear(self, next_update: int) -> list[Heard]: ...  # noqa: D102

    async def close(self) -> None: ...  # noqa: D102


async def listen(scribe: Scribe, stop: asyncio.Event) -> None:
    """Hear and answer what is written to the bots and numbers of the operator's file until `stop` is set."""
    floor, catalogues = scribe.floor, read_catalogues()
    texts = read_texts(floor.pack, floor.country.default_language)
    async with asyncio.TaskGroup() as tasks:
        for gateway in scribe.carriage.gateway:
            if gateway.kind in {Kind.TELEGRAM, Kind.SIGNAL}:
                ear = Ear(floor, scribe.carriage, catalogues, texts, gateway)
                tasks.create_task(_listen_at(scribe, ear, stop))


async def _listen_at(scribe: Scribe, ear: Ear, stop: asyncio.Event) -> None:
    secret, holder, faults = secret_of(ear.floor, ear.gateway), uuid4(), 0
    bot = ear.gateway.kind is Kind.TELEGRAM
    line: Line = (TelegramChannel if bot else SignalChannel)(ear.gateway, secret)
    while not stop.is_set():
        try:
            pause, faults = await _round(scribe, ear, line, holder, stop), 0
        except Exception as fault:
            faults += 1
            pause = min(2.0**faults, LONGEST_PAUSE)
            log.warning("line was not read", gateway=ear.gateway.name, fault=type(fault).__name__, where=way_to(fault))
        if pause:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
    with suppress(psycopg.Error):
        async with transaction(scribe.pool) as conn:
            await queries.leave_line(conn, ear.gateway.name, holder)
    await line.close()


async def _round(scribe: Scribe, ear: Ear, line: Line, holder: UUID, stop: asyncio.Event) -> float:
    """Read once what was written, and hear it; how long to wait before the next time."""
    async with transaction(scribe.pool) as conn:
        now = ear.floor.clock.now()
        mine = await queries.take_line(conn, ear.gateway.name, holder, now, now + HELD)
    if mine is None:
        return NOT_MINE
    reading, stopping = asyncio.create_task(line.hear(mine.next_update)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            for heard in reading.result():
                await _once(scribe, ear, holder, heard)
    finally:
        for task in (reading, stopping):
            task.cancel()
    return 0.0


async def _once(scribe: Scribe, ear: Ear, holder: UUID, heard: Heard) -> None:
    """Hear a message in the transaction that notes it; one that breaks is passed over, lest it stop the line."""
    name = ear.gateway.name
    try:
        async with transaction(scribe.pool) as conn:
            if heard.update and not await queries.hear_next(conn, name, holder, heard.update):
                return
            answered = await hear(conn, ear, heard)
    except (psycopg.OperationalError, psycopg.InterfaceError):
        raise
    except Exception as fault:
        log.warning("message was not understood", gateway=name, fault=type(fault).__name__, where=way_to(fault))
        async with transaction(scribe.pool) as conn:
            await queries.hear_next(conn, name, holder, heard.update)
        return
    if answered:
        scribe.written.set()
