"""All SQL of the room `notifications`: one function, one statement."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, run


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


async def insert_message(conn: Connection, message: NewMessage) -> int:
    """Write a message; 0 when its cause has written one already."""
    return await run(
        conn,
        """
        INSERT INTO message (cause_id, template, language, channel, recipient_hash, recipient_sealed, text_sealed,
                             state, caused_at, expires_at)
        VALUES (%(cause_id)s, %(template)s, %(language)s, %(channel)s, %(recipient_hash)s, %(recipient_sealed)s,
                %(text_sealed)s, %(state)s, %(caused_at)s, %(expires_at)s)
        ON CONFLICT (cause_id) DO NOTHING
        """,
        cause_id=message.cause_id,
        template=message.template,
        language=message.language,
        channel=message.channel,
        recipient_hash=message.recipient_hash,
        recipient_sealed=message.recipient_sealed,
        text_sealed=message.text_sealed,
        state=message.state,
        caused_at=message.caused_at,
        expires_at=message.expires_at,
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


async def queued_messages(conn: Connection, before: datetime, limit: int) -> list[StoredMessage]:
    """The oldest messages that wait, of causes before an instant."""
    return await fetch_all(
        conn,
        StoredMessage,
        """
        SELECT message_id, template, language, recipient_sealed, text_sealed, state, caused_at, expires_at, sent_at
        FROM message WHERE state = 'queued' AND caused_at < %(before)s ORDER BY message_id LIMIT %(limit)s
        """,
        before=before,
        limit=limit,
    )


async def queue(conn: Connection) -> Queue | None:
    """How many messages wait, and since when."""
    return await fetch_one(
        conn, Queue, "SELECT count(*) AS queued, min(caused_at) AS oldest_at FROM message WHERE state = 'queued'"
    )


async def mark_sent(conn: Connection, message_id: int, channel: str, at: datetime, *, keep_text: bool) -> int:
    """Note that a message was handed on; 0 when it no longer waits."""
    return await run(
        conn,
        """
        UPDATE message SET state = 'sent', channel = %(channel)s, sent_at = %(at)s,
                           text_sealed = CASE WHEN %(keep_text)s THEN text_sealed END
        WHERE message_id = %(message_id)s AND state = 'queued'
        """,
        message_id=message_id,
        channel=channel,
        at=at,
        keep_text=keep_text,
    )


async def mark_failed(conn: Connection, message_id: int, channel: str) -> int:
    """Note that a message cannot be sent; 0 when it no longer waits."""
    return await run(
        conn,
        """
        UPDATE message SET state = 'failed', channel = %(channel)s, text_sealed = NULL
        WHERE message_id = %(message_id)s AND state = 'queued'
        """,
        message_id=message_id,
        channel=channel,
    )


async def expire(conn: Connection, now: datetime) -> int:
    """Let messages that wait too long expire, and erase their texts."""
    return await run(
        conn,
        "UPDATE message SET state = 'expired', text_sealed = NULL WHERE state = 'queued' AND expires_at <= %(now)s",
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
