"""Dispatching: messages are taken up in order of urgency, handed on outside any transaction, and noted together.

A worker that takes up a message holds it for `LEASE`: nobody else hands it on meanwhile, and if the worker dies it is
taken up again. Handing over begins within `SAFE`, or the message is put back. Where a gateway's answer was lost the
message is unsure: a receipt settles it, and only when none came for `PATIENCE` is it sent again.

A slow gateway holds up no message of another medium, and an urgent one waits for no batch.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.in_hand import InHand, Trade
from opencowin.notifications import queries, receipt_queries
from opencowin.notifications.addresses import forget_addresses
from opencowin.notifications.channels import Delivery
from opencowin.notifications.devices import forget_devices
from opencowin.notifications.model import Medium, MessageState, Outgoing
from opencowin.notifications.queries import DueMessage, Noted
from opencowin.notifications.routing import Carried, Router
from opencowin.notifications.sealed import RECIPIENT, TEXT
from opencowin.notifications.sending import Scribe
from opencowin.notifications.stopping import is_to_household, stop_link

LEASE, SAFE = timedelta(minutes=2), timedelta(minutes=1)
PATIENCE = timedelta(minutes=5)
EARLY = timedelta(minutes=10)
"""How long before its message was noted a receipt may have come."""
IN_HAND = 100
"""Messages of each medium that a worker has in hand at most."""
SETTLING = 1.0
"""Seconds between looks at what has become due or too late."""
WOKEN_AT_ONCE = 20_000
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=10)

Done = tuple[DueMessage, Carried]


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one round did."""

    taken: int
    sent: int


async def dispatch(pool: Pool, floor: Floor, router: Router, *, most: int = IN_HAND) -> Dispatched:
    """One round by itself: take up what is due, most urgent first, hand all of it on and note what became of it."""
    in_hand = InHand(pool, Dispatcher(floor, router, most))
    taken, done = await in_hand.step(), await in_hand.finish()
    async with transaction(pool) as conn:
        await receipt_queries.settle_kept(conn, floor.clock.now() - EARLY)
    return Dispatched(taken, sum(carried.outcome.delivery is Delivery.HANDED_ON for _, carried in done))


class Dispatcher(Trade[DueMessage, Carried]):
    """Messages: `most` of each medium in hand."""

    def __init__(self, floor: Floor, router: Router, most: int = IN_HAND) -> None:
        self._floor, self._router, self._most = floor, router, most
        self._settled_at = -math.inf

    async def turn(self, conn: Connection, in_hand: Sequence[DueMessage], done: Sequence[Done]) -> list[DueMessage]:
        """Take up what there is room for, once a second after a look at what has become due or too late."""
        if time.monotonic() - self._settled_at >= SETTLING:
            await _settle(conn, self._floor.clock.now())
            self._settled_at = time.monotonic()
        busy = Counter(one.medium for one in in_hand)
        due = await _take_up(conn, self._floor, self._router, {one: self._most - busy[one] for one in Medium})
        await self.note(conn, done)
        return due

    async def note(self, conn: Connection, done: Sequence[Done]) -> None:
        """Note what became of messages, and what it cost."""
        if done:
            now, carried = self._floor.clock.now(), [one for _, one in done]
            await queries.note(conn, [_noted(now, due, one) for due, one in done])
            await _spend(conn, self._floor, carried)
            await _forget_gone(conn, self._floor, carried)

    async def work(self, one: DueMessage) -> Carried:
        """Hand a message on."""
        return await self._router.carry(_outgoing(self._floor, one))

    def noted(self, done: Sequence[Done]) -> None:
        """What is noted for good is no more in hand."""
        units = _units([carried for _, carried in done])
        for lane in self._router.all_lanes():
            lane.units_in_hand -= units[lane.channel.name]
            lane.spent += units[lane.channel.name]


async def hand_on(pool: Pool, floor: Floor, scribe: Scribe, router: Router, stop: asyncio.Event) -> None:
    """Dispatch until `stop` is set: at once what this process wrote, every second what others left."""
    try:
        await InHand(pool, Dispatcher(floor, router), scribe.written).keep_on(stop)
    finally:
        await router.close()


async def _settle(conn: Connection, now: datetime) -> None:
    """Wake what has become due; let what is too late expire; note receipts that came early; queue again what no
    receipt came for."""
    await receipt_queries.settle_kept(conn, now - EARLY)
    await queries.expire(conn, now)
    await queries.give_up_waiting(conn, now)
    await queries.wake(conn, now, WOKEN_AT_ONCE)


async def _take_up(conn: Connection, floor: Floor, router: Router, room: Mapping[Medium, int]) -> list[DueMessage]:
    bounded = [lane for lane in router.all_lanes() if lane.units_per_day is not None]
    if bounded:
        spent = {row.gateway: row.units for row in await queries.spent_on(conn, floor.clock.today())}
        for lane in bounded:
            lane.spent = spent.get(lane.channel.name, 0)
    wanted = {medium.value: most for medium, most in room.items() if most > 0}
    return await queries.take_up(conn, wanted, floor.clock.now() + LEASE) if wanted else []


def _units(carried: Sequence[Carried]) -> Counter[str]:
    """What gateways were given, or may have been."""
    units: Counter[str] = Counter()
    for one in carried:
        if one.outcome.delivery in {Delivery.HANDED_ON, Delivery.UNSURE}:
            units[one.channel] += one.outgoing.units
    return units


async def _spend(conn: Connection, floor: Floor, carried: Sequence[Carried]) -> None:
    if units := _units(carried):
        await queries.spend(conn, floor.clock.today(), units)


async def _forget_gone(conn: Connection, floor: Floor, carried: Sequence[Carried]) -> None:
    """Of a device that its carrier knows no more, or a chat that was closed to us, nothing is kept."""
    gone = [one.outgoing.recipient for one in carried if one.outcome.delivery is Delivery.GONE]
    if gone:
        await forget_devices(conn, floor, gone)
        await forget_addresses(conn, floor, gone)


def _outgoing(floor: Floor, due: DueMessage) -> Outgoing:
    recipient = floor.keyring.open(bytes(due.recipient_sealed), RECIPIENT)
    medium = Medium(due.medium)
    return Outgoing(
        message_id=due.message_id,
        reference=due.cause_id.hex,
        medium=medium,
        recipient=floor.country.mobile.international(recipient) if medium is Medium.SMS else recipient,
        text=floor.keyring.open(bytes(due.text_sealed), TEXT),
        template=due.template,
        language=due.language,
        priority=due.priority,
        units=due.units,
        begin_by=time.monotonic() + SAFE.total_seconds(),
        stop_link=stop_link(floor, recipient) if medium is Medium.EMAIL and is_to_household(due.template) else "",
    )


def _noted(now: datetime, due: DueMessage, done: Carried) -> Noted:
    outcome = done.outcome

    def noted(state: MessageState, again_at: datetime | None = None, **facts: object) -> Noted:
        said = {"gateway_ref": None, "sent_at": None, "keep_text": False, **facts}
        return Noted(due.message_id, due.tries, state, done.channel, again_at=again_at, **said)  # type: ignore[arg-type]

    match outcome.delivery:
        case Delivery.HANDED_ON:
            return noted(MessageState.SENT, gateway_ref=outcome.reference, sent_at=now, keep_text=done.keeps_text)
        case Delivery.REFUSED | Delivery.GONE:
            return noted(MessageState.FAILED)
        case Delivery.UNSURE:
            return noted(MessageState.UNSURE, now + (FIRST_WAIT if done.repeats_safely else PATIENCE))
        case Delivery.NO_CHANNEL:
            return noted(MessageState.QUEUED, now + LONGEST_WAIT)
        case Delivery.PUT_BACK:
            return noted(MessageState.QUEUED, now)
        case _:
            return noted(MessageState.QUEUED, now + min(FIRST_WAIT * (1 << min(due.tries, 10)), LONGEST_WAIT))
