"""Reads what was typed into a form, field by field, and keeps what is wrong with each beside it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from opencowin.kit.clock import Clock
from opencowin.kit.errors import Conflict, Invalid, Refusal
from opencowin.web.pages.forms import ChoiceNeeded, DayUnreadable, Fault, Fields, Filled, day, first
from opencowin.web.pages.render import Reader

EXPECTED = (Invalid, Conflict)
"""What a form is shown again with; any other refusal is a page of its own."""
YEARS = range(1900, 3000)
"""Of days: beyond them it is a slip of the pen, and weeks could not be counted from it."""
TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p")


class FieldEmpty(Invalid):
    """Fill this in."""

    code = "PLAN0001"


class NumberWrong(Invalid):
    """Write a number from {least} to {most}, with digits only."""

    code = "PLAN0002"


class TimeWrong(Invalid):
    """Write a time of day as 09:30."""

    code = "PLAN0003"


class TooLong(Invalid):
    """Write at most {most} characters."""

    code = "PLAN0004"


class Typed:
    """A form as it came. A field that cannot be read answers something harmless, and `wrong` holds why."""

    def __init__(self, fields: Fields) -> None:
        self.fields, self.wrong = fields, dict[str, Refusal]()

    def has(self, name: str) -> bool:
        """Whether something was written in a field."""
        return bool(first(self.fields, name))

    def text(self, name: str, *, most: int = 120, optional: bool = False) -> str:
        """The text of a field, on one line."""
        found = first(self.fields, name)
        if not found and not optional:
            self.wrong[name] = FieldEmpty(field=name)
        elif len(found) > most or not found.isprintable():
            self.wrong[name] = TooLong(field=name, most=most)
        return found

    def number(self, name: str, least: int, most: int, empty: int | None = None) -> int:
        """A whole number; `empty` stands for a field that is."""
        found = first(self.fields, name)
        if not found and empty is not None:
            return empty
        if found.isdecimal() and len(found) < 10 and least <= int(found) <= most:
            return int(found)
        self.wrong[name] = NumberWrong(field=name, least=least, most=most)
        return least

    def degrees(self, name: str, most: int) -> float | None:
        """Degrees of latitude or longitude, or nothing."""
        found = first(self.fields, name)
        try:
            value = float(found) if found else None
        except ValueError:
            value = float("nan")
        if value is not None and not -most <= value <= most:
            self.wrong[name] = NumberWrong(field=name, least=-most, most=most)
            return None
        return value

    def money(self, name: str, most: int) -> Decimal:
        """An amount of the country's currency; nothing written is nothing to pay."""
        found = first(self.fields, name)
        try:
            value = Decimal(found or 0)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not 0 <= value <= most:
            self.wrong[name] = NumberWrong(field=name, least=0, most=most)
            return Decimal(0)
        return value

    def time(self, name: str) -> time:
        """A time of day."""
        found = first(self.fields, name)
        for form in TIMES:
            try:
                return datetime.strptime(found.upper(), form).time()  # noqa: DTZ007 (only its time of day is taken)
            except ValueError:
                continue
        self.wrong[name] = TimeWrong(field=name)
        return time()

    def day(self, name: str) -> date | None:
        """A day, or nothing where the field is empty."""
        try:
            found = day(self.fields, name)
        except DayUnreadable as no:
            self.wrong[name] = no
            return None
        if found is not None and found.year not in YEARS:
            self.wrong[name] = DayUnreadable(field=name)
            return None
        return found

    def needed_day(self, name: str) -> date:
        """A day that must be given."""
        found = self.day(name)
        if found is None and name not in self.wrong:
            self.wrong[name] = FieldEmpty(field=name)
        return found or date.max

    def instant(self, clock: Clock, day_name: str, time_name: str) -> datetime:
        """A day and a time of day on the country's clock."""
        on, at = self.needed_day(day_name), self.time(time_name)
        return datetime.combine(on, at, tzinfo=clock.zone) if on != date.max else clock.now()

    def choice(self, name: str, known: Collection[str], *, optional: bool = False) -> str:
        """One of the values that are offered."""
        found = first(self.fields, name)
        if found not in known and not (optional and not found):
            self.wrong[name] = ChoiceNeeded(field=name)
        return found

    def blame(self, refusal: Refusal, names: Mapping[str, str]) -> None:
        """Put what a verb refused beside the field that it means, else over the form."""
        self.wrong[names.get(refusal.field or "", "")] = refusal

    def shown(self, reader: Reader) -> Filled:
        """The form as it is shown again."""
        return Filled(self.fields, tuple(Fault(name, reader.refusal(one)) for name, one in self.wrong.items()))
