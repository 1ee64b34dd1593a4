"""What a talk is: a step, what was said so far, and what the numbers that were shown last mean."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid
from opencowin.kit.floor import Floor
from opencowin.kit.i18n import Catalogues

HOME = "home"


class NoSuchChoice(Invalid):
    """Choose one of these."""

    code = "TALK0001"


@dataclass(slots=True)
class Talk:
    """A talk as it is kept: sealed, for a quarter of an hour."""

    step: str = HOME
    facts: dict[str, Any] = field(default_factory=dict)
    choices: list[Any] = field(default_factory=list)
    """What each number that was shown stands for."""
    sheets: list[str] = field(default_factory=list)
    """The pages of what was said last."""
    at: int = 0
    last: bool = False
    """Whether nothing is asked after it."""
    spoken: bool = False
    """Whether it was said by voice: whole, not in pages."""
    whole: bool = False
    """Whether it is written where a text has room: not in pages."""
    language: str = ""
    """In which language."""

    @property
    def over(self) -> bool:
        """Whether the last page of the last word was shown."""
        return self.last and self.at == len(self.sheets) - 1


@dataclass(frozen=True, slots=True)
class Said:
    """What is answered; after the last word the session ends."""

    text: str
    over: bool
    language: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step says: lines, and numbered choices, each with what it stands for."""

    lines: Sequence[str] = ()
    choices: Sequence[tuple[str, Any]] = ()
    over: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a talk happens: the open transaction, who talks, in which language."""

    conn: Connection
    floor: Floor
    actor: Actor
    catalogues: Catalogues
    language: str
    talk: Talk

    @property
    def facts(self) -> dict[str, Any]:
        """What was said so far."""
        return self.talk.facts

    def text(self, message: str, **values: object) -> str:
        """A text in the person's language."""
        return self.catalogues.text(message, self.language).format(**values)

    def named(self, name: str, names: Any) -> str:
        """A name in the person's language where it is known."""
        return str(names.get(self.language) or name)

    def day(self, day: date) -> str:
        """A day, shortly."""
        return str(format_skeleton("MMMEd", day, locale=self._locale))

    def hour(self, at: time) -> str:
        """A time of day, in plain letters only."""
        return str(format_time(at, "HH:mm", locale=self._locale))

    @property
    def _locale(self) -> Locale:
        try:
            return Locale.parse(f"{self.language}_{self.floor.country.code}")
        except (UnknownLocaleError, ValueError):
            return Locale.parse(self.language)


Ask = Callable[[Scene], Awaitable[Asked | str]]
"""What a step says; or the name of the step to go on with."""
Take = Callable[[Scene, Any], Awaitable[str]]
"""Takes an answer (what the number stands for, or the words): the next step. Raises Refusal: the step asks again."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a talk."""

    ask: Ask
    take: Take
    in_words: bool = False
    """Whether it is answered in words rather than by a number that was shown."""
