"""Routing: which gateway carries a message: the first of its medium that is not resting, spent or too busy."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from opencowin.kit.db import Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications.channels import Channel, Delivery, NoChannel, OutboxChannel, Outcome
from opencowin.notifications.channels.delivery import NOT_TAKEN, UNSURE
from opencowin.notifications.channels.http_gateway import HttpChannel
from opencowin.notifications.channels.services import AppriseChannel
from opencowin.notifications.channels.smpp import SmppChannel
from opencowin.notifications.channels.smtp import SmtpChannel
from opencowin.notifications.channels.telegram import TelegramChannel
from opencowin.notifications.channels.web_push import WebPushChannel
from opencowin.notifications.gateways import Carriage, Gateway, Kind
from opencowin.notifications.model import Medium, Outgoing, Receipt
from opencowin.notifications.receipts import note_receipt

FAULTS_BEFORE_REST = 5
REST_SECONDS = 20.0
MAKERS: Mapping[Kind, Callable[[Gateway, str], Channel]] = {
    Kind.HTTP: HttpChannel,
    Kind.SMPP: SmppChannel,
    Kind.SMTP: SmtpChannel,
    Kind.TELEGRAM: TelegramChannel,
    Kind.WEB_PUSH: WebPushChannel,
    Kind.APPRISE: AppriseChannel,
}
log = structlog.stdlib.get_logger("opencowin.notifications")


@dataclass(slots=True)
class Lane:
    """A gateway as one process uses it: how fast, whether it rests after faults, what it may still spend today."""

    channel: Channel
    per_second: float = float("inf")
    repeats_safely: bool = False
    units_per_day: int | None = None
    units_left: float = float("inf")
    _free_at: float = 0.0
    _faults: int = 0
    _rests_until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_open(self) -> bool:
        """Whether it is not resting."""
        return time.monotonic() >= self._rests_until

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand over at the gateway's pace; a channel that breaks is unsure, since nobody knows what it did."""
        self.units_left -= outgoing.units
        await self._pace()
        try:
            outcome = await self.channel.send(outgoing)
        except Exception as fault:
            log.warning("channel broke", channel=self.channel.name, fault=type(fault).__name__)
            outcome = UNSURE
        if outcome.delivery not in {Delivery.HANDED_ON, Delivery.UNSURE}:
            self.units_left += outgoing.units
        if outcome.delivery in {Delivery.NOT_TAKEN, Delivery.UNSURE}:
            self._fault()
        else:
            self._faults = 0
        return outcome

    async def _pace(self) -> None:
        async with self._turn:
            now = time.monotonic()
            wait = self._free_at - now
            self._free_at = max(self._free_at, now) + 1 / self.per_second
        if wait > 0:
            await asyncio.sleep(wait)

    def _fault(self) -> None:
        self._faults += 1
        if self._faults >= FAULTS_BEFORE_REST:
            self._faults, self._rests_until = 0, time.monotonic() + REST_SECONDS
            log.warning("gateway rests", channel=self.channel.name, seconds=REST_SECONDS)


@dataclass(frozen=True, slots=True)
class Carried:
    """A message's outcome, and by which channel."""

    outgoing: Outgoing
    channel: str
    outcome: Outcome
    keeps_text: bool
    repeats_safely: bool


@dataclass(frozen=True, slots=True)
class Router:
    """The lanes of each medium, in order; without any, messages wait."""

    lanes: Mapping[Medium, tuple[Lane, ...]]
    otherwise: Lane

    async def carry(self, outgoing: Outgoing) -> Carried:
        """Give a message to the first gateway that takes it."""
        lanes = self.lanes.get(outgoing.medium) or (self.otherwise,)
        lane, outcome = lanes[0], NOT_TAKEN
        for lane in lanes:
            if not lane.is_open or (lane.units_left < outgoing.units and not outgoing.urgent):
                continue
            outcome = await lane.send(outgoing)
            if outcome.delivery is not Delivery.NOT_TAKEN:
                break
        return Carried(outgoing, lane.channel.name, outcome, lane.channel.keeps_text, lane.repeats_safely)

    def all_lanes(self) -> list[Lane]:
        """Every lane."""
        return [self.otherwise, *(lane for lanes in self.lanes.values() for lane in lanes)]

    async def close(self) -> None:
        """Close all channels."""
        for lane in self.all_lanes():
            await lane.channel.close()


def router_of(pool: Pool, floor: Floor, carriage: Carriage) -> Router:
    """The router of this deployment; receipts that come back over a gateway's own line are noted as they arrive."""

    async def tell_receipt(gateway: str, reference: str, receipt: Receipt) -> None:
        async with transaction(pool) as conn:
            await note_receipt(conn, floor, gateway, reference, receipt)

    lanes: dict[Medium, tuple[Lane, ...]] = {}
    for medium in Medium:
        found = tuple(_lane(floor, gateway) for gateway in carriage.of(medium))
        if found:
            lanes[medium] = found
    for lane in (lane for found in lanes.values() for lane in found):
        if isinstance(lane.channel, SmppChannel):
            lane.channel.tell_receipt = tell_receipt
    return Router(lanes, Lane(OutboxChannel() if floor.settings.demo else NoChannel()))


def channel_name(floor: Floor, carriage: Carriage, medium: Medium) -> str:
    """Through what a message would go first."""
    found = carriage.of(medium)
    return found[0].name if found else "outbox" if floor.settings.demo else "none"


def _lane(floor: Floor, gateway: Gateway) -> Lane:
    secret = floor.settings.channel_secrets.get(gateway.name)
    channel = MAKERS[gateway.kind](gateway, secret.get_secret_value() if secret else "")
    return Lane(channel, gateway.per_second, gateway.repeats_safely, gateway.units_per_day)
