"""What messages are: a text to a number for a cause, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from opencowin.kit.errors import Forbidden
from opencowin.notifications.templates import Template


class OnlyInDemoMode(Forbidden):
    """Messages can be read in demo mode only."""

    code = "MSG0001"


class MessageState(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be written: the same cause writes and sends it once."""

    cause_id: UUID
    template: Template
    language: str
    mobile: str
    text: str
    caused_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be handed on."""

    message_id: int
    mobile: str
    text: str


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
