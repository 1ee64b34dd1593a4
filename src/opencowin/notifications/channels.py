"""Channels: what hands a message on. Demo mode keeps them to be read; else none is set up, and messages wait."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from opencowin.kit.settings import Settings
from opencowin.notifications.model import Outgoing


class Delivery(StrEnum):
    """What a channel did with a message."""

    HANDED_ON = "handed_on"
    REFUSED = "refused"
    """The message cannot be sent, and trying again will not help."""
    NO_CHANNEL = "no_channel"
    """Nothing is set up that could send it: it waits."""


class Channel(Protocol):
    """Hands messages on. `send` raises for a passing fault, and is then asked again."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def keeps_text(self) -> bool: ...  # noqa: D102

    async def send(self, outgoing: Outgoing) -> Delivery: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class OutboxChannel:
    """The outbox of demo mode: the table itself, where `latest_message` reads."""

    name: str = "outbox"
    keeps_text: bool = True

    async def send(self, outgoing: Outgoing) -> Delivery:
        """Nothing leaves the machine."""
        del outgoing
        return Delivery.HANDED_ON


@dataclass(frozen=True, slots=True)
class NoChannel:
    """No gateway is set up: messages wait, and `opencowin doctor` says so."""

    name: str = "none"
    keeps_text: bool = False

    async def send(self, outgoing: Outgoing) -> Delivery:
        """Never pretends."""
        del outgoing
        return Delivery.NO_CHANNEL


def channel_of(settings: Settings) -> Channel:
    """The channel of this deployment."""
    return OutboxChannel() if settings.demo else NoChannel()
