"""The seal of ICAO for those who travel with a passport (VDS-NC): plain JSON with the signer's certificate inside."""

import base64
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from opencowin.certificates.chain import TRAVEL_SEAL_SIGNER
from opencowin.certificates.checks import signable
from opencowin.certificates.encoding import from_unpadded
from opencowin.certificates.issuers import Issuer
from opencowin.certificates.model import (
    CertificateFacts,
    CertificateStatement,
    DoseStatement,
    Format,
    IssuerProfile,
    Payload,
)
from opencowin.certificates.mrz import latin_name, machine_readable
from opencowin.certificates.reading import day_of, parsed, plausible, reading
from opencowin.certificates.refusals import (
    CannotCheck,
    CertificateExpired,
    FormatImpossible,
    Lacking,
    NotACertificate,
    SignatureBroken,
    UnknownSigner,
)
from opencowin.certificates.signers import Algorithm, algorithms_of, fits

KIND = "icao.vacc"
LONGEST_NAME, LONGEST_NUMBER, LONGEST_PASSPORT, LONGEST_CENTRE, LONGEST_BATCH = 39, 12, 11, 20, 20

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seal:
    """What came out of the JSON, nothing of it believed yet."""

    data: Document
    algorithm: Algorithm
    signature: bytes
    signer: x509.Certificate

    def checked(self, authorities: Sequence[x509.Certificate], now: datetime) -> Document:
        """The data, if a signer certified for seals by one of these signed it. Raises CertificateRefused."""
        if not _certified(self.signer, authorities):
            raise UnknownSigner
        if self.algorithm not in algorithms_of(self.signer.public_key()):
            raise CannotCheck
        if not fits(self.signer.public_key(), self.algorithm, self.signature, _canonical(self.data)):
            raise SignatureBroken
        if now > self.signer.not_valid_after_utc:
            raise CertificateExpired(until=self.signer.not_valid_after_utc.date().isoformat())
        return self.data


def sign_icao(statement: CertificateStatement, issuer: Issuer) -> Payload:
    """The certificate of every dose as QR text. Raises NotSignable or FormatImpossible."""
    tidy, identity = signable(statement), issuer.signing(Format.ICAO_VDS_NC)
    header = {"t": KIND, "v": 1, "is": issuer.profile.country_code_3}
    data = {"hdr": header, "msg": _message(tidy, issuer.profile)}
    signature = {
        "alg": identity.signer.algorithm.value,
        "cer": _base64url(identity.certified.public_bytes(Encoding.DER)),
        "sigvl": _base64url(identity.signer.sign(_canonical(data))),
    }
    return Payload(Format.ICAO_VDS_NC, _canonical({"data": data, "sig": signature}).decode())


def _message(statement: CertificateStatement, profile: IssuerProfile) -> Document:
    if not statement.travel_document or len(statement.travel_document) > LONGEST_PASSPORT:
        raise FormatImpossible(form=Format.ICAO_VDS_NC, lacking=Lacking.PASSPORT)
    if len(statement.certificate_id) > LONGEST_NUMBER:
        raise FormatImpossible(form=Format.ICAO_VDS_NC, lacking=Lacking.NUMBER)
    if not all(dose.vaccine.icd11 for dose in statement.doses):
        raise FormatImpossible(form=Format.ICAO_VDS_NC, lacking=Lacking.CODE)
    by_vaccine = itertools.groupby(statement.doses, key=lambda dose: dose.vaccine)
    return {
        "uvci": statement.certificate_id,
        "pid": _holder(statement, profile),
        "ve": [
            {
                "des": vaccine.icd11,
                "nam": vaccine.name,
                **({"dis": vaccine.target_seal} if vaccine.target_seal else {}),
                "vd": [_dose(dose, profile) for dose in doses],
            }
            for vaccine, doses in by_vaccine
        ],
    }


def _holder(statement: CertificateStatement, profile: IssuerProfile) -> Document:
    parts = [statement.family_name, statement.given_name] if statement.family_name else [statement.name]
    # Two spaces part the family name from the others, as on a passport.
    name = "  ".join(machine_readable(part).replace("<", " ") for part in parts if part)[:LONGEST_NAME].strip()
    if not name:
        raise FormatImpossible(form=Format.ICAO_VDS_NC, lacking=Lacking.LATIN_NAME)
    born = {"dob": statement.birth_date.isoformat()} if statement.birth_date else {}
    return {"n": name, "i": statement.travel_document, "sex": profile.sexes.get(statement.sex, "X"), **born}


def _dose(dose: DoseStatement, profile: IssuerProfile) -> Document:
    return {
        "dvc": dose.given_on.isoformat(),
        "seq": dose.number,
        "ctr": profile.country_code_3,
        "adm": latin_name(dose.facility.name)[:LONGEST_CENTRE].strip() or profile.country_code_3,
        "lot": dose.batch[:LONGEST_BATCH],
    }


def opened(text: str) -> Seal:
    """What is in the JSON. Raises NotACertificate, and CannotCheck where the signer's certificate cannot be read."""
    with reading():
        document = parsed(text)
        data, signature = document["data"], document["sig"]
        if data["hdr"]["t"] != KIND:
            raise NotACertificate
        certificate, value = from_unpadded(signature["cer"]), from_unpadded(signature["sigvl"])
        named = str(signature["alg"])
    try:
        return Seal(data, Algorithm(named), value, x509.load_der_x509_certificate(certificate))
    except (ValueError, TypeError, UnsupportedAlgorithm) as sloppy:
        raise CannotCheck from sloppy


def _certified(signer: x509.Certificate, authorities: Sequence[x509.Certificate]) -> bool:
    """Whether an authority vouches for this signer, and for seals. Raises CannotCheck on a sloppy certificate."""
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        return TRAVEL_SEAL_SIGNER in list(usage) and any(_issued(signer, one) for one in authorities)
    except x509.ExtensionNotFound:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm) as sloppy:
        raise CannotCheck from sloppy


def _issued(signer: x509.Certificate, authority: x509.Certificate) -> bool:
    if signer.issuer != authority.subject:
        return False
    try:
        signer.verify_directly_issued_by(authority)
    except InvalidSignature:
        return False
    return True


def icao_facts(data: Document, now: datetime) -> CertificateFacts:
    """What a seal that was found signed says. Raises NotACertificate or ContentImplausible."""
    with reading():
        message = data["msg"]
        holder, events = message["pid"], message["ve"]
        doses = [(day_of(dose["dvc"]), int(dose["seq"]), event) for event in events for dose in event["vd"]]
        given_on, number, event = max(doses, key=lambda dose: dose[:2])
        name, vaccine = " ".join(str(holder["n"]).split()), str(event["nam"])
        identifier, issuer, born = str(message["uvci"]), str(data["hdr"]["is"]), str(holder.get("dob", ""))
    plausible(1 <= number <= 99 and given_on.toordinal() <= now.toordinal() + 1, "its dose or its date cannot be")
    # A seal tells no instant of issue; its last dose comes nearest.
    issued_at = datetime(given_on.year, given_on.month, given_on.day, tzinfo=UTC)
    return CertificateFacts(
        Format.ICAO_VDS_NC, issuer, identifier, name, born, vaccine, number, max(number, len(doses)), given_on,
        issued_at, data,
    )  # fmt: skip


def _canonical(document: Document) -> bytes:
    """RFC 8785, which for texts and whole numbers is plain JSON with its keys in order."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _base64url(raw: bytes) -> str:
    """With its padding, which readers of seals insist on."""
    return base64.urlsafe_b64encode(raw).decode()
