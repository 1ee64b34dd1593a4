"""Writing and reading messages: written by those who learn of a cause, many in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import queries, receipt_queries
from opencowin.notifications.gateways import Carriage, read_carriage
from opencowin.notifications.model import (
    Draft,
    Medium,
    Message,
    MessageState,
    OnlyInDemoMode,
    Priority,
    Waiting,
    sms_parts,
)
from opencowin.notifications.queries import NewMessage
from opencowin.notifications.routing import channel_name
from opencowin.notifications.sealed import RECIPIENT, TEXT
from opencowin.notifications.templates import Template

KEPT = timedelta(days=90)
UNCLAIMED = timedelta(days=1)


async def write(conn: Connection, floor: Floor, carriage: Carriage, drafts: Sequence[Draft]) -> int:
    """Write messages in the open transaction, each cause's once; returns how many are new."""
    return await queries.insert_messages(conn, [_row(floor, carriage, draft) for draft in drafts]) if drafts else 0


@dataclass(slots=True)
class Scribe:
    """Writes what many jobs have to say at the same moment in one transaction, and tells the dispatcher."""

    pool: Pool
    floor: Floor
    carriage: Carriage
    written: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is something to hand on."""
    _pending: list[tuple[Draft, asyncio.Future[None]]] = field(default_factory=list)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def deliver(self, draft: Draft) -> None:
        """Return when the message is written for good; it is handed on soon after. Raises what writing it raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((draft, done))
        async with self._turn:
            batch, self._pending = self._pending, []
            if batch:
                await self._write(batch)
        await done

    async def _write(self, batch: Sequence[tuple[Draft, asyncio.Future[None]]]) -> None:
        """Write together; where that fails each alone, so that one broken message fails nobody else's."""
        try:
            async with transaction(self.pool) as conn:
                await write(conn, self.floor, self.carriage, [draft for draft, _ in batch])
        except Exception as fault:
            if len(batch) > 1:
                for one in batch:
                    await self._write([one])
            elif not batch[0][1].done():
                batch[0][1].set_exception(fault)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        self.written.set()


def _row(floor: Floor, carriage: Carriage, draft: Draft) -> NewMessage:
    now = floor.clock.now()
    not_before = _not_before(floor, carriage, draft, now)
    expired = draft.expires_at is not None and draft.expires_at <= now
    return NewMessage(
        cause_id=draft.cause_id,
        template=draft.template.value,
        language=draft.language,
        channel=channel_name(floor, carriage, draft.medium),
        recipient_hash=floor.keyring.index(draft.address, RECIPIENT),
        recipient_sealed=floor.keyring.seal(draft.address, RECIPIENT),
        text_sealed=None if expired else floor.keyring.seal(draft.text, TEXT),
        state=(MessageState.EXPIRED if expired else MessageState.QUEUED).value,
        caused_at=draft.caused_at,
        expires_at=draft.expires_at,
        medium=draft.medium.value,
        priority=draft.priority.value,
        not_before=not_before,
        units=sms_parts(draft.text) if draft.medium is Medium.SMS else 1,
        due=not_before <= now,
    )


def _not_before(floor: Floor, carriage: Carriage, draft: Draft, now: datetime) -> datetime:
    if draft.priority > Priority.MANY:
        return now
    return carriage.quiet.until(floor.clock.local(now))


async def forget_old(conn: Connection, floor: Floor) -> int:
    """Delete what was told long ago, numbers and texts; returns how many messages."""
    await receipt_queries.forget_receipts(conn, floor.clock.now() - UNCLAIMED)
    return await queries.forget_old(conn, floor.clock.now() - KEPT)


async def waiting(conn: Connection, floor: Floor) -> Waiting:
    """What was not handed on, and why not: for `opencowin doctor`."""
    found = await queries.queue(conn)
    channel = channel_name(floor, read_carriage(floor), Medium.SMS)
    return Waiting(found.queued, found.oldest_at, channel) if found else Waiting(0, None, channel)


async def latest_message(conn: Connection, floor: Floor, mobile: str) -> Message | None:
    """The newest message to a number or an e-mail address, by when its cause happened.

    Raises OnlyInDemoMode, InvalidMobile.
    """
    if not floor.settings.demo:
        raise OnlyInDemoMode
    where = mobile if "@" in mobile else floor.country.normalise_mobile(mobile)
    stored = await queries.latest_message(conn, floor.keyring.index(where, RECIPIENT))
    if stored is None or stored.text_sealed is None:
        return None
    return Message(
        template=Template(stored.template),
        language=stored.language,
        text=floor.keyring.open(bytes(stored.text_sealed), TEXT),
        state=MessageState(stored.state),
        caused_at=stored.caused_at,
        sent_at=stored.sent_at,
    )
