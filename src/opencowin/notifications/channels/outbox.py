"""Where nothing leaves the machine: demo mode keeps messages to be read; else, without gateways, they wait."""

from dataclasses import dataclass

from opencowin.notifications.channels.delivery import HANDED_ON, Delivery, Outcome
from opencowin.notifications.model import Outgoing


@dataclass(frozen=True, slots=True)
class OutboxChannel:
    """The outbox of demo mode: the table itself, where `latest_message` reads."""

    name: str = "outbox"
    keeps_text: bool = True

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Nothing leaves the machine."""
        del outgoing
        return HANDED_ON

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class NoChannel:
    """No gateway is set up: messages wait, and `opencowin doctor` says so."""

    name: str = "none"
    keeps_text: bool = False

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Never pretends."""
        del outgoing
        return Outcome(Delivery.NO_CHANNEL)

    async def close(self) -> None:
        """Nothing is open."""
