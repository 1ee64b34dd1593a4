"""Developers ask for an API key; an officer of the nation grants scopes and quota; a link makes and shows the key once.

Nobody but who opens the link ever sees the key: it is made then, and only its hash is kept. What may be granted here
looks at nobody; keys that see people are made by the operator alone.
"""

import base64
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from opencowin.identity import key_request_queries as queries
from opencowin.identity.api_keys import LONGEST_NAME, make_api_key
from opencowin.identity.emails import is_email
from opencowin.identity.key_request_queries import KeyRequestRow
from opencowin.identity.refusals import (
    EmailUnusable,
    KeyLinkOver,
    KeyRequestIncomplete,
    NoSuchKeyRequest,
    NotSignedIn,
    QuotaInvalid,
    ScopesNeeded,
    TooManyKeyRequests,
)
from opencowin.identity.staff import actor_of_staff
from opencowin.kit import audit
from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Job
from opencowin.kit.throttle import DAY, Limit, count_all, wait_for

CONTACT, LINK = "api_key_request.contact", "api_key_request.link"
LOOKED = "identity.look_at_key_request"
GRANTABLE = frozenset({Permission.SEARCH_SESSIONS, Permission.HAVE_WEBHOOKS})
LONGEST_PURPOSE = 1000
PER_ADDRESS, PER_CONTACT = 10, 3
"""Requests in a day from one network address, and for one e-mail address."""
CLAIM_LASTS, KEPT = timedelta(days=14), timedelta(days=90)
MOST_PER_MINUTE, MOST_PER_DAY = 6000, 10_000_000


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A request as officers see it."""

    request_id: UUID
    name: str
    contact: str
    purpose: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class KeyOffered:
    """What a link stands for, before it is used."""

    name: str
    permissions: Sequence[Permission]
    calls_per_minute: int
    calls_per_day: int


@dataclass(frozen=True, slots=True)
class KeyDecided:
    """A request was decided: who asked is told. The address, and the link of an approved one, sealed as base64 text."""

    request_id: UUID
    contact_sealed: str
    link_sealed: str
    language: str
    happened_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Who asked for a key, and the language of messages to them."""

    contact: str
    language: str


KEY_DECIDED = Job("identity.key_decided", KeyDecided)


async def ask_for_key(
    conn: Connection, floor: Floor, *, name: str, contact: str, purpose: str, language: str, address: str
) -> UUID:
    """Ask for a key. Raises KeyRequestIncomplete, EmailUnusable, TooManyKeyRequests."""
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise KeyRequestIncomplete(field="name")
    if not is_email(contact):
        raise EmailUnusable(field="contact")
    if not 0 < len(purpose.strip()) <= LONGEST_PURPOSE:
        raise KeyRequestIncomplete(field="purpose")
    limits = [
        Limit(f"key-request:{contact.lower()}", PER_CONTACT, DAY),
        Limit(f"key-request-from:{address}", PER_ADDRESS, DAY),
    ]
    if wait := await wait_for(conn, floor, limits):
        raise TooManyKeyRequests(retry_after=wait)
    await count_all(conn, floor, limits)
    request_id, sealed = uuid4(), floor.keyring.seal(contact, CONTACT)
    await queries.insert(
        conn,
        request_id,
        name=name.strip(),
        contact=sealed,
        purpose=purpose.strip(),
        language=language,
        asked_at=floor.clock.now(),
    )
    return request_id


async def key_requests(conn: Connection, floor: Floor, actor: Actor, rows: int = 50) -> list[KeyRequest]:
    """Requests that wait for a decision, the oldest first; who was seen is noted. Raises NotPermitted."""
    _require_nation(actor)
    found = await queries.undecided(conn, rows)
    looks = [audit.Entry(actor, row.request_id) for row in found]
    await audit.record_each(conn, LOOKED, looks, kind="api_key_request", reason="officer's list")
    return [_opened(floor, row) for row in found]


async def read_key_request(conn: Connection, floor: Floor, actor: Actor, request_id: UUID) -> KeyRequest:
    """A request that waits for a decision; the look is noted. Raises NotPermitted, NoSuchKeyRequest."""
    _require_nation(actor)
    row = await _undecided(conn, request_id)
    await _note(conn, actor, LOOKED, request_id, "to decide it")
    return _opened(floor, row)


async def approve_key(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    request_id: UUID,
    *,
    permissions: Collection[Permission],
    calls_per_minute: int,
    calls_per_day: int,
) -> None:
    """Grant a key with these scopes and this quota: a link by e-mail makes it.

    Raises NotPermitted, ScopesNeeded, QuotaInvalid, NoSuchKeyRequest (also when it is decided already).
    """
    _require_nation(actor)
    row = await _undecided(conn, request_id)
    if not permissions or not set(permissions) <= GRANTABLE:
        raise ScopesNeeded(field="permissions")
    for field, calls, most in (
        ("calls_per_minute", calls_per_minute, MOST_PER_MINUTE),
        ("calls_per_day", calls_per_day, MOST_PER_DAY),
    ):
        if not 0 < calls <= most:
            raise QuotaInvalid(field=field, least=1, most=most)
    link, now = secrets.token_urlsafe(24), floor.clock.now()
    approved = await queries.approve(
        conn,
        request_id,
        by=actor.own_staff_id(),
        permissions=sorted(permissions),
        calls=(calls_per_minute, calls_per_day),
        claim_hash=floor.keyring.index(link, LINK),
        now=now,
        until=now + CLAIM_LASTS,
    )
    if not approved:
        raise NoSuchKeyRequest
    await _tell(conn, floor, row, floor.keyring.seal(link, LINK))
    await _note(conn, actor, "identity.approve_key", request_id, ", ".join(sorted(permissions)))


async def refuse_key(conn: Connection, floor: Floor, actor: Actor, request_id: UUID) -> None:
    """Refuse a request, and tell who asked. Raises NotPermitted, NoSuchKeyRequest."""
    _require_nation(actor)
    row = await _undecided(conn, request_id)
    if not await queries.refuse(conn, request_id, actor.own_staff_id(), floor.clock.now()):
        raise NoSuchKeyRequest
    await _tell(conn, floor, row, b"")
    await _note(conn, actor, "identity.refuse_key", request_id, "refused")


async def read_key_link(conn: Connection, floor: Floor, link: str) -> KeyOffered:
    """What a link will make; opening it does not use it up. Raises KeyLinkOver."""
    return _offered(await _by_link(conn, floor, link))


async def claim_key(conn: Connection, floor: Floor, link: str, address: str) -> tuple[KeyOffered, str]:
    """Make the key that a link stands for: what it may, and the key, which is never shown again.

    The officer who approved it must still be one. Raises KeyLinkOver.
    """
    row = await _by_link(conn, floor, link)
    offered = _offered(row)
    assert row.decided_by is not None
    try:
        approver = await actor_of_staff(conn, row.decided_by, address)
        key_id, secret = await make_api_key(
            conn,
            floor,
            approver,
            row.name,
            permissions=offered.permissions,
            place=Place(),
            calls_per_minute=offered.calls_per_minute,
            calls_per_day=offered.calls_per_day,
        )
    except (NotSignedIn, NotPermitted):
        raise KeyLinkOver from None
    await queries.note_claimed(conn, row.request_id, key_id)
    return offered, secret


async def owner_of_key(conn: Connection, floor: Floor, key_id: UUID) -> KeyOwner | None:
    """Who asked for a key; None for one that the operator made."""
    row = await queries.of_key(conn, key_id)
    return None if row is None else KeyOwner(floor.keyring.open(row.contact_sealed, CONTACT), row.language)


async def keys_to_keep(conn: Connection) -> dict[str, Any]:
    """All keys and requests, for who makes the rest of a sandbox anew."""
    return await queries.all_keys(conn)


async def put_back_keys(conn: Connection, kept: dict[str, Any]) -> int:
    """Put keys and requests back that were kept; their hashes stand under the same keyring. How many keys."""
    return await queries.put_back(conn, kept)


async def forget_old_key_requests(conn: Connection, floor: Floor) -> int:
    """Delete requests that led to nothing months ago; how many."""
    return await queries.forget(conn, floor.clock.now() - KEPT)


def open_key_decided(floor: Floor, news: KeyDecided) -> tuple[str, str]:
    """The e-mail address of who asked, and the link of an approved request (empty: refused)."""
    contact = floor.keyring.open(base64.b64decode(news.contact_sealed), CONTACT)
    if not news.link_sealed:
        return contact, ""
    link = floor.keyring.open(base64.b64decode(news.link_sealed), LINK)
    return contact, f"{floor.settings.address}/developers/key/{link}"


async def _undecided(conn: Connection, request_id: UUID) -> KeyRequestRow:
    row = await queries.one(conn, request_id)
    if row is None or row.decided_at is not None:
        raise NoSuchKeyRequest
    return row


async def _by_link(conn: Connection, floor: Floor, link: str) -> KeyRequestRow:
    row = await queries.by_link(conn, floor.keyring.index(link, LINK), floor.clock.now())
    if row is None:
        raise KeyLinkOver
    return row


async def _tell(conn: Connection, floor: Floor, row: KeyRequestRow, link: bytes) -> None:
    now = floor.clock.now()
    contact, sealed = (base64.b64encode(one).decode() for one in (row.contact_sealed, link))
    news = KeyDecided(row.request_id, contact, sealed, row.language, now, now + CLAIM_LASTS)
    await KEY_DECIDED.enqueue(conn, news)


async def _note(conn: Connection, actor: Actor, action: str, request_id: UUID, reason: str) -> None:
    await audit.record(conn, actor, action, subject=("api_key_request", request_id), reason=reason)


def _require_nation(actor: Actor) -> None:
    actor.require(Permission.OPERATE)
    if actor.place != Place():
        raise NotPermitted


def _opened(floor: Floor, row: KeyRequestRow) -> KeyRequest:
    contact = floor.keyring.open(row.contact_sealed, CONTACT)
    return KeyRequest(row.request_id, row.name, contact, row.purpose, row.asked_at)


def _offered(row: KeyRequestRow) -> KeyOffered:
    permissions = [one for one in sorted(GRANTABLE) if one.value in row.permissions]
    return KeyOffered(row.name, permissions, row.calls_per_minute or 0, row.calls_per_day or 0)
