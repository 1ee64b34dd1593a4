"""Whose certificate it is, of any of the five forms: ours by our keys, others' by the trust lists loaded here."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.x509.oid import NameOID

from opencowin.certificates import cose, divoc, icao, smart
from opencowin.certificates.canon import NotMappable, canonical_credential
from opencowin.certificates.chain import may_sign_vaccinations
from opencowin.certificates.hcert import EU_DCC, eu_facts
from opencowin.certificates.issuers import key_id
from opencowin.certificates.keys import own_authorities, own_certificates, own_keys, own_profile
from opencowin.certificates.marks import mark_of
from opencowin.certificates.meaning import evidence_url, read_facts
from opencowin.certificates.model import CertificateFacts, Format
from opencowin.certificates.profile import read_vaccine_names
from opencowin.certificates.reading import LONGEST_TEXT, plausible
from opencowin.certificates.refusals import CannotCheck, NotACertificate, SignatureBroken, UnknownSigner
from opencowin.certificates.signers import thumbprint
from opencowin.certificates.trust import TrustKind, authority_name, card_name, certificates_of, public_keys_of
from opencowin.certificates.trust_queries import TrustedKey, trusted
from opencowin.certificates.who import DDCC_VS, who_facts
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

COUNTRY = 2
"""Letters of a country's code."""
AS_BASE64 = "B64:"
"""Before Co-WIN's form where it is not read from a code: its bytes do not survive a field of text."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a certificate says whose signature fits, and who made it."""

    facts: CertificateFacts
    ours: bool
    mark: bytes
    """By which the list of revoked certificates knows it."""


async def recognise(conn: Connection, floor: Floor, text: str) -> Recognised:
    """Whose it is and what it says, from the text of its QR code. Raises CertificateRefused with the reason."""
    if len(text) > LONGEST_TEXT:
        raise NotACertificate
    if text.startswith(cose.PREFIX):
        facts, others = await _envelope(conn, floor, text)
    elif text.startswith(smart.PREFIX):
        facts, others = await _card(conn, floor, text)
    elif text.lstrip().startswith("{"):
        facts, others = await _seal(conn, floor, text)
    else:
        text = _unwrapped(text)
        facts, others = await _credential(conn, floor, text)
    shown = replace(facts, issuer=others[0].issuer) if others else facts
    return Recognised(shown, not others, mark_of(facts.format, text))


Read = tuple[CertificateFacts, Sequence[TrustedKey]]
"""What it says, and the believed keys that it was checked with where they are not our own."""


async def _envelope(conn: Connection, floor: Floor, text: str) -> Read:
    envelope, now = cose.opened(text), floor.clock.now()
    own = [
        one for one in await own_certificates(conn, [Format.EU_DCC, Format.WHO_DDCC]) if key_id(one) == envelope.key_id
    ]
    others = [] if own else await trusted(conn, TrustKind.SIGNER, envelope.key_id.hex())
    signers = own or _for_vaccinations(certificates_of(others))
    claims = envelope.checked(signers)
    named = str(claims.get(cose.ISSUER))
    # Some write their ministry there: only a code of another country is another country's name.
    plausible(len(named) != COUNTRY or _countries(signers) <= {named}, "it is signed in another country's name")
    health = claims.get(cose.HEALTH)
    if not isinstance(health, dict) or not {EU_DCC, DDCC_VS}.intersection(health):
        raise CannotCheck
    return eu_facts(claims, now) if EU_DCC in health else who_facts(claims, now), others


def _countries(signers: Sequence[x509.Certificate]) -> set[str]:
    """Whose signers these are, where their certificates say it."""
    named = (one.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME) for one in signers)
    return {str(one.value) for each in named for one in each}


def _for_vaccinations(signers: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    try:
        return [one for one in signers if may_sign_vaccinations(one)]
    except ValueError as sloppy:
        raise CannotCheck from sloppy


async def _card(conn: Connection, floor: Floor, text: str) -> Read:
    card = smart.opened(text)
    own = [one for one in await own_keys(conn, Format.SMART_HEALTH_CARD) if thumbprint(one) == card.key_id]
    others = [] if own else await trusted(conn, TrustKind.CARD, card_name(card.issuer, card.key_id))
    document = card.checked(own or public_keys_of(others))
    names = read_vaccine_names(floor.pack, "cvx")
    facts = smart.smart_facts(document, lambda code: names.get(code, f"CVX {code}"), floor.clock.now())
    return facts if others else replace(facts, issuer=own_profile(floor).name), others


async def _seal(conn: Connection, floor: Floor, text: str) -> Read:
    seal, now = icao.opened(text), floor.clock.now()
    own = [one for one in await own_authorities(conn) if one.subject == seal.signer.issuer]
    others = [] if own else await trusted(conn, TrustKind.AUTHORITY, authority_name(seal.signer.issuer))
    data = seal.checked(own or certificates_of(others), now)
    return icao.icao_facts(data, now), others


async def _credential(conn: Connection, floor: Floor, text: str) -> Read:
    document = divoc.opened(text)
    method, profile = divoc.method_of(document), own_profile(floor)
    others = await trusted(conn, TrustKind.CREDENTIAL, method)
    try:
        return divoc.verify_divoc(text, profile, await own_keys(conn, Format.DIVOC)), []
    except (UnknownSigner, SignatureBroken):
        # Somebody else may go by the same name, as deployments that took over Co-WIN's settings do.
        if not others:
            raise
    if not divoc.known_contexts(document):
        raise CannotCheck
    try:
        canonical_credential(document)
    except NotMappable as odd:
        raise CannotCheck from odd
    divoc.check_proof(document, public_keys_of(others))
    return read_facts(document, others[0].issuer, evidence_url(document)), others


def _unwrapped(text: str) -> str:
    if not text.startswith(AS_BASE64):
        return text
    try:
        return base64.b64decode(text.removeprefix(AS_BASE64)).decode("latin-1")
    except ValueError as odd:
        raise NotACertificate from odd
