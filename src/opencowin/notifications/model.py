"""What messages are: a text to an address for a cause, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from opencowin.kit.errors import Forbidden
from opencowin.kit.sms import is_gsm, units
from opencowin.notifications.templates import Template


class OnlyInDemoMode(Forbidden):
    """Messages can be read in demo mode only."""

    code = "MSG0001"


class Medium(StrEnum):
    """By what kind of address a person is reached."""

    SMS = "sms"
    EMAIL = "email"
    TELEGRAM = "telegram"
    WEB_PUSH = "web_push"
    SIGNAL = "signal"


class Priority(IntEnum):
    """Which message overtakes which."""

    URGENT = 100
    """Somebody waits for it: a one-time password."""
    OWN = 0
    """News of what is one's own: it is sent when it happens, by day or night."""
    MANY = -100
    """Told to many: it keeps the quiet hours."""


class MessageState(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    UNSURE = "unsure"
    """Handed on, but the gateway's answer was lost: a receipt is awaited before it is sent again."""
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"


class Receipt(StrEnum):
    """What a gateway told of a message later."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be written: the same cause writes and sends it once."""

    cause_id: UUID
    template: Template
    language: str
    address: str
    text: str
    caused_at: datetime
    expires_at: datetime | None = None
    medium: Medium = Medium.SMS
    priority: Priority = Priority.OWN


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be handed on. `reference` is ours, the same at every try."""

    message_id: int
    reference: str
    medium: Medium
    recipient: str
    text: str
    template: str
    language: str
    priority: int
    units: int
    begin_by: float
    """Until then (monotonic clock) it may be handed over: after that somebody else may have it in hand."""
    stop_link: str = ""
    """Mail to a household: where its reader ends it."""

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for it."""
        return self.priority >= Priority.URGENT


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was written."""

    template: Template
    language: str
    text: str
    state: MessageState
    caused_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages that were not handed on: how many, since when the oldest, and through what they would go."""

    queued: int
    oldest_at: datetime | None
    channel: str

    @property
    def stuck(self) -> bool:
        """Whether messages wait for a channel that nobody has set up."""
        return self.queued > 0 and self.channel == "none"


GSM_ONE, GSM_MORE, WIDE_ONE, WIDE_MORE = 160, 153, 70, 67


def sms_parts(text: str) -> int:
    """How many parts an SMS is sent in (3GPP TS 23.038: 160 characters of the GSM alphabet or 70 of UCS-2 in one,
    153 or 67 in each of several)."""
    length = units(text)
    one, more = (GSM_ONE, GSM_MORE) if is_gsm(text) else (WIDE_ONE, WIDE_MORE)
    return 1 if length <= one else -(-length // more)
