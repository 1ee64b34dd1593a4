"""Reads cells: text, numbers, days, times and choices, each fault noted by its column."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from opencowin.bulk.model import Column, Form, Line
from opencowin.bulk.refusals import (
    CellMissing,
    CellTooLong,
    ChoiceUnknown,
    ColumnsMissing,
    ColumnsUnknown,
    DayUnreadable,
    NumberUnreadable,
    TimeUnreadable,
)

PROBLEM_COLUMN = "what_is_wrong"
"""The column that a fix-file adds; passed over when the file comes back."""
_DAYS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d")
_TIMES = ("%H:%M", "%H.%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p")
YES, NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0")


def read_header(cells: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """The names of a header's columns. Raises ColumnsMissing, ColumnsUnknown."""
    names = [_spelt(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    known = {column.name for column in columns}
    missing = [column.name for column in columns if column.needed and column.name not in names]
    if missing:
        raise ColumnsMissing(field="file", columns=", ".join(missing))
    strange = [name for name in names if name not in known and name != PROBLEM_COLUMN]
    if strange or len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ColumnsUnknown(field="file", columns=", ".join(strange or twice)[:200])
    return names


def read_cells(line: Line, columns: Sequence[Column]) -> None:
    """Turn cells into values; an empty cell that may be empty is None. Every fault is noted."""
    for column in columns:
        text = line.cells.get(column.name, "")
        line.values[column.name] = None
        if not text:
            if column.needed:
                line.blame(column.name, CellMissing())
            continue
        _READERS[column.form](line, column, text)


def _spelt(cell: str) -> str:
    return "_".join(cell.strip().casefold().replace("-", " ").replace("_", " ").split())


def _text(line: Line, column: Column, text: str) -> None:
    if len(text) > column.most or not text.isprintable():
        line.blame(column.name, CellTooLong(most=column.most))
    else:
        line.values[column.name] = text


def _number(line: Line, column: Column, text: str) -> None:
    digits = text.replace(" ", "").removesuffix(".0")
    if digits.isdecimal() and len(digits) < 19 and column.least <= int(digits) <= column.most:
        line.values[column.name] = int(digits)
    else:
        line.blame(column.name, NumberUnreadable(least=column.least, most=column.most))


def _decimal(line: Line, column: Column, text: str) -> None:
    try:
        value = Decimal(text)
        good = value.is_finite() and column.least <= value <= column.most
    except InvalidOperation:
        good = False
    if good:
        line.values[column.name] = value
    else:
        line.blame(column.name, NumberUnreadable(least=column.least, most=column.most))


def _day(line: Line, column: Column, text: str) -> None:
    found = _first(text.split(" 00:00", maxsplit=1)[0], _DAYS)
    if found is None or found.year < 1900:
        line.blame(column.name, DayUnreadable())
    else:
        line.values[column.name] = date(found.year, found.month, found.day)


def _time(line: Line, column: Column, text: str) -> None:
    found = _first(text.upper(), _TIMES)
    if found is None:
        line.blame(column.name, TimeUnreadable())
    else:
        line.values[column.name] = time(found.hour, found.minute)


def _choice(line: Line, column: Column, text: str) -> None:
    spelt = {_spelt(choice): choice for choice in column.choices}
    if (chosen := spelt.get(_spelt(text))) is not None:
        line.values[column.name] = chosen
    else:
        line.blame(column.name, ChoiceUnknown(choices=", ".join(column.choices)))


def _yes_no(line: Line, column: Column, text: str) -> None:
    if text.casefold() in (*YES, *NO):
        line.values[column.name] = text.casefold() in YES
    else:
        line.blame(column.name, ChoiceUnknown(choices=f"{YES[0]}, {NO[0]}"))


def _first(text: str, forms: Sequence[str]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 (only its day or its time of day is taken)
        except ValueError:
            continue
    return None


_READERS: Mapping[Form, Callable[[Line, Column, str], Any]] = {
    Form.TEXT: _text,
    Form.NUMBER: _number,
    Form.DECIMAL: _decimal,
    Form.DAY: _day,
    Form.TIME: _time,
    Form.CHOICE: _choice,
    Form.YES_NO: _yes_no,
}
