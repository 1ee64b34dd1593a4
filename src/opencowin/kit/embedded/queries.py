"""The two statements that the keeper asks of a server before it lets anyone in."""

from typing import Any

from psycopg import AsyncConnection, sql


async def database_exists(connection: AsyncConnection[Any], name: str) -> bool:
    """Whether the server has a database of this name."""
    found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
    return await found.fetchone() is not None


async def create_database(connection: AsyncConnection[Any], name: str) -> None:
    """An empty database from the server's template."""
    await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
