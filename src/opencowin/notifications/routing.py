"""Routing: which gateway carries a message: the first of its medium that is not resting, spent or too busy."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from opencowin.kit.db import Pool
from opencowin.kit.floor import Floor
from opencowin.notifications.channels import Channel, Delivery, NoChannel, OutboxChannel, Outcome
from opencowin.notifications.channels.delivery import NOT_TAKEN, PUT_BACK, UNSURE
from opencowin.notifications.channels.http_gateway import HttpChannel
from opencowin.notifications.channels.services import AppriseChannel
from opencowin.notifications.channels.signal_bridge import SignalChannel
from opencowin.notifications.channels.smpp import SmppChannel
from opencowin.notifications.channels.smtp import SmtpChannel
from opencowin.notifications.channels.telegram import TelegramChannel
from opencowin.notifications.channels.web_push import WebPushChannel
from opencowin.notifications.gateways import Carriage, Gateway, Kind
from opencowin.notifications.hearing import hear_text
from opencowin.notifications.model import Medium, Outgoing, Receipt
from opencowin.notifications.receipts import note_receipts
from opencowin.notifications.turns import Turns

FAULTS_BEFORE_REST = 5
REST_SECONDS = 20.0
MAKERS: Mapping[Kind, Callable[[Gateway, str], Channel]] = {
    Kind.HTTP: HttpChannel,
    Kind.SMPP: SmppChannel,
    Kind.SMTP: SmtpChannel,
    Kind.TELEGRAM: TelegramChannel,
    Kind.SIGNAL: SignalChannel,
    Kind.WEB_PUSH: WebPushChannel,
    Kind.APPRISE: AppriseChannel,
}
log = structlog.stdlib.get_logger("opencowin.notifications")


@dataclass(slots=True)
class Lane:
    """A gateway as one process uses it: how fast, whether it rests after faults, what it may still spend today."""

    channel: Channel
    per_second: float = 1_000_000
    at_once: int = 10_000
    repeats_safely: bool = False
    units_per_day: int | None = None
    spent: int = 0
    """Units of today that are noted."""
    units_in_hand: int = 0
    """Units that are given to it, or about to be, and not noted yet."""
    _faults: int = 0
    _rests_until: float = 0.0
    _turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self._turns = Turns(self.per_second, self.at_once)

    def takes(self, outgoing: Outgoing) -> bool:
        """Whether it is not resting, and the day's units are not used up; one-time passwords go beyond them."""
        if self._rests:
            return False
        spent = self.spent + self.units_in_hand + outgoing.units
        return self.units_per_day is None or outgoing.urgent or spent <= self.units_per_day

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand over at the gateway's pace; a channel that breaks is unsure, since nobody knows what it did.

        The units stay in hand until it is noted that the gateway has, or may have, the message.
        """
        self.units_in_hand += outgoing.units
        async with self._turns.turn(outgoing.priority, outgoing.begin_by) as came:
            outcome = await self._given(outgoing) if came else PUT_BACK
        if outcome.delivery not in {Delivery.HANDED_ON, Delivery.UNSURE}:
            self.units_in_hand -= outgoing.units
        return outcome

    @property
    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    async def _given(self, outgoing: Outgoing) -> Outcome:
        if self._rests:  # since this one waited for its turn
            return NOT_TAKEN
        try:
            outcome = await self.channel.send(outgoing)
        except Exception as fault:
            log.warning("channel broke", channel=self.channel.name, fault=type(fault).__name__)
            outcome = UNSURE
        if outcome.delivery in {Delivery.NOT_TAKEN, Delivery.UNSURE}:
            self._fault()
        else:
            self._faults = 0
        return outcome

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
            if not lane.takes(outgoing):
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
    """The router of this deployment; receipts that come back over a gateway's own line are noted as they arrive, and
    what people write there is heard."""

    async def tell_receipts(gateway: str, told: Sequence[tuple[str, Receipt]]) -> None:
        await note_receipts(pool, floor, gateway, told)

    async def hear(gateway: str, number: str, text: str) -> None:
        await hear_text(pool, floor, gateway, number, text)

    lanes: dict[Medium, tuple[Lane, ...]] = {}
    for medium in Medium:
        found = tuple(_lane(floor, gateway) for gateway in carriage.of(medium))
        if found:
            lanes[medium] = found
    for lane in (lane for found in lanes.values() for lane in found):
        if isinstance(lane.channel, SmppChannel):
            lane.channel.tell_receipts, lane.channel.hear_text = tell_receipts, hear
    return Router(lanes, Lane(OutboxChannel() if floor.settings.demo else NoChannel()))


def channel_name(floor: Floor, carriage: Carriage, medium: Medium) -> str:
    """Through what a message would go first."""
    found = carriage.of(medium)
    return found[0].name if found else "outbox" if floor.settings.demo else "none"


def secret_of(floor: Floor, gateway: Gateway) -> str:
    """The gateway's password, token or key; empty where there is none."""
    secret = floor.settings.channel_secrets.get(gateway.name)
    return secret.get_secret_value() if secret else ""


def _lane(floor: Floor, gateway: Gateway) -> Lane:
    channel = MAKERS[gateway.kind](gateway, secret_of(floor, gateway))
    return Lane(channel, gateway.per_second, gateway.at_once, gateway.repeats_safely, gateway.units_per_day)
