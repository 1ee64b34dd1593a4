"""Reading what strangers wrote: whatever is missing or of another kind makes it no certificate, and never a crash."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from opencowin.certificates.refusals import ContentImplausible, NotACertificate

ODD = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError)
"""What comes of reading something that is not there, or not what it should be."""


@contextmanager
def reading() -> Iterator[None]:
    """Read fields inside this: one that is missing or odd raises NotACertificate."""
    try:
        yield
    except ODD as missing:
        raise NotACertificate from missing


def plausible(holds: bool, reason: str) -> None:
    """Raise ContentImplausible unless this holds."""
    if not holds:
        raise ContentImplausible(reason=reason)


def day_of(text: object) -> date:
    """The day of an ISO date or instant. Raises ValueError."""
    return date.fromisoformat(str(text)[:10])
