"""What every channel does, and what it can say of a message that it was given."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from opencowin.notifications.model import Outgoing


class Delivery(StrEnum):
    """What a channel did with a message."""

    HANDED_ON = "handed_on"
    REFUSED = "refused"
    """The message cannot be sent, and trying again will not help."""
    GONE = "gone"
    """Refused, since there is no such address any more."""
    NOT_TAKEN = "not_taken"
    """The gateway certainly has not got it: another one, or this one later, may be tried."""
    UNSURE = "unsure"
    """It was given, and no answer came: the gateway may have it."""
    PUT_BACK = "put_back"
    """Its turn did not come while it was safe to begin: it was not tried."""
    NO_CHANNEL = "no_channel"
    """Nothing is set up that could send it: it waits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one hand-over, and what the gateway calls the message."""

    delivery: Delivery
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody wrote back, with the carrier's own number for it, by which it counts up (0: it tells a thing once
    by itself); without a text when it is nothing to hear."""

    update: int
    address: str
    text: str
    language: str = ""


HANDED_ON, REFUSED = Outcome(Delivery.HANDED_ON), Outcome(Delivery.REFUSED)
GONE = Outcome(Delivery.GONE)
NOT_TAKEN, UNSURE = Outcome(Delivery.NOT_TAKEN), Outcome(Delivery.UNSURE)
PUT_BACK = Outcome(Delivery.PUT_BACK)


class Channel(Protocol):
    """Hands messages on, one at a time; many calls may be under way at once."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def keeps_text(self) -> bool: ...  # noqa: D102

    async def send(self, outgoing: Outgoing) -> Outcome: ...  # noqa: D102

    async def close(self) -> None: ...  # noqa: D102
