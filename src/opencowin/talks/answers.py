"""Answers that go out by SMS: queued with what the talk did, sealed, and written by the room of messages."""

import base64
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.floor import Floor
from opencowin.kit.jobs import URGENT, Job

NUMBER, WORDS = "talk_number", "talk_words"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer is to be sent: number and text sealed, as base64 text."""

    cause_id: UUID
    mobile_sealed: str
    text_sealed: str
    language: str
    happened_at: datetime


ANSWERED = Job("talks.answered", Answered, URGENT)


def sealed_answer(  # noqa: PLR0917 (said in one breath: for this cause, to that number, this)
    floor: Floor, cause_id: UUID, mobile: str, text: str, language: str, at: datetime
) -> Answered:
    """The job's payload for an answer."""
    number, words = floor.keyring.seal(mobile, NUMBER), floor.keyring.seal(text, WORDS)
    return Answered(cause_id, base64.b64encode(number).decode(), base64.b64encode(words).decode(), language, at)


def open_answer(floor: Floor, news: Answered) -> tuple[str, str]:
    """The number (national digits) and the text of a queued answer."""
    mobile = floor.keyring.open(base64.b64decode(news.mobile_sealed), NUMBER)
    return mobile, floor.keyring.open(base64.b64decode(news.text_sealed), WORDS)
