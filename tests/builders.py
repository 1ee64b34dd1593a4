"""Builders: the shortest way to a person, a centre or a session, through the rooms' own verbs."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import psycopg

from opencowin import places, programme
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor


async def _load(dsn: str, load: Callable[[Connection], Awaitable[object]]) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn, conn.transaction():
        await load(conn)


def load_country(dsn: str, floor: Floor) -> None:
    """Load the country pack's programme and places into a migrated database."""

    async def everything(conn: Connection) -> None:
        await programme.load_programme(conn, floor.pack)
        await places.load_places(conn, floor.pack)

    asyncio.run(_load(dsn, partial(everything)))
