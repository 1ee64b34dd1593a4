"""Sheets handed out: drawn when somebody asks, outside the event loop, and kept in memory for a while."""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

from opencowin.certificates.model import CertificateStatement, Format
from opencowin.certificates.mrz import latin_name
from opencowin.certificates.pdf import Paper, render_certificate
from opencowin.certificates.refusals import REASONS, FormNotIssued, Lacking
from opencowin.kit.floor import Floor

EVERYDAY = (Format.DIVOC, Format.EU_DCC)
"""The codes on the sheet for everyday use."""
KEPT_BYTES, KEPT_SECONDS = 32 * 1024 * 1024, 600.0
"""Some three hundred sheets of a process; people fetch theirs again at once or much later."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A certificate ready to be printed."""

    statement: CertificateStatement
    payloads: Mapping[Format, str]
    lacking: Mapping[Format, Lacking] = field(default_factory=dict)
    """Why it is not issued in the other forms."""

    def payload(self, form: Format) -> str:
        """The text of a form's QR code. Raises FormNotIssued with the reason."""
        if form not in self.payloads:
            raise FormNotIssued(reason=REASONS[self.lacking[form]] if form in self.lacking else "")
        return self.payloads[form]


class Drawn:
    """What was drawn lately, by a hash of all that it shows: in memory only, so much and for so long, oldest out first.

    Another statement, signature, language or country pack is another name, so that nothing old can be handed out for
    something new. Whether a certificate stands is asked before, never here.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES, seconds: float = KEPT_SECONDS) -> None:
        self._most, self._seconds = most_bytes, seconds
        self._kept: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find(self, name: bytes) -> bytes | None:
        """What was kept under this name and is not too old."""
        with self._lock:
            self._forget()
            found = self._kept.get(name)
            return found[1] if found else None

    def keep(self, name: bytes, made: bytes) -> None:
        """Keep it, and let the oldest go for it."""
        with self._lock:
            _, before = self._kept.pop(name, (0.0, b""))
            self._kept[name] = (monotonic(), made)
            self._size += len(made) - len(before)
            self._forget()

    def _forget(self) -> None:
        oldest = monotonic() - self._seconds
        while self._kept and (self._size > self._most or next(iter(self._kept.values()))[0] < oldest):
            _, (_, gone) = self._kept.popitem(last=False)
            self._size -= len(gone)


_drawn = Drawn()


async def printed(
    floor: Floor, page: Sheet, language: str, form: Format | None = None, paper: Paper = Paper.PDF
) -> bytes:
    """The certificate as PDF or picture, in English and the given language.

    The sheet for everyday use carries the codes of `EVERYDAY`; with a form, it is the sheet for travel with that one
    code and the passport's number. Raises FormNotIssued.
    """
    if form is None:
        payloads = {each: page.payloads[each] for each in EVERYDAY if each in page.payloads}
        stated = replace(page.statement, travel_document="")
    else:
        payloads, stated = {form: page.payload(form)}, replace(page.statement, name=_name_abroad(page.statement.name))
    shown = (floor.pack, language, paper, sorted(payloads.items()), stated)
    name = hashlib.blake2b(repr(shown).encode(), digest_size=20).digest()
    if (found := _drawn.find(name)) is not None:
        return found
    made = await asyncio.to_thread(render_certificate, floor.pack, stated, payloads, language, paper)
    _drawn.keep(name, made)
    return made


def _name_abroad(name: str) -> str:
    """The name with its Latin letters beside it, where it is written in others."""
    latin = latin_name(name)
    return name if latin in ("", name) else f"{name} ({latin})"
