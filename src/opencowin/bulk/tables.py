"""Reads tables as people send them – UTF-8, UTF-16 or what a spreadsheet writes, with commas, semicolons or tabs –
and writes tables that a spreadsheet opens without running them."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from opencowin.bulk.refusals import FileUnreadable
from opencowin.kit.csv_text import RISKY, harmless

SEPARATORS = ",;\t"
NOTE = "#"
"""A row that begins with this explains, and is passed over."""
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ZIPPED = b"PK\x03\x04"
Row = tuple[int, list[str]]


def read_rows(content: bytes) -> Iterator[Row]:
    """The rows of a table with their numbers, without empty ones and notes; the first is the header.

    Raises FileUnreadable, also on the way.
    """
    encoding = _encoding(content)
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    try:
        separator, rows_before = _separator(text)
        for number, cells in enumerate(csv.reader(text, delimiter=separator, strict=True), start=rows_before + 1):
            plain = [_plain(cell) for cell in cells]
            if any(plain) and not plain[0].startswith(NOTE):
                yield number, plain
    except (UnicodeError, csv.Error) as fault:
        raise FileUnreadable(field="file") from fault


def write_rows(rows: Iterable[Sequence[str]], *, mark: bool = True) -> Iterator[str]:
    """The rows as CSV, a line at a time; the mark at the beginning tells spreadsheets that it is UTF-8."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    if mark:
        line.write("\ufeff")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _encoding(content: bytes) -> str:
    if content.startswith(_ZIPPED):
        raise FileUnreadable(field="file")
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    start = content[:2000]
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if start[::2].count(0) > len(start) // 4:
        return "utf-16-be"
    if 0 in start:
        raise FileUnreadable(field="file")
    return "utf-8" if _is_utf8(content) else "cp1252"


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _separator(text: io.TextIOWrapper) -> tuple[str, int]:
    """What parts the cells, by the first line that says something, and the rows before the table begins."""
    first = text.readline()
    if first.strip().casefold().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[-1], 1
    text.seek(0)
    return max(SEPARATORS, key=first.count), 0


def _plain(cell: str) -> str:
    """The cell without spaces around it, and without the apostrophe that kept a spreadsheet from running it."""
    bare = cell.replace("\N{NO-BREAK SPACE}", " ").strip()
    return bare[1:] if bare[:1] == "'" and bare[1:].startswith(RISKY) else bare


def _harmless(cell: str) -> str:
    return cell if _is_number(cell) else harmless(cell)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
