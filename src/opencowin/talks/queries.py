"""All SQL of the room `talks`: one function, one statement."""

from dataclasses import dataclass
from datetime import datetime

from opencowin.kit.db import Connection, fetch_one, fetch_value, run


@dataclass(frozen=True, slots=True)
class StoredTalk:
    """A row of `talk`."""

    session_hash: bytes
    heard: int
    state_sealed: bytes
    seen_at: datetime


async def hold(conn: Connection, mobile_hash: bytes) -> None:
    """Let what one number says be heard one after the other."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 4))", key=mobile_hash.hex())


async def talk_of(conn: Connection, mobile_hash: bytes) -> StoredTalk | None:
    """The talk of a number."""
    return await fetch_one(
        conn,
        StoredTalk,
        "SELECT session_hash, heard, state_sealed, seen_at FROM talk WHERE mobile_hash = %(mobile)s",
        mobile=mobile_hash,
    )


async def keep(  # noqa: PLR0917 (a row's facts)
    conn: Connection, mobile_hash: bytes, session_hash: bytes, heard: int, state_sealed: bytes, seen_at: datetime
) -> None:
    """Keep the talk of a number as it is now."""
    await run(
        conn,
        """
        INSERT INTO talk (mobile_hash, session_hash, heard, state_sealed, seen_at)
        VALUES (%(mobile)s, %(session)s, %(heard)s, %(state)s, %(seen_at)s)
        ON CONFLICT (mobile_hash) DO UPDATE SET session_hash = excluded.session_hash, heard = excluded.heard,
            state_sealed = excluded.state_sealed, seen_at = excluded.seen_at
        """,
        mobile=mobile_hash,
        session=session_hash,
        heard=heard,
        state=state_sealed,
        seen_at=seen_at,
    )


async def first_heard(conn: Connection, gateway: str, message_hash: bytes, at: datetime) -> bool:
    """Note a gateway's message; whether it was not handed on before."""
    return bool(
        await run(
            conn,
            """
            INSERT INTO text_heard (gateway, message_hash, heard_at) VALUES (%(gateway)s, %(message)s, %(at)s)
            ON CONFLICT DO NOTHING
            """,
            gateway=gateway,
            message=message_hash,
            at=at,
        )
    )


async def forget_talks(conn: Connection, before: datetime) -> int:
    """Delete talks that rest since before an instant."""
    return await run(conn, "DELETE FROM talk WHERE seen_at < %(before)s", before=before)


async def forget_texts(conn: Connection, before: datetime) -> int:
    """Delete which messages were heard before an instant."""
    return await run(conn, "DELETE FROM text_heard WHERE heard_at < %(before)s", before=before)
