"""Dispatching: messages are taken up in order of urgency, handed on outside any transaction, and noted together.

A worker that takes up a message holds it for `LEASE`: nobody else hands it on meanwhile, and if the worker dies it is
taken up again. Handing over begins within `SAFE`, or the message is put back. Where a gateway's answer was lost the
message is unsure: a receipt settles it, and only when none came for `PATIENCE` is it sent again.

What has come to an end is noted while the rest is under way, so that a slow gateway holds up no message of another
medium, and an urgent one waits for no batch.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.logs import way_to
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
GATHERING, SETTLING = 0.03, 1.0
"""Seconds in which outcomes gather to be noted together; and between looks at what has become due or too late."""
WOKEN_AT_ONCE = 20_000
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=10)
log = structlog.stdlib.get_logger("opencowin.notifications")

Done = tuple[DueMessage, Carried]


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one round did."""

    taken: int
    sent: int


async def dispatch(pool: Pool, floor: Floor, router: Router, *, most: int = IN_HAND) -> Dispatched:
    """One round by itself: take up what is due, most urgent first, hand all of it on and note what became of it."""
    async with transaction(pool) as conn:
        await _settle(conn, floor.clock.now())
        due = await _take_up(conn, floor, router, dict.fromkeys(Medium, most))
    carried = await asyncio.gather(*(router.carry(one) for one in _opened(floor, due)))
    done = list(zip(due, carried, strict=True))
    async with transaction(pool) as conn:
        await _note(conn, floor, done)
        await receipt_queries.settle_kept(conn, floor.clock.now() - EARLY)
    _count_spent(router, done)
    return Dispatched(len(due), sum(one.outcome.delivery is Delivery.HANDED_ON for one in carried))


class Dispatcher:
    """What one worker has in hand: it takes up as many as have come to an end."""

    def __init__(self, pool: Pool, floor: Floor, router: Router, woken: asyncio.Event) -> None:
        """`woken` is set by those who write messages, and whenever one has come to an end."""
        self._pool, self._floor, self._router, self._woken = pool, floor, router, woken
        self._in_hand: Counter[Medium] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        self._done: list[Done] = []
        self._settled_at = 0.0

    async def step(self) -> None:
        """Note what has come to an end, and take up what there is room for; in one transaction."""
        done, now = list(self._done), self._floor.clock.now()
        room = {medium: IN_HAND - self._in_hand[medium] for medium in Medium}
        for one, _ in done:
            room[Medium(one.medium)] += 1
        async with transaction(self._pool) as conn:
            if settles := time.monotonic() - self._settled_at >= SETTLING:
                await _settle(conn, now)
            due = await _take_up(conn, self._floor, self._router, room)
            await _note(conn, self._floor, done)
        if settles:
            self._settled_at = time.monotonic()
        _count_spent(self._router, done)
        del self._done[: len(done)]
        self._in_hand.subtract(Medium(one.medium) for one, _ in done)
        for one, outgoing in zip(due, _opened(self._floor, due), strict=True):
            self._in_hand[outgoing.medium] += 1
            task = asyncio.create_task(self._carry(one, outgoing))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def finish(self) -> None:
        """Wait for what is under way, and note what became of it."""
        await asyncio.gather(*self._under_way)
        async with transaction(self._pool) as conn:
            await _note(conn, self._floor, self._done)

    async def _carry(self, due: DueMessage, outgoing: Outgoing) -> None:
        self._done.append((due, await self._router.carry(outgoing)))
        self._woken.set()


async def hand_on(pool: Pool, floor: Floor, scribe: Scribe, router: Router, stop: asyncio.Event) -> None:
    """Dispatch until `stop` is set: at once what this process wrote, every second what others left."""
    dispatcher, faults = Dispatcher(pool, floor, router, scribe.written), 0
    while not stop.is_set():
        scribe.written.clear()
        try:
            await dispatcher.step()
            faults = 0
        except Exception as fault:
            faults += 1
            log.warning("messages were not handed on", fault=type(fault).__name__, where=way_to(fault))
            await _either(stop, stop, min(faults, 30))
        await _either(scribe.written, stop, SETTLING)
        await asyncio.sleep(GATHERING)
    try:
        await dispatcher.finish()
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


async def _note(conn: Connection, floor: Floor, done: Sequence[Done]) -> None:
    if done:
        now = floor.clock.now()
        await queries.note(conn, [_noted(now, due, carried) for due, carried in done])
        await _spend(conn, floor, [carried for _, carried in done])
        await _forget_gone(conn, floor, [carried for _, carried in done])


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


def _count_spent(router: Router, done: Sequence[Done]) -> None:
    """What is noted for good is no more in hand."""
    units = _units([carried for _, carried in done])
    for lane in router.all_lanes():
        lane.units_in_hand -= units[lane.channel.name]
        lane.spent += units[lane.channel.name]


async def _forget_gone(conn: Connection, floor: Floor, carried: Sequence[Carried]) -> None:
    """Of a device that its carrier knows no more, or a chat that was closed to us, nothing is kept."""
    gone = [one.outgoing.recipient for one in carried if one.outcome.delivery is Delivery.GONE]
    if gone:
        await forget_devices(conn, floor, gone)
        await forget_addresses(conn, floor, gone)


def _opened(floor: Floor, due: Sequence[DueMessage]) -> list[Outgoing]:
    begin_by = time.monotonic() + SAFE.total_seconds()
    return [_outgoing(floor, one, begin_by) for one in due]


def _outgoing(floor: Floor, due: DueMessage, begin_by: float) -> Outgoing:
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
        begin_by=begin_by,
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


async def _either(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    """Wait until an event of two comes, or so long."""
    waits = [asyncio.create_task(one.wait()), asyncio.create_task(other.wait())]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
