"""Tables as CSV that no spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A text that begins so is run as a formula by spreadsheets, whoever wrote it: the name of a centre, say."""


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table as RFC 4180 writes it, every text harmless; numbers stay as they are, None is an empty cell."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(header)
    table.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: T) -> T | str:
    """A text that would be run is quoted as spreadsheets quote, by an apostrophe; everything else is left alone."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(RISKY) else cell
