"""Hears what transactions announce by NOTIFY; a line that is lost or has gone silent is noticed within a second."""

import asyncio
from collections.abc import Mapping
from typing import Any, LiteralString, Protocol

import psycopg
import structlog

from opencowin.kit.db import Connection

log = structlog.get_logger(__name__)
BEAT, PATIENCE = 0.3, 0.5
"""Seconds: how often the line is tried, and how long an answer may take until the line counts as lost."""
PAUSE = 0.5
LINE: Mapping[str, Any] = {"application_name": "opencowin listener", "connect_timeout": 5, "tcp_user_timeout": 3000}


class Hearer(Protocol):
    """Who is told."""

    def line_opened(self) -> None:
        """From now on every announcement is heard."""

    def line_lost(self) -> None:
        """From now on announcements may be missed."""

    def heard(self, payload: str) -> None:
        """This was announced."""


class Hearers:
    """Several who are told by one line, in their order."""

    def __init__(self, *hearers: Hearer) -> None:
        self._hearers = hearers

    def line_opened(self) -> None:
        """From now on every announcement is heard."""
        for one in self._hearers:
            one.line_opened()

    def line_lost(self) -> None:
        """From now on announcements may be missed."""
        for one in self._hearers:
            one.line_lost()

    def heard(self, payload: str) -> None:
        """This was announced."""
        for one in self._hearers:
            one.heard(payload)


async def listen(dsn: str, hearers: Mapping[LiteralString, Hearer]) -> None:
    """Listen on these channels until cancelled, on one line; when it is lost, on a new one."""
    while True:
        try:
            await _on_one_line(dsn, hearers)
        except (psycopg.Error, TimeoutError, OSError) as fault:
            log.warning("announcements are not heard", channels=sorted(hearers), fault=type(fault).__name__)
        finally:
            _lost(hearers)
        await asyncio.sleep(PAUSE)


def _lost(hearers: Mapping[LiteralString, Hearer]) -> None:
    for hearer in hearers.values():
        hearer.line_lost()


async def _on_one_line(dsn: str, hearers: Mapping[LiteralString, Hearer]) -> None:
    told: Mapping[str, Hearer] = {**hearers}
    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=True, **LINE)
    try:
        async with conn:
            for channel in hearers:
                await conn.execute("LISTEN " + channel)
            for hearer in hearers.values():
                hearer.line_opened()
            while True:
                async for notice in conn.notifies(timeout=BEAT):
                    told[notice.channel].heard(notice.payload)
                await _try(conn, hearers)
    finally:
        await conn.close()  # who is cancelled a second time leaves the block above before it closes


async def _try(conn: Connection, hearers: Mapping[LiteralString, Hearer]) -> None:
    """Whether the other end still answers. Raises TimeoutError, having told at once: giving up may take a while."""
    telling = asyncio.get_running_loop().call_later(PATIENCE, _lost, hearers)
    try:
        async with asyncio.timeout(PATIENCE):
            await conn.execute("SELECT 1")
    finally:
        telling.cancel()
