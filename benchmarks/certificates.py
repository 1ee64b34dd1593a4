"""Certificates a second on one core: Co-WIN's own signed form, and the whole printed page."""

import json
import zipfile
from functools import partial
from io import BytesIO
from typing import Any

import segno

from benchmarks.measure import Pair, per_second
from opencowin.certificates.divoc import ENTRY, sign_divoc
from opencowin.certificates.model import CertificateStatement, Format
from opencowin.certificates.pdf import render_certificate
from opencowin.certificates.signing import sign_all
from tests.certificates.general import general
from tests.certificates.made import PACK, issuer, statement

SECONDS = 0.6
SIGNED = 290.0
PRINTED = 50.0


def pairs() -> list[Pair]:
    """What is measured here."""
    what = statement()
    document = _document(sign_divoc(what, issuer()).text)
    codes = [payload.text for payload in sign_all(what, issuer())]
    return [
        Pair(
            "certificates signed (Co-WIN's form), one core",
            partial(per_second, partial(sign_divoc, what, issuer()), SECONDS),
            "PyLD canonising the same document, without signing it",
            partial(per_second, partial(general, document), SECONDS),
            SIGNED,
            "the mean of Co-WIN's record day, 25 million in a day, on one core",
        ),
        Pair(
            "certificates signed in both forms and printed, one core",
            partial(per_second, partial(_print, what), SECONDS),
            "segno drawing the same two QR codes, and nothing else",
            partial(per_second, partial(_draw, codes), SECONDS),
            PRINTED,
            "six cores for the mean of that day",
        ),
    ]


def _document(text: str) -> dict[str, Any]:
    """What was signed, without the proof."""
    with zipfile.ZipFile(BytesIO(text.encode("latin-1"))) as archive:
        document: dict[str, Any] = json.loads(archive.read(ENTRY))
    del document["proof"]
    return document


def _print(what: CertificateStatement) -> bytes:
    payloads: dict[Format, str] = {payload.format: payload.text for payload in sign_all(what, issuer())}
    return render_certificate(PACK, what, payloads, "hi")


def _draw(codes: list[str]) -> None:
    for text, level in zip(codes, "MQ", strict=True):
        segno.make_qr(text, error=level, boost_error=False).save(BytesIO(), kind="svg")
