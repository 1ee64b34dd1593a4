"""What somebody may do to certificates without a key of ours, and what is to be said of it: one table for all."""

import base64
import copy
import hashlib
import hmac
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import base45
import cbor2
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opencowin.certificates.encoding import from_unpadded, unpadded
from opencowin.certificates.issuers import Issuer, key_id, new_issuer
from opencowin.certificates.model import Format
from opencowin.certificates.signers import Signer, thumbprint
from opencowin.certificates.signing import SIGNERS
from opencowin.certificates.verifying import Verdict
from tests.certificates.made import statement

GENUINE, ALTERED, UNKNOWN, UNREADABLE = Verdict.VALID, Verdict.ALTERED, Verdict.UNKNOWN_ISSUER, Verdict.UNREADABLE
EXPIRED, CANNOT = Verdict.EXPIRED, Verdict.CANNOT_CHECK
ZEROS = bytes(64)
"""A signature of nothing but zeros, which careless implementations of elliptic curves take for any message."""
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attack:
    """A text, and the verdict that is right."""

    what: str
    text: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Target:
    """Certificates of two people, in every form, and who signed them."""

    issuer: Issuer
    now: datetime
    one: Mapping[Format, str]
    other: Mapping[Format, str]

    def signer(self, form: Format) -> Signer:
        return self.issuer.signing(form).signer


def target(issuer: Issuer, now: datetime) -> Target:
    """Genuine certificates to begin with."""
    made = [
        statement(name=name, certificate_id=number, travel_document=passport, issued_at=now)
        for name, number, passport in (("Asha Rani", "12345678901", "K1234567"), ("Binu", "22345678902", "K7654321"))
    ]
    one, other = ({form: sign(each, issuer).text for form, sign in SIGNERS.items()} for each in made)
    return Target(issuer, now, one, other)


def attacks(at: Target) -> Iterator[Attack]:
    """All of them, the genuine ones first: a checker that refuses everything passes nothing."""
    yield from (Attack(f"{form.value}: untouched", text, GENUINE) for form, text in at.one.items())
    for form, each in ((Format.SMART_HEALTH_CARD, _cards), (Format.EU_DCC, _envelopes), (Format.ICAO_VDS_NC, _seals)):
        yield from (Attack(f"{form.value}: {what}", text, verdict) for what, text, verdict in each(at))
    yield from (Attack(f"divoc: {what}", text, verdict) for what, text, verdict in _credentials(at))
    yield from (Attack(f"divoc: {what}", text, verdict) for what, text, verdict in _zips(at))


Case = tuple[str, str, Verdict]


def jws_of(text: str) -> list[str]:
    digits = text.removeprefix("shc:/")
    return "".join(chr(int(digits[at : at + 2]) + 45) for at in range(0, len(digits), 2)).split(".")


def card_of(*parts: str) -> str:
    return "shc:/" + "".join(f"{ord(mark) - 45:02d}" for mark in ".".join(parts))


def _said(**header: object) -> str:
    return unpadded(json.dumps(header).encode())


def _deflated(raw: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(raw) + packer.flush()


def _cards(at: Target) -> Iterator[Case]:
    signer, europe = at.signer(Format.SMART_HEALTH_CARD), at.signer(Format.EU_DCC)
    kid = thumbprint(signer.public_key)
    head, body, signature = jws_of(at.one[Format.SMART_HEALTH_CARD])
    second = jws_of(at.other[Format.SMART_HEALTH_CARD])[1]
    digits = at.one[Format.SMART_HEALTH_CARD].removeprefix("shc:/")

    def signed(by: Signer, payload: str, **header: object) -> str:
        said = _said(**({"zip": "DEF", "alg": "ES256", "kid": kid} | header))
        return card_of(said, payload, unpadded(by.sign(f"{said}.{payload}".encode())))

    def claims(**changes: object) -> str:
        document = json.loads(zlib.decompress(from_unpadded(body), -15)) | changes
        return unpadded(_deflated(json.dumps(document).encode()))

    for kept, written in ((Encoding.PEM, "PEM"), (Encoding.DER, "DER")):
        public = signer.public_key.public_bytes(kept, PublicFormat.SubjectPublicKeyInfo)
        said = _said(zip="DEF", alg="HS256", kid=kid)
        mac = hmac.digest(public, f"{said}.{second}".encode(), hashlib.sha256)
        yield f"HS256 with the public key ({written}) as secret", card_of(said, second, unpadded(mac)), ALTERED
    yield "signed by nobody", card_of(_said(zip="DEF", alg="none", kid=kid), body, ""), ALTERED
    yield "signed with zeros", card_of(head, second, unpadded(ZEROS)), ALTERED
    yield "another's content under this signature", card_of(head, second, signature), ALTERED
    yield "another form's key under its own name", signed(europe, body, kid=thumbprint(europe.public_key)), UNKNOWN
    yield "another form's key under the card's name", signed(europe, body), ALTERED
    yield "no name of a key", signed(signer, body, kid=None), UNKNOWN
    yield "cut by an even number", "shc:/" + digits[:-20], ALTERED
    yield "cut by an odd number", "shc:/" + digits[:-21], UNREADABLE
    yield "cut within the content", card_of(head, body[: len(body) // 2], signature), UNREADABLE
    yield "the first of two chunks", f"shc:/1/2/{digits[: len(digits) // 2]}", UNREADABLE
    yield "two chunks in one", f"shc:/{digits[:400]}shc:/{digits[400:]}", UNREADABLE
    yield "four parts", card_of(head, body, signature, signature), UNREADABLE
    yield "a bomb", card_of(head, unpadded(_deflated(b" " * 10_000_000)), signature), UNREADABLE
    yield "nested too deep", card_of(head, unpadded(_deflated(b"[" * 60_000)), signature), UNREADABLE
    soon, late = ((at.now + timedelta(days=days)).timestamp() for days in (3, -3))
    yield "issued in three days", signed(signer, claims(nbf=int(soon))), ALTERED
    yield "over three days ago", signed(signer, claims(exp=int(late))), EXPIRED
    yield "signed again as it was", signed(signer, claims()), GENUINE


def hc1(envelope: object) -> str:
    return f"HC1:{base45.b45encode(zlib.compress(cbor2.dumps(envelope))).decode()}"


def envelope_of(text: str) -> list[Any]:
    return list(cbor2.loads(zlib.decompress(base45.b45decode(text[4:]))).value)


def _envelopes(at: Target) -> Iterator[Case]:
    protected, _, body, signature = envelope_of(at.one[Format.EU_DCC])
    signer, who = at.issuer.signing(Format.EU_DCC), at.issuer.signing(Format.WHO_DDCC)
    kid = key_id(signer.certified)
    raw = zlib.decompress(base45.b45decode(at.one[Format.EU_DCC][4:]))

    def built(protect: bytes, unprotected: dict[Any, Any], content: bytes = body, sign: bytes = signature) -> str:
        return hc1(cbor2.CBORTag(18, [protect, unprotected, content, sign]))

    def signed(claims: Mapping[Any, object], header: Mapping[Any, object], by: Signer = signer.signer) -> str:
        head, content = cbor2.dumps(header), cbor2.dumps(claims)
        return built(head, {}, content, by.sign(cbor2.dumps(["Signature1", head, b"", content])))

    def claims(**changes: object) -> dict[Any, object]:
        return dict(cbor2.loads(body)) | {
            {"iss": 1, "exp": 4, "iat": 6}[name]: value for name, value in changes.items()
        }

    mine = {1: -7, 4: kid}
    yield "the algorithm swapped", built(cbor2.dumps({1: -37, 4: kid}), {}), ALTERED
    yield "the algorithm swapped beside the signed head", built(protected, {1: -37}), GENUINE
    yield "the key's name swapped beside the signed head", built(protected, {4: b"12345678"}), GENUINE
    yield "the algorithm moved out of the signed head", built(cbor2.dumps({4: kid}), {1: -7}), ALTERED
    public = signer.signer.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    maced = cbor2.dumps({1: 5, 4: kid})
    mac = hmac.digest(public, cbor2.dumps(["MAC0", maced, b"", body]), hashlib.sha256)
    yield "a MAC with the public key as secret", hc1(cbor2.CBORTag(17, [maced, {}, body, mac])), CANNOT
    yield "signed with zeros", built(protected, {}, body, ZEROS), ALTERED
    yield "signed by nobody", built(protected, {}, body, b""), ALTERED
    yield "another form's key named", built(cbor2.dumps({1: -7, 4: key_id(who.certified)}), {}), ALTERED
    travel = at.issuer.signing(Format.ICAO_VDS_NC)
    yield "the seal's key", signed(claims(), {1: -7, 4: key_id(travel.certified)}, travel.signer), UNKNOWN
    yield "the authority named", built(cbor2.dumps({1: -7, 4: key_id(at.issuer.csca_certificate)}), {}), UNKNOWN
    yield "another's content", built(protected, {}, envelope_of(at.other[Format.EU_DCC])[2]), ALTERED
    for cut in (1, 2, 3, 40):
        yield f"cut by {cut}", at.one[Format.EU_DCC][:-cut], UNREADABLE
    packed = zlib.compress(raw)
    yield "its checksum cut off", f"HC1:{base45.b45encode(packed[:-4]).decode()}", UNREADABLE
    yield "more behind it", f"HC1:{base45.b45encode(packed + b'more').decode()}", UNREADABLE
    yield "spliced of two", at.one[Format.EU_DCC][:200] + at.other[Format.EU_DCC][200:], UNREADABLE
    yield "a bomb", f"HC1:{base45.b45encode(zlib.compress(bytes(10_000_000))).decode()}", UNREADABLE
    yield "nested too deep", f"HC1:{base45.b45encode(zlib.compress(bytes([0x81]) * 60_000)).decode()}", UNREADABLE
    moment = int(at.now.timestamp())
    yield "over yesterday", signed(claims(exp=moment - 86400), mine), EXPIRED
    yield "issued in three days", signed(claims(iat=moment + 3 * 86400), mine), ALTERED
    yield "another country's name", signed(claims(iss="FR"), mine), ALTERED
    yield "no end", signed({key: value for key, value in claims().items() if key != 4}, mine), UNREADABLE
    yield "an end in words", signed(claims(exp="never"), mine), UNREADABLE
    yield "an end beyond all time", signed(claims(exp=2**62), mine), UNREADABLE
    yield "signed again as it was", signed(claims(), mine), GENUINE


def _seals(at: Target) -> Iterator[Case]:
    text = at.one[Format.ICAO_VDS_NC]
    sealed, other = json.loads(text), json.loads(at.other[Format.ICAO_VDS_NC])
    europe = at.issuer.signing(Format.EU_DCC)
    data = sealed["data"]

    def signed(by: Issuer, form: Format = Format.ICAO_VDS_NC) -> str:
        identity = by.signing(form)
        signature = identity.signer.sign(seal_bytes(data))
        der = identity.certified.public_bytes(Encoding.DER)
        sig = {"alg": "ES256", "cer": padded(der), "sigvl": padded(signature)}
        return json.dumps({"data": data, "sig": sig})

    def with_sig(**changes: object) -> str:
        return json.dumps(sealed | {"sig": sealed["sig"] | changes})

    stranger = new_issuer(at.issuer.profile, at.now)
    yield "signed again as it was", signed(at.issuer), GENUINE
    yield "a stranger of the same name", signed(stranger), UNKNOWN
    yield "the certificate of a stranger", with_sig(cer=json.loads(signed(stranger))["sig"]["cer"]), UNKNOWN
    yield "the European signer's certificate and key", signed(at.issuer, Format.EU_DCC), UNKNOWN
    yield (
        "the European signer's certificate",
        with_sig(cer=padded(europe.certified.public_bytes(Encoding.DER))),
        UNKNOWN,
    )
    yield "another's content", json.dumps(sealed | {"data": other["data"]}), ALTERED
    yield "another's signature", json.dumps(sealed | {"sig": other["sig"]}), ALTERED
    yield "signed with zeros", with_sig(sigvl=padded(ZEROS)), ALTERED
    yield "signed by nobody", with_sig(sigvl=""), ALTERED
    yield "another curve", with_sig(alg="ES384"), CANNOT
    yield "no algorithm", with_sig(alg="none"), CANNOT
    yield "a second name behind the first", text.replace('"n":"', '"n":"FORGED","n":"', 1), GENUINE
    yield "a second name before the first", text.replace('"pid":{', '"pid":{"n":"FORGED",', 1), GENUINE
    yield "a name under a key that looks alike", text.replace('"n":"', '"\u043f":"FORGED","n":"', 1), ALTERED
    yield "more beside what is signed", json.dumps(sealed | {"data2": other["data"]}), GENUINE
    yield "a number written otherwise", text.replace('"seq":1', '"seq":1.0', 1), GENUINE
    for depth, verdict in ((20, ALTERED), (100, UNREADABLE), (980, UNREADABLE), (3000, UNREADABLE)):
        yield f"nested {depth} deep", text.replace('"msg":{', f'"msg":{{"x":{"[" * depth}{"]" * depth},', 1), verdict
    yield "longer than any code", text.replace('"data":', '"pad":"' + "x" * 20_000 + '","data":', 1), UNREADABLE


def seal_bytes(data: object) -> bytes:
    """What is signed of a seal."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def padded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def opened(text: str) -> Document:
    with zipfile.ZipFile(io.BytesIO(text.encode("latin-1"))) as archive:
        return dict(json.loads(archive.read("certificate.json")))


def zipped(*members: tuple[str, bytes]) -> str:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            # An entry of its own, since a second one of the same name is warned of.
            archive.NameToInfo.pop(name, None)
            archive.writestr(name, content)
    return out.getvalue().decode("latin-1")


def packed(document: object) -> str:
    return zipped(("certificate.json", json.dumps(document, ensure_ascii=False).encode()))


EDITS: Mapping[str, tuple[Callable[[Document, Document], object], Verdict]] = {
    "another's dose": (lambda mine, yours: mine.update(evidence=yours["evidence"]), ALTERED),
    "another's person": (lambda mine, yours: mine.update(credentialSubject=yours["credentialSubject"]), ALTERED),
    "another's proof": (lambda mine, yours: mine.update(proof=yours["proof"]), ALTERED),
    "both doses": (lambda mine, yours: mine["evidence"].append(yours["evidence"][0]), UNREADABLE),
    "a dose within a dose": (lambda mine, yours: mine["evidence"][0].update(evidence=yours["evidence"]), UNREADABLE),
    "a term of its own": (lambda mine, _: mine["@context"].append({"name": "https://schema.org/batch"}), UNREADABLE),
    "a context of its own": (lambda mine, _: mine["@context"].append("https://forger.example/v1"), UNREADABLE),
    "no context": (lambda mine, _: mine.pop("@context"), UNREADABLE),
    "one context": (lambda mine, _: mine["@context"].pop(), UNREADABLE),
    "contexts in another order": (lambda mine, _: mine["@context"].reverse(), UNREADABLE),
    "a graph": (lambda mine, yours: mine.update({"@graph": [yours]}), UNREADABLE),
    "a key that looks alike": (lambda mine, _: mine["credentialSubject"].update({"n\u0430me": "Forged"}), UNREADABLE),
    "a key with a joiner": (lambda mine, _: mine["credentialSubject"].update({"name\u200d": "Forged"}), UNREADABLE),
    "a prototype": (lambda mine, _: mine["credentialSubject"].update({"__proto__": {"name": "F"}}), UNREADABLE),
    "more in the proof": (lambda mine, _: mine["proof"].update(nonce="1"), UNREADABLE),
    "another purpose": (lambda mine, _: mine["proof"].update(proofPurpose="authentication"), UNREADABLE),
    "another instant of signing": (lambda mine, _: mine["proof"].update(created="2020-01-01T00:00:00Z"), ALTERED),
    "another kind of proof": (lambda mine, _: mine["proof"].update(type="Ed25519Signature2018"), ALTERED),
    "a payload between": (
        lambda mine, _: mine["proof"].update(jws=mine["proof"]["jws"].replace("..", ".e30.")),
        ALTERED,
    ),
    "a fourth part": (lambda mine, _: mine["proof"].update(jws=mine["proof"]["jws"] + ".e30"), ALTERED),
    "a number written otherwise": (lambda mine, _: mine["evidence"][0].update(dose=2.0), GENUINE),
    "a name in a list": (
        lambda mine, _: mine["credentialSubject"].update(name=["F", mine["credentialSubject"]["name"]]),
        ALTERED,
    ),
}


def _credentials(at: Target) -> Iterator[Case]:
    for what, (edit, verdict) in EDITS.items():
        mine, yours = opened(at.one[Format.DIVOC]), opened(at.other[Format.DIVOC])
        edit(mine, copy.deepcopy(yours))
        yield what, packed(mine), verdict
    document = opened(at.one[Format.DIVOC])
    signed = document["proof"]["jws"].rpartition(".")[2]
    for header in ("none", "HS256", "RS256", "PS512", "EdDSA"):
        said = _said(alg=header, b64=False, crit=["b64"])
        yield f"{header} in its head", packed(_with_jws(document, f"{said}..{signed}")), ALTERED
    plain = _said(alg="PS256")
    yield "a head that does not say how it was signed", packed(_with_jws(document, f"{plain}..{signed}")), ALTERED
    public = at.signer(Format.DIVOC).public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.digest(public, b"anything", hashlib.sha256)
    yield (
        "a MAC",
        packed(_with_jws(document, f"{_said(alg='HS256', b64=False, crit=['b64'])}..{unpadded(mac)}")),
        ALTERED,
    )
    text = json.dumps(document, ensure_ascii=False)
    first = text.replace('"name": "', '"name": "Forged", "name": "', 1)
    yield "a second name", zipped(("certificate.json", first.encode())), GENUINE
    last = text.replace('"credentialSubject": {', '"credentialSubject": {"type": "Person", "name": "Forged"}, '
                        '"credentialSubject": {', 1)  # fmt: skip
    yield "a second person", zipped(("certificate.json", last.encode())), GENUINE


def _with_jws(document: Document, jws: str) -> Document:
    return document | {"proof": document["proof"] | {"jws": jws}}


def _zips(at: Target) -> Iterator[Case]:
    text = at.one[Format.DIVOC]
    mine, yours = (json.dumps(opened(each)).encode() for each in (text, at.other[Format.DIVOC]))
    forged = mine.replace(b"Asha Rani", b"Forged")
    yield (
        "two of its name, the genuine one last",
        zipped(("certificate.json", forged), ("certificate.json", mine)),
        UNREADABLE,
    )
    yield (
        "two of its name, the genuine one first",
        zipped(("certificate.json", mine), ("certificate.json", forged)),
        UNREADABLE,
    )
    yield "another file beside it", zipped(("certificate.json", mine), ("other.json", yours)), UNREADABLE
    yield "under another name", zipped(("Certificate.json", mine)), UNREADABLE
    yield "something before it", "%PDF-1.7\n" + text, UNREADABLE
    yield "cut", text[:-30], UNREADABLE
    yield "its content cut", text[:400] + text[500:], UNREADABLE
    yield "a bomb", zipped(("certificate.json", b" " * 10_000_000)), UNREADABLE
    lied = bytearray(zipped(("certificate.json", b" " * 10_000_000)).encode("latin-1"))
    lied[lied.index(b"PK\x01\x02") + 24 :][:4] = struct.pack("<L", 100)
    yield "a bomb that says it is small", lied.decode("latin-1"), UNREADABLE
    for depth in (500, 990, 30_000):
        deep = mine.replace(
            b'"credentialSubject": {', b'"credentialSubject": {"x": %s,' % (b"[" * depth + b"]" * depth), 1
        )
        yield f"nested {depth} deep", zipped(("certificate.json", deep)), UNREADABLE
    yield "in base 64", "B64:" + base64.b64encode(text.encode("latin-1")).decode(), GENUINE
    yield "in base 64, cut", "B64:" + base64.b64encode(text.encode("latin-1")).decode()[:-13], UNREADABLE
