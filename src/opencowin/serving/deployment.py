"""What a command stands on: the database of this deployment, found or started, with a pool and the floor."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import psycopg

from opencowin.kit.db import Pool, make_pool
from opencowin.kit.embedded import EmbeddedPostgres
from opencowin.kit.errors import Unavailable
from opencowin.kit.floor import Floor, build_floor
from opencowin.kit.migrate import pending
from opencowin.kit.settings import Settings

SMALL_POOL = 4


class DatabaseBehind(Unavailable):
    """The database is behind this version, by migrations: {count}. Run `opencowin migrate`."""

    code = "SERV0001"


@dataclass(frozen=True, slots=True)
class Deployment:
    """An open deployment."""

    dsn: str
    pool: Pool
    floor: Floor


def in_silence(message: str) -> None:
    """For callers that do not show progress."""


@contextmanager
def database(settings: Settings, say: Callable[[str], None] = in_silence) -> Iterator[str]:
    """The address of the database: the named server's, or the embedded one's, which runs at least as long as this.

    Raises EmbeddedError.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with EmbeddedPostgres.attach(settings.data_dir, bindir=settings.postgres_bin, on_progress=say) as server:
        yield server.dsn


@asynccontextmanager
async def deployment(
    settings: Settings, *, pool_size: int = SMALL_POOL, say: Callable[[str], None] = in_silence
) -> AsyncIterator[Deployment]:
    """The deployment that the settings describe, for a command. Raises EmbeddedError, DatabaseBehind, PackNotFound."""
    floor = build_floor(settings)
    with database(settings, say) as dsn:
        refuse_if_behind(dsn)
        async with make_pool(dsn, size=pool_size) as pool:
            yield Deployment(dsn, pool, floor)


def refuse_if_behind(dsn: str) -> None:
    """Raise DatabaseBehind when migrations are pending."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        if todo := pending(conn):
            raise DatabaseBehind(retry_after=0, count=len(todo))
