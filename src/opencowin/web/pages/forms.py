"""Forms: what was typed is shown again beside what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from opencowin.kit.errors import Invalid, Refusal
from opencowin.web.pages.render import Reader

Fields = Mapping[str, Sequence[str]]


class ChoiceNeeded(Invalid):
    """Choose one of these."""

    code = "PAGE0008"


class DayUnreadable(Invalid):
    """Write the day as year-month-day, such as 2021-07-31."""

    code = "PAGE0030"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: with one field, or (name "") with the form as a whole."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it is shown: the fields' values, and what is wrong with them."""

    values: Fields = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def value(self, name: str) -> str:
        """What stands in a field."""
        return first(self.values, name)

    def chosen(self, name: str, value: object) -> bool:
        """Whether this option is chosen."""
        return str(value) in self.values.get(name, ())

    def fault(self, name: str) -> str:
        """What is wrong with a field, or nothing."""
        return next((fault.text for fault in self.faults if fault.name == name), "")


def first(fields: Fields, name: str) -> str:
    """The first value of a field; empty when there is none."""
    return next(iter(fields.get(name, ())), "")


def number(text: str) -> int | None:
    """A whole number of at most 18 digits; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def sent_id(fields: Fields) -> UUID:
    """The id that the form carries, so that sending it twice is once."""
    try:
        return UUID(first(fields, "id"))
    except ValueError:
        return uuid4()


def day(fields: Fields, name: str) -> date | None:
    """The day of a field, as browsers write it or as people do where they have no calendar; None when it is empty.

    Raises DayUnreadable.
    """
    text = first(fields, name)
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    raise DayUnreadable(field=name)


def refused(reader: Reader, fields: Fields, refusal: Refusal, names: Mapping[str, str]) -> Filled:
    """The form with a refusal beside the field that it means; `names` leads from a refusal's field to the form's."""
    return Filled(fields, (Fault(names.get(refusal.field or "", ""), reader.refusal(refusal)),))
