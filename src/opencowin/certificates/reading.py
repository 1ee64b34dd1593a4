"""Reading what strangers wrote: whatever is missing or of another kind makes it no certificate, and never a crash."""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from opencowin.certificates.refusals import ContentImplausible, NotACertificate

ODD = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError)
"""What comes of reading something that is not there, or not what it should be."""


LONGEST_TEXT = 16 * 1024
"""Four times what a QR code holds: anything longer is no certificate, and nothing of it is read."""
LARGEST = 64 * 1024
"""Bytes that a certificate may unpack to: thirty times what ours do."""
DEEPEST = 32
"""Of lists and objects within one another; certificates have six."""
GRACE = timedelta(days=1)
"""Clocks differ, and a device that checks at a door may be wrong by hours."""


@contextmanager
def reading() -> Iterator[None]:
    """Read fields inside this: one that is missing or odd raises NotACertificate."""
    try:
        yield
    except ODD as missing:
        raise NotACertificate from missing


def unpacked(packed: bytes, bits: int) -> bytes:
    """The whole of a deflated content and nothing behind it. Raises ValueError."""
    inflater = zlib.decompressobj(bits)
    try:
        raw = inflater.decompress(packed, LARGEST)
    except zlib.error as odd:
        raise ValueError("not deflated") from odd
    if not inflater.eof or inflater.unused_data:
        raise ValueError("cut off, too large, or with more behind it")
    return raw


def parsed(text: str | bytes) -> Any:
    """JSON in which a whole number is one however it is written, as JavaScript reads it. Raises ValueError."""
    content = json.loads(text, parse_float=_number)
    if _depth(content) > DEEPEST:
        raise ValueError("nested too deep")
    return content


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _depth(content: object, above: int = 0) -> int:
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return above if above > DEEPEST else max((_depth(one, above + 1) for one in inner), default=above)


def plausible(holds: bool, reason: str) -> None:
    """Raise ContentImplausible unless this holds."""
    if not holds:
        raise ContentImplausible(reason=reason)


def day_of(text: object) -> date:
    """The day of an ISO date or instant. Raises ValueError."""
    return date.fromisoformat(str(text)[:10])
