"""Dispatching: messages are taken up in order of urgency, handed on outside any transaction, and noted together.

A worker that takes up a message holds it for `LEASE`: nobody else hands it on meanwhile, and if the worker dies it is
taken up again. Where a gateway's answer was lost the message is unsure: a receipt settles it, and only when none came
for `PATIENCE` is it sent again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.logs import way_to
from opencowin.notifications import queries
from opencowin.notifications.channels import Delivery
from opencowin.notifications.devices import forget_devices
from opencowin.notifications.model import Medium, MessageState, Outgoing, Priority
from opencowin.notifications.queries import DueMessage, Noted
from opencowin.notifications.routing import Carried, Router
from opencowin.notifications.sealed import RECIPIENT, TEXT
from opencowin.notifications.sending import Scribe

LEASE = timedelta(minutes=2)
PATIENCE = timedelta(minutes=5)
BATCH = 400
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=10)
log = structlog.stdlib.get_logger("opencowin.notifications")


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one round did."""

    taken: int
    sent: int


async def dispatch(pool: Pool, floor: Floor, router: Router, *, most: int = BATCH) -> Dispatched:
    """Take up what is due, most urgent first, hand it on and note what became of it."""
    async with transaction(pool) as conn:
        now = floor.clock.now()
        await _settle(conn, now)
        await _read_budgets(conn, floor, router)
        due = await queries.take_up(conn, now, now + LEASE, most)
    if not due:
        return Dispatched(0, 0)
    carried = await asyncio.gather(*(router.carry(_opened(floor, one)) for one in due))
    async with transaction(pool) as conn:
        noted = [_noted(floor.clock.now(), one, done) for one, done in zip(due, carried, strict=True)]
        await queries.note(conn, noted)
        await queries.settle_kept(conn)
        await _spend(conn, floor, carried)
        await _forget_gone(conn, floor, carried)
    return Dispatched(len(due), sum(one.state == MessageState.SENT for one in noted))


async def _settle(conn: Connection, now: datetime) -> None:
    """Let what is too late expire; note receipts that came early; queue again what no receipt came for."""
    await queries.settle_kept(conn)
    await queries.expire(conn, now)
    await queries.give_up_waiting(conn, now)


async def _read_budgets(conn: Connection, floor: Floor, router: Router) -> None:
    spent = {row.gateway: row.units for row in await queries.spent_on(conn, floor.clock.today())}
    for lane in router.all_lanes():
        if lane.units_per_day is not None:
            lane.units_left = lane.units_per_day - spent.get(lane.channel.name, 0)


async def _spend(conn: Connection, floor: Floor, carried: Sequence[Carried]) -> None:
    units: dict[str, int] = {}
    for one in carried:
        if one.outcome.delivery in {Delivery.HANDED_ON, Delivery.UNSURE}:
            units[one.channel] = units.get(one.channel, 0) + one.outgoing.units
    if units:
        await queries.spend(conn, floor.clock.today(), units)


async def _forget_gone(conn: Connection, floor: Floor, carried: Sequence[Carried]) -> None:
    """Of a device that its carrier knows no more nothing is kept: its browser makes a new address."""
    gone = [one.outgoing.recipient for one in carried if one.outcome.delivery is Delivery.GONE]
    if gone:
        await forget_devices(conn, floor, gone)


def _opened(floor: Floor, due: DueMessage) -> Outgoing:
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
        urgent=due.priority >= Priority.URGENT,
        units=due.units,
    )


def _noted(now: datetime, due: DueMessage, done: Carried) -> Noted:
    outcome = done.outcome
    match outcome.delivery:
        case Delivery.HANDED_ON:
            return Noted(due.message_id, MessageState.SENT, done.channel, outcome.reference, now, None, done.keeps_text)
        case Delivery.REFUSED | Delivery.GONE:
            return Noted(due.message_id, MessageState.FAILED, done.channel, None, None, None)
        case Delivery.UNSURE:
            wait = FIRST_WAIT if done.repeats_safely else PATIENCE
            return Noted(due.message_id, MessageState.UNSURE, done.channel, None, None, now + wait)
        case Delivery.NO_CHANNEL:
            return Noted(due.message_id, MessageState.QUEUED, done.channel, None, None, now + LONGEST_WAIT)
        case _:
            wait = min(FIRST_WAIT * (1 << min(due.tries, 10)), LONGEST_WAIT)
            return Noted(due.message_id, MessageState.QUEUED, done.channel, None, None, now + wait)


async def hand_on(pool: Pool, floor: Floor, scribe: Scribe, router: Router, stop: asyncio.Event) -> None:
    """Dispatch until `stop` is set: at once what this process wrote, every second what others left."""
    faults = 0
    while not stop.is_set():
        scribe.written.clear()
        try:
            done = await dispatch(pool, floor, router)
            faults = 0
        except Exception as fault:
            faults += 1
            log.warning("messages were not handed on", fault=type(fault).__name__, where=way_to(fault))
            done = Dispatched(0, 0)
        if done.taken < BATCH:
            await _either(scribe.written, stop, min(1.0 + faults, 30))
    await router.close()


async def _either(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    """Wait until an event of two comes, or so long."""
    waits = [asyncio.create_task(one.wait()), asyncio.create_task(other.wait())]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
