"""Things that have a name in each language, for texts that are filled in when the reader's language is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Named:
    """A thing by its English name and, where they are known, its names by language."""

    name: str
    names: Mapping[str, str]

    def in_language(self, language: str) -> str:
        """The name in a language, else in English."""
        return self.names.get(language) or self.name

    def __str__(self) -> str:
        return self.name


def listed(things: Iterable[Named]) -> Named:
    """Several things as one: their names in a row, in each language that any of them has."""
    every = tuple(things)
    languages = {language for thing in every for language in thing.names}
    return Named(_row(every, ""), {language: _row(every, language) for language in languages})


def _row(things: Iterable[Named], language: str) -> str:
    return ", ".join(thing.in_language(language) for thing in things)


def readable(value: object, language: str) -> object:
    """What stands for a value in a text: a thing's name in the language, a date as day-month-year, with its time."""
    if isinstance(value, Named):
        return value.in_language(language)
    if isinstance(value, datetime):
        return value.strftime("%d-%m-%Y, %I:%M %p")
    return value.strftime("%d-%m-%Y") if isinstance(value, date) else value
