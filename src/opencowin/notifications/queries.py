"""All SQL of the room `notifications`: one function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from opencowin.kit.db import Connection, as_rows, fetch_all, fetch_one, run


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A row to be written."""

    cause_id: UUID
    template: str
    language: str
    channel: str
    recipient_hash: bytes
    recipient_sealed: bytes
    text_sealed: bytes | None
    state: str
    caused_at: datetime
    expires_at: datetime | None
    medium: str
    priority: int
    not_before: datetime
    units: int
    due: bool


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that is taken up to be handed on."""

    message_id: int
    cause_id: UUID
    template: str
    language: str
    medium: str
    priority: int
    recipient_sealed: bytes
    text_sealed: bytes
    tries: int
    units: int


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of a message that was taken up."""

    message_id: int
    tries: int
    state: str
    channel: str
    gateway_ref: str | None
    sent_at: datetime | None
    again_at: datetime | None
    keep_text: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """What a gateway was given on a day."""

    gateway: str
    units: int


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A row as it is read."""

    message_id: int
    template: str
    language: str
    recipient_sealed: bytes
    text_sealed: bytes | None
    state: str
    caused_at: datetime
    expires_at: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits."""

    queued: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class BookedClaim:
    """The person's side of one seat of a booking."""

    beneficiary_id: UUID
    dose_number: int
    district_id: int
    session_id: UUID
    slot_number: int
    state: str


@dataclass(frozen=True, slots=True)
class BookedSeat:
    """The place's side of a booking: what a message says of it."""

    held_on: date
    vaccine_id: str
    withdrawn_reason: str | None
    starts_at: time
    ends_at: time
    centre_id: int


async def insert_messages(conn: Connection, messages: Sequence[NewMessage]) -> int:
    """Write messages; those whose cause has written one already are passed over. Returns how many are new."""
    return await run(
        conn,
        """
        INSERT INTO message (cause_id, template, language, channel, recipient_hash, recipient_sealed, text_sealed,
                             state, caused_at, expires_at, medium, priority, not_before, units, due)
        SELECT * FROM json_to_recordset(%(rows)s::json) AS new (
            cause_id uuid, template text, language text, channel text, recipient_hash bytea, recipient_sealed bytea,
            text_sealed bytea, state text, caused_at timestamptz, expires_at timestamptz, medium text,
            priority smallint, not_before timestamptz, units smallint, due boolean)
        ON CONFLICT (cause_id) DO NOTHING
        """,
        rows=as_rows(messages),
    )


async def message_of_cause(conn: Connection, cause_id: UUID) -> StoredMessage | None:
    """What a cause wrote."""
    return await fetch_one(
        conn,
        StoredMessage,
        """
        SELECT message_id, template, language, recipient_sealed, text_sealed, state, caused_at, expires_at, sent_at
        FROM message WHERE cause_id = %(cause_id)s
        """,
        cause_id=cause_id,
    )


async def latest_message(conn: Connection, recipient_hash: bytes) -> StoredMessage | None:
    """The newest message to a number whose text is still there."""
    return await fetch_one(
        conn,
        StoredMessage,
        """
        SELECT message_id, template, language, recipient_sealed, text_sealed, state, caused_at, expires_at, sent_at
        FROM message WHERE recipient_hash = %(recipient_hash)s AND text_sealed IS NOT NULL
        ORDER BY caused_at DESC, message_id DESC LIMIT 1
        """,
        recipient_hash=recipient_hash,
    )


async def wake(conn: Connection, now: datetime, most: int) -> int:
    """Let messages be taken up whose hour has come, or whose holder has not noted in time what became of them."""
    return await run(
        conn,
        """
        UPDATE message SET due = true, leased_until = NULL WHERE message_id IN (
            SELECT message_id FROM message
            WHERE state = 'queued' AND NOT due AND coalesce(leased_until, not_before) <= %(now)s
            ORDER BY coalesce(leased_until, not_before) LIMIT %(most)s FOR UPDATE SKIP LOCKED)
        """,
        now=now,
        most=most,
    )


async def take_up(conn: Connection, room: Mapping[str, int], until: datetime) -> list[DueMessage]:
    """Take up messages that are due, so many of each medium, most urgent first, for oneself until an instant."""
    return await fetch_all(
        conn,
        DueMessage,
        """
        WITH due AS (
            SELECT message_id FROM unnest(%(media)s::text[], %(most)s::int[]) AS room (medium, most)
            CROSS JOIN LATERAL (
                SELECT message_id FROM message m WHERE m.medium = room.medium AND state = 'queued' AND due
                ORDER BY priority DESC, message_id LIMIT room.most FOR UPDATE SKIP LOCKED) AS first
        ), taken AS (
            UPDATE message SET due = false, leased_until = %(until)s, tries = least(tries + 1, 32000)
            FROM due WHERE message.message_id = due.message_id
            RETURNING message.message_id, cause_id, template, language, medium, priority, recipient_sealed,
                      text_sealed, tries, units
        )
        SELECT * FROM taken ORDER BY priority DESC, message_id
        """,
        media=list(room),
        most=list(room.values()),
        until=until,
    )


async def note(conn: Connection, noted: Sequence[Noted]) -> int:
    """Note what became of messages that were taken up.

    Those that a receipt has settled meanwhile stay as they are; of one that somebody else has taken up since, only
    that it was sent is noted.
    """
    return await run(
        conn,
        """
        UPDATE message SET
            state = new.state, channel = new.channel, gateway_ref = new.gateway_ref, sent_at = new.sent_at,
            leased_until = CASE WHEN new.state = 'unsure' THEN new.again_at END,
            not_before = CASE WHEN new.state = 'queued' THEN new.again_at ELSE not_before END, due = false,
            text_sealed = CASE WHEN new.state IN ('queued', 'unsure') OR new.keep_text THEN text_sealed END
        FROM json_to_recordset(%(rows)s::json) AS new (
            message_id bigint, tries int, state text, channel text, gateway_ref text, sent_at timestamptz,
            again_at timestamptz, keep_text boolean)
        WHERE message.message_id = new.message_id AND message.state = 'queued'
          AND (message.tries = new.tries OR new.state = 'sent')
        """,
        rows=as_rows(noted),
    )


async def give_up_waiting(conn: Connection, now: datetime) -> int:
    """Queue again what was unsure, and of which no receipt told in time."""
    return await run(
        conn,
        """
        UPDATE message SET state = 'queued', leased_until = NULL, due = true
        WHERE state = 'unsure' AND leased_until <= %(now)s
        """,
        now=now,
    )


async def spent_on(conn: Connection, day: date) -> list[Spent]:
    """What each gateway was given on a day."""
    return await fetch_all(conn, Spent, "SELECT gateway, units FROM gateway_day WHERE day = %(day)s", day=day)


async def spend(conn: Connection, day: date, units: Mapping[str, int]) -> int:
    """Count what gateways were given; in the order of their names, so that workers do not wait in a ring."""
    names = sorted(units)
    return await run(
        conn,
        """
        INSERT INTO gateway_day (gateway, day, units)
        SELECT name, %(day)s, units FROM unnest(%(names)s::text[], %(units)s::bigint[]) AS new (name, units)
        ORDER BY name
        ON CONFLICT (gateway, day) DO UPDATE SET units = gateway_day.units + excluded.units
        """,
        day=day,
        names=names,
        units=[units[name] for name in names],
    )


async def forget_old(conn: Connection, before: datetime) -> int:
    """Delete messages of causes before an instant, numbers and all."""
    return await run(conn, "DELETE FROM message WHERE caused_at < %(before)s AND state <> 'queued'", before=before)


async def queue(conn: Connection) -> Queue | None:
    """How many messages wait, and since when."""
    return await fetch_one(
        conn, Queue, "SELECT count(*) AS queued, min(caused_at) AS oldest_at FROM message WHERE state = 'queued'"
    )


async def expire(conn: Connection, now: datetime) -> int:
    """Let messages that wait too long expire, and erase their texts."""
    return await run(
        conn,
        """
        UPDATE message SET state = 'expired', text_sealed = NULL
        WHERE state IN ('queued', 'unsure') AND expires_at <= %(now)s
        """,
        now=now,
    )


async def claims(conn: Connection, account_id: UUID, claim_ids: list[UUID]) -> list[BookedClaim]:
    """These claims of an account, in whatever state they are by now."""
    return await fetch_all(
        conn,
        BookedClaim,
        """
        SELECT beneficiary_id, dose_number, district_id, session_id, slot_number, state FROM claim
        WHERE account_id = %(account_id)s AND claim_id = ANY (%(claim_ids)s) ORDER BY beneficiary_id
        """,
        account_id=account_id,
        claim_ids=claim_ids,
    )


async def seat_of(conn: Connection, claim: BookedClaim) -> BookedSeat | None:
    """The place's side of a claim."""
    return await fetch_one(
        conn,
        BookedSeat,
        """
        SELECT s.held_on, s.vaccine_id, s.withdrawn_reason, t.starts_at, t.ends_at, s.centre_id
        FROM session s JOIN slot t USING (district_id, session_id)
        WHERE s.district_id = %(district_id)s AND s.session_id = %(session_id)s AND t.slot_number = %(slot_number)s
        """,
        district_id=claim.district_id,
        session_id=claim.session_id,
        slot_number=claim.slot_number,
    )
