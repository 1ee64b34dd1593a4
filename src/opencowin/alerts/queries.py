"""All SQL of the room `alerts`: one function, one statement."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.alerts.model import Circle, NewSubscription, Offer, Subscription
from opencowin.kit.db import Connection, fetch_all, fetch_value, run

MATCH: LiteralString = """
    WITH fits AS (
        SELECT * FROM subscription WHERE district_id = %(district_id)s AND district_id IS NOT NULL
        UNION ALL
        SELECT * FROM subscription
        WHERE pin_code = %(pin_code)s AND pin_code IS NOT NULL AND area IS NULL
        UNION ALL
        SELECT * FROM subscription
        WHERE (area @> box(point(%(longitude)s, %(latitude)s), point(%(longitude)s, %(latitude)s))
               OR area @> box(point(%(beyond)s, %(latitude)s), point(%(beyond)s, %(latitude)s))) AND area IS NOT NULL
          AND kilometres_between(latitude, longitude, %(latitude)s, %(longitude)s) <= radius_km
    ), households AS (
        SELECT DISTINCT ON (account_id) account_id, subscription_id FROM fits
        WHERE ends_at > %(now)s AND (vaccine_id IS NULL OR vaccine_id = %(vaccine_id)s)
          AND (dose IS NULL OR dose = ANY (%(doses)s::smallint[]))
          AND (age IS NULL OR age BETWEEN %(min_age)s AND coalesce(%(max_age)s::int, 1000))
          AND (most_fee IS NULL OR most_fee >= %(fee)s)
        ORDER BY account_id, subscription_id
    ), told AS (
        INSERT INTO alert (session_id, account_id, subscription_id, alerted_at)
        SELECT %(session_id)s, account_id, subscription_id, %(now)s FROM households h
        WHERE NOT EXISTS (
            SELECT FROM alert a WHERE a.session_id = %(session_id)s AND a.account_id = h.account_id)
        ORDER BY hashint8extended(subscription_id, %(seed)s) LIMIT %(most)s
        ON CONFLICT DO NOTHING
        RETURNING account_id, subscription_id
    )
    SELECT t.account_id, s.code FROM told t JOIN subscription s USING (subscription_id)
    ORDER BY hashint8extended(t.subscription_id, %(seed)s)
"""
"""The one statement by which a session meets all subscriptions; the lot that a seed draws decides who is first."""


@dataclass(frozen=True, slots=True)
class Alerted:
    """A household that is told, and the code by which it ends the subscription that fitted."""

    account_id: UUID
    code: str


async def insert(  # noqa: PLR0917 (a row's facts)
    conn: Connection,
    account_id: UUID,
    code: str,
    new: NewSubscription,
    circle: Circle | None,
    made_at: datetime,
    ends_at: datetime,
) -> int | None:
    """Write a subscription; None when the account uses the code already."""
    found: int | None = await fetch_value(
        conn,
        """
        INSERT INTO subscription (account_id, code, district_id, pin_code, radius_km, latitude, longitude, area,
                                  vaccine_id, dose, age, most_fee, made_at, ends_at)
        VALUES (%(account)s, %(code)s, %(district_id)s, %(pin_code)s, %(radius)s::smallint, %(latitude)s::float8,
                %(longitude)s::float8,
                box_round(%(latitude)s::float8, %(longitude)s::float8, %(radius)s::smallint),
                %(vaccine_id)s, %(dose)s, %(age)s, %(most_fee)s, %(made_at)s, %(ends_at)s)
        ON CONFLICT (account_id, code) DO NOTHING RETURNING subscription_id
        """,
        account=account_id,
        code=code,
        district_id=new.district_id,
        pin_code=new.pin_code,
        vaccine_id=new.vaccine_id,
        dose=new.dose,
        age=new.age,
        most_fee=new.most_fee,
        radius=circle.radius_km if circle else None,
        latitude=circle.latitude if circle else None,
        longitude=circle.longitude if circle else None,
        made_at=made_at,
        ends_at=ends_at,
    )
    return found


async def hold_account(conn: Connection, account_id: UUID) -> None:
    """Let subscriptions of one account be made one after the other."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(id)s, 2))", id=str(account_id))


async def of_account(conn: Connection, account_id: UUID, now: datetime) -> list[Subscription]:
    """The subscriptions of an account, newest first."""
    return await fetch_all(
        conn,
        Subscription,
        """
        SELECT subscription_id, code, district_id, pin_code, radius_km, vaccine_id, dose, age, most_fee, made_at,
               ends_at
        FROM subscription WHERE account_id = %(account)s AND ends_at > %(now)s ORDER BY subscription_id DESC
        """,
        account=account_id,
        now=now,
    )


async def end(conn: Connection, account_id: UUID, subscription_id: int) -> int:
    """Delete one subscription of an account."""
    return await run(
        conn,
        "DELETE FROM subscription WHERE account_id = %(account)s AND subscription_id = %(id)s",
        account=account_id,
        id=subscription_id,
    )


async def end_by_code(conn: Connection, account_id: UUID, code: str) -> int:
    """Delete the subscription of an account with this code; without a code, all of them."""
    return await run(
        conn,
        "DELETE FROM subscription WHERE account_id = %(account)s AND (%(code)s = '' OR code = %(code)s)",
        account=account_id,
        code=code,
    )


async def any_left(conn: Connection) -> bool:
    """Whether there is any subscription at all."""
    found: bool = await fetch_value(conn, "SELECT EXISTS (SELECT FROM subscription)")
    return found


async def hold_session(conn: Connection, session_id: UUID) -> None:
    """Let rounds of one session pass one after the other."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(id)s, 3))", id=str(session_id))


async def told_since(conn: Connection, session_id: UUID, since: datetime) -> int:
    """How many households were told of a session since an instant."""
    found: int = await fetch_value(
        conn,
        "SELECT count(*) FROM alert WHERE session_id = %(session)s AND alerted_at > %(since)s",
        session=session_id,
        since=since,
    )
    return found


async def match(conn: Connection, offer: Offer, now: datetime, seed: int, most: int) -> list[Alerted]:
    """Tell up to `most` households that a session is for and that have not heard of it; drawn by lot."""
    return await fetch_all(conn, Alerted, MATCH, **asdict(offer), beyond=offer.beyond, now=now, seed=seed, most=most)


async def set_round(
    conn: Connection, session_id: UUID, again_at: datetime | None, matched_at: datetime | None = None
) -> int:
    """Let more people hear of a session at an instant, or when seats are given back; and note that it was matched."""
    return await run(
        conn,
        """
        INSERT INTO alert_round (session_id, again_at, matched_at) VALUES (%(session)s, %(again_at)s, %(matched_at)s)
        ON CONFLICT (session_id) DO UPDATE SET again_at = excluded.again_at,
            matched_at = coalesce(excluded.matched_at, alert_round.matched_at)
        """,
        session=session_id,
        again_at=again_at,
        matched_at=matched_at,
    )


async def matched_at(conn: Connection, session_id: UUID) -> datetime | None:
    """When a session last met all subscriptions."""
    found: datetime | None = await fetch_value(
        conn, "SELECT matched_at FROM alert_round WHERE session_id = %(session)s", session=session_id
    )
    return found


async def drop_round(conn: Connection, session_id: UUID) -> int:
    """No more people need to hear of a session."""
    return await run(conn, "DELETE FROM alert_round WHERE session_id = %(session)s", session=session_id)


async def due_rounds(conn: Connection, now: datetime, most: int) -> list[UUID]:
    """Take the sessions whose next round has come."""
    cursor = await conn.execute(
        """
        UPDATE alert_round SET again_at = NULL WHERE session_id IN (
            SELECT session_id FROM alert_round WHERE again_at <= %(now)s
            ORDER BY again_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
        RETURNING session_id
        """,
        {"now": now, "most": most},
    )
    return [row[0] for row in await cursor.fetchall()]


async def forget_rounds(conn: Connection, before: datetime) -> int:
    """Delete which sessions were last matched before an instant and wait for no round."""
    return await run(conn, "DELETE FROM alert_round WHERE again_at IS NULL AND matched_at < %(before)s", before=before)


async def forget_subscriptions(conn: Connection, now: datetime) -> int:
    """Delete subscriptions that have ended."""
    return await run(conn, "DELETE FROM subscription WHERE ends_at <= %(now)s", now=now)


async def forget_alerts(conn: Connection, before: datetime) -> int:
    """Delete who was told before an instant."""
    return await run(conn, "DELETE FROM alert WHERE alerted_at < %(before)s", before=before)
