"""Certificates as they are handed over at a door: genuine ones and every other kind, as texts, pictures and film."""

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import isqrt
from pathlib import Path
from typing import Any

import base45
import zxingcpp
from PIL import Image

from opencowin import certificates
from opencowin.certificates import Format, Verdict
from opencowin.certificates.encoding import from_unpadded, unpadded
from opencowin.certificates.issuers import Issuer, new_issuer
from opencowin.certificates.model import CertificateStatement
from opencowin.certificates.signing import sign_all
from opencowin.kit.db import transaction
from tests.browser.world import World
from tests.builders import TEST
from tests.certificates import made
from tests.rooms.test_revocation import held
from tests.unit.test_certificate_forms import card_of, jws_of

NAME = "श्रीमती क्षितिज त्रिवेदी"
PASSPORT = "K1234567"
EXPIRING = (Format.DIVOC, Format.EU_DCC, Format.WHO_DDCC)
"""The forms that say until when they are valid."""
FRAME = (1280, 960)


@dataclass(frozen=True, slots=True)
class Paper:
    """One code, and what is to be said of it."""

    form: Format
    verdict: Verdict
    text: str


def signed(statement: CertificateStatement, issuer: Issuer) -> dict[Format, str]:
    return {one.format: one.text for one in sign_all(statement, issuer)}


async def hand_over(world: World) -> list[Paper]:
    """One of every kind, in every form."""
    floor = world.surface.floor
    async with transaction(world.surface.pool) as conn:
        issuer = await certificates.own_issuer(conn, floor)
        revoked = await held(conn, floor)
        await certificates.revoke(conn, floor, TEST, revoked.number, "issued for the wrong person")
    now = datetime.now(UTC) - timedelta(hours=1)
    today = now.date()
    doses = (made.dose(1, today - timedelta(days=100)), made.dose(2, today - timedelta(days=9)))
    stands = made.statement(name=NAME, doses=doses, issued_at=now, travel_document=PASSPORT)
    over = made.statement(doses=(made.dose(1, date(2021, 6, 3), valid_until=date(2021, 9, 1)),))
    foreign = new_issuer(replace(made.PROFILE, verification_method="did:elsewhere"), now)
    genuine = signed(stands, issuer)
    altered = {form: ALTERED[form](text) for form, text in genuine.items()}
    by_verdict = {
        Verdict.VALID: genuine,
        Verdict.REVOKED: revoked.payloads,
        Verdict.ALTERED: altered,
        Verdict.EXPIRED: {form: text for form, text in signed(over, issuer).items() if form in EXPIRING},
        Verdict.UNKNOWN_ISSUER: signed(stands, foreign),
    }
    return [Paper(form, verdict, text) for verdict, texts in by_verdict.items() for form, text in texts.items()]


def opened(text: str) -> dict[str, Any]:
    """The credential within Co-WIN's form."""
    with zipfile.ZipFile(io.BytesIO(text.encode("latin-1"))) as archive:
        return dict(json.loads(archive.read("certificate.json")))


def packed(document: dict[str, Any]) -> str:
    """Co-WIN's form of a credential."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("certificate.json", json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    return out.getvalue().decode("latin-1")


def renamed(text: str) -> str:
    document = opened(text)
    document["credentialSubject"]["name"] = "Somebody Else"
    return packed(document)


def relabelled(text: str) -> str:
    raw = zlib.decompress(base45.b45decode(text[4:]))
    assert b"Covishield" in raw
    return f"HC1:{base45.b45encode(zlib.compress(raw.replace(b'Covishield', b'Covishielt'))).decode()}"


def relabelled_status(text: str) -> str:
    raw = zlib.decompress(base45.b45decode(text[4:]))
    assert b"COVISHIELD" in raw
    return f"HC1:{base45.b45encode(zlib.compress(raw.replace(b'COVISHIELD', b'COVISHIELT'))).decode()}"


def recarded(text: str) -> str:
    head, body, signature = jws_of(text)
    changed = zlib.decompress(from_unpadded(body), -15).replace(b'"210"', b'"502"')
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return card_of([head, unpadded(deflater.compress(changed) + deflater.flush()), signature])


ALTERED: dict[Format, Callable[[str], str]] = {
    Format.DIVOC: renamed,
    Format.EU_DCC: relabelled,
    Format.WHO_DDCC: relabelled_status,
    Format.SMART_HEALTH_CARD: recarded,
    Format.ICAO_VDS_NC: lambda text: text.replace(PASSPORT, "K1234568"),
}


def picture(text: str, scale: int = 4) -> Image.Image:
    """The code as a screenshot shows it."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawn = bytes(memoryview(code.to_image(scale=scale, add_quiet_zones=True)))  # type: ignore[arg-type]  # a buffer
    return Image.frombytes("L", (isqrt(len(drawn)), isqrt(len(drawn))), drawn)


def png(text: str) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture(text).save(out, "PNG")
    return out.getvalue()


def film(text: str, path: Path) -> Path:
    """What a camera sees that is held before the code: YUV4MPEG2, a few grey frames."""
    code, frame = picture(text), Image.new("L", FRAME, 160)
    frame.paste(code, ((FRAME[0] - code.width) // 2, (FRAME[1] - code.height) // 2))
    grey = bytes([128]) * (FRAME[0] * FRAME[1] // 2)
    head = f"YUV4MPEG2 W{FRAME[0]} H{FRAME[1]} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + (b"FRAME\n" + frame.tobytes() + grey) * 3)
    return path
