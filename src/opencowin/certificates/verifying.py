"""Judging a presented certificate: its signature, its meaning, its time, and whether it was revoked."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opencowin import programme
from opencowin.certificates import queries
from opencowin.certificates.divoc import verify_divoc
from opencowin.certificates.hcert import verify_eu_dcc
from opencowin.certificates.keys import credential_keys, document_signers
from opencowin.certificates.meaning import check_in_force, check_vaccine
from opencowin.certificates.model import CertificateFacts
from opencowin.certificates.profile import read_profile
from opencowin.certificates.refusals import (
    CertificateExpired,
    CertificateRefused,
    NotACertificate,
    RevokedByIssuer,
    UnknownSigner,
)
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

HCERT_PREFIX = "HC1:"
AS_BASE64 = "B64:"
"""Before Co-WIN's form where it is not read from a code: its bytes do not survive a field of text."""


class Verdict(StrEnum):
    """What can be said of a presented code, the most telling first."""

    VALID = "valid"
    REVOKED = "revoked"
    ALTERED = "altered"
    EXPIRED = "expired"
    UNKNOWN_ISSUER = "unknown_issuer"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and what the certificate says where it is valid."""

    verdict: Verdict
    facts: CertificateFacts | None = None


VERDICTS: tuple[tuple[type[CertificateRefused], Verdict], ...] = (
    (RevokedByIssuer, Verdict.REVOKED),
    (CertificateExpired, Verdict.EXPIRED),
    (UnknownSigner, Verdict.UNKNOWN_ISSUER),
    (NotACertificate, Verdict.UNREADABLE),
    (CertificateRefused, Verdict.ALTERED),
)


async def judge(conn: Connection, floor: Floor, texts: Iterable[str]) -> Judgement:
    """The most telling verdict on any of these codes: a paper carries several, of which one may be for others."""
    verdicts = [Verdict.UNREADABLE]
    for text in texts:
        try:
            return Judgement(Verdict.VALID, await verify(conn, floor, text))
        except CertificateRefused as no:
            verdicts.append(next(verdict for kind, verdict in VERDICTS if isinstance(no, kind)))
    return Judgement(min(verdicts, key=list(Verdict).index))


async def verify(conn: Connection, floor: Floor, text: str) -> CertificateFacts:
    """What a certificate of ours says, from the text of its QR code. Raises CertificateRefused with the reason."""
    facts = await _signed(conn, floor, text)
    check_vaccine(facts, await manufacturers(conn))
    check_in_force(facts, floor.clock.now(), floor.clock.today())
    revoked_at = await queries.revoked_at(conn, facts.certificate_id)
    if revoked_at is not None:
        raise RevokedByIssuer(on=floor.clock.local(revoked_at).date())
    return facts


async def manufacturers(conn: Connection) -> dict[str, str]:
    """Who makes each vaccine, by the name that certificates carry."""
    vaccines = (await programme.current_programme(conn)).vaccines
    return {one.vaccine_id: one.manufacturer for one in vaccines.values()}


async def _signed(conn: Connection, floor: Floor, text: str) -> CertificateFacts:
    if text.startswith(HCERT_PREFIX):
        return verify_eu_dcc(text, await document_signers(conn), floor.clock.now())
    return verify_divoc(_unwrapped(text), read_profile(floor.pack), await credential_keys(conn))


def _unwrapped(text: str) -> str:
    if not text.startswith(AS_BASE64):
        return text
    try:
        return base64.b64decode(text.removeprefix(AS_BASE64)).decode("latin-1")
    except ValueError as odd:
        raise NotACertificate from odd
