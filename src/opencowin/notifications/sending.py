"""Writing and sending: a message is written in one transaction, handed on outside any, and noted in another."""

from datetime import timedelta

from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import queries
from opencowin.notifications.channels import Channel, Delivery, channel_of
from opencowin.notifications.model import Draft, Message, MessageState, OnlyInDemoMode, Outgoing, Waiting
from opencowin.notifications.queries import NewMessage, StoredMessage
from opencowin.notifications.templates import Template

RECIPIENT = "message.recipient"
TEXT = "message.text"
LEFT_BEHIND = timedelta(seconds=30)
BATCH = 500


async def deliver(pool: Pool, floor: Floor, draft: Draft) -> MessageState:
    """Write a message and send it: once, however often its cause is told again. What has expired is not sent."""
    async with transaction(pool) as conn:
        await queries.insert_message(conn, _row(floor, draft))
        stored = await queries.message_of_cause(conn, draft.cause_id)
    if stored is None or stored.state != MessageState.QUEUED:
        return MessageState(stored.state) if stored else MessageState.EXPIRED
    return await _send(pool, floor, stored)


def _row(floor: Floor, draft: Draft) -> NewMessage:
    expired = draft.expires_at is not None and draft.expires_at <= floor.clock.now()
    return NewMessage(
        cause_id=draft.cause_id,
        template=draft.template.value,
        language=draft.language,
        channel=channel_of(floor.settings).name,
        recipient_hash=floor.keyring.index(draft.mobile, RECIPIENT),
        recipient_sealed=floor.keyring.seal(draft.mobile, RECIPIENT),
        text_sealed=None if expired else floor.keyring.seal(draft.text, TEXT),
        state=(MessageState.EXPIRED if expired else MessageState.QUEUED).value,
        caused_at=draft.caused_at,
        expires_at=draft.expires_at,
    )


async def _send(pool: Pool, floor: Floor, stored: StoredMessage) -> MessageState:
    channel = channel_of(floor.settings)
    outgoing = _opened(floor, stored)
    delivery = await channel.send(outgoing) if outgoing else Delivery.REFUSED
    if delivery is Delivery.NO_CHANNEL:
        return MessageState.QUEUED
    async with transaction(pool) as conn:
        return await _note(conn, floor, channel, stored.message_id, delivery)


async def _note(conn: Connection, floor: Floor, channel: Channel, message_id: int, delivery: Delivery) -> MessageState:
    if delivery is Delivery.REFUSED:
        await queries.mark_failed(conn, message_id, channel.name)
        return MessageState.FAILED
    await queries.mark_sent(conn, message_id, channel.name, floor.clock.now(), keep_text=channel.keeps_text)
    return MessageState.SENT


def _opened(floor: Floor, stored: StoredMessage) -> Outgoing | None:
    if stored.text_sealed is None:
        return None
    mobile = floor.keyring.open(bytes(stored.recipient_sealed), RECIPIENT)
    return Outgoing(stored.message_id, mobile, floor.keyring.open(bytes(stored.text_sealed), TEXT))


async def send_left_behind(pool: Pool, floor: Floor) -> int:
    """Let what waited too long expire, and send what a worker wrote but did not live to send; how many were sent."""
    async with transaction(pool) as conn:
        await queries.expire(conn, floor.clock.now())
        left = await queries.queued_messages(conn, floor.clock.now() - LEFT_BEHIND, BATCH)
    sent = 0
    for stored in left:
        state = await _send(pool, floor, stored)
        if state is MessageState.QUEUED:
            break
        sent += state is MessageState.SENT
    return sent


async def waiting(conn: Connection, floor: Floor) -> Waiting:
    """What was not handed on, and why not: for `opencowin doctor`."""
    found = await queries.queue(conn)
    channel = channel_of(floor.settings).name
    return Waiting(found.queued, found.oldest_at, channel) if found else Waiting(0, None, channel)


async def latest_message(conn: Connection, floor: Floor, mobile: str) -> Message | None:
    """The newest message to a number, by when its cause happened. Raises OnlyInDemoMode, InvalidMobile."""
    if not floor.settings.demo:
        raise OnlyInDemoMode
    number = floor.country.normalise_mobile(mobile)
    stored = await queries.latest_message(conn, floor.keyring.index(number, RECIPIENT))
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
