"""Judging a presented certificate: its signature, its meaning, its time, and whether it was revoked."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opencowin import programme
from opencowin.certificates import queries
from opencowin.certificates.meaning import check_in_force, check_vaccine
from opencowin.certificates.model import CertificateFacts
from opencowin.certificates.recognising import recognise
from opencowin.certificates.refusals import (
    CannotCheck,
    CertificateExpired,
    CertificateRefused,
    NotACertificate,
    RevokedByIssuer,
    UnknownSigner,
)
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor


class Verdict(StrEnum):
    """What can be said of a presented code, the most telling first."""

    VALID = "valid"
    REVOKED = "revoked"
    ALTERED = "altered"
    EXPIRED = "expired"
    CANNOT_CHECK = "cannot_check"
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
    (CannotCheck, Verdict.CANNOT_CHECK),
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
    """What a certificate of ours or of a trusted issuer says, from the text of its QR code.

    Raises CertificateRefused with the reason.
    """
    found = await recognise(conn, floor, text)
    check_vaccine(found.facts, await manufacturers(conn), ours=found.ours)
    check_in_force(found.facts, floor.clock.now(), floor.clock.today())
    revoked_at = await queries.revoked_at(conn, found.mark, found.facts.certificate_id if found.ours else "")
    if revoked_at is not None:
        raise RevokedByIssuer(on=floor.clock.local(revoked_at).date())
    return found.facts


async def manufacturers(conn: Connection) -> dict[str, str]:
    """Who makes each vaccine, by the name that certificates carry."""
    vaccines = (await programme.current_programme(conn)).vaccines
    return {one.vaccine_id: one.manufacturer for one in vaccines.values()}
