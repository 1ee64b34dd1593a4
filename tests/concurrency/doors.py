"""Transactions that calls share, counted; and what was answered, so that two lists can be compared."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg

from opencowin.kit.db import Connection, Pool, transaction


@dataclass(slots=True)
class Doors:
    """Transactions, counted; `shut` makes the next of them end without a commit."""

    pool: Pool
    opened: int = 0
    shut: bool = False

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Connection]:
        self.opened += 1
        async with transaction(self.pool) as conn:
            yield conn
            if self.shut:
                raise psycopg.OperationalError("the connection is lost before the commit")


def kinds(answers: Sequence[object]) -> list[str]:
    """What was answered, so that two lists can be compared."""
    return [type(one).__name__ for one in answers]
