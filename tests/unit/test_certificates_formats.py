"""Both wire formats: what is signed is read back, what is altered is refused, and nonsense never crashes."""

import base64
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import base45
import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from opencowin.certificates import divoc
from opencowin.certificates.chain import VACCINATION_SIGNER
from opencowin.certificates.divoc import sign_divoc, verify_divoc
from opencowin.certificates.encoding import from_unpadded, unpadded
from opencowin.certificates.hcert import check_character, sign_eu_dcc, uvci
from opencowin.certificates.issuers import key_id
from opencowin.certificates.marks import SIGNATURES, marks_of
from opencowin.certificates.meaning import check_in_force, check_vaccine
from opencowin.certificates.model import CertificateFacts, Format
from opencowin.certificates.published import dcc_trust_list, did_document, jwk
from opencowin.certificates.refusals import (
    CertificateExpired,
    CertificateRefused,
    ContentImplausible,
    FormatImpossible,
    NotACertificate,
    SignatureBroken,
    UnknownSigner,
)
from opencowin.certificates.signers import Algorithm
from opencowin.certificates.signing import sign_all
from tests.certificates import made
from tests.certificates.made import NOW, PROFILE, WITHOUT_CODES, dose, issuer, read_eu, signer_certificate, statement
from tests.unit.test_certificate_forms import READ, card_of, jws_of

RSA = [issuer().signing(Format.DIVOC).signer.public_key]
OTHERS = [issuer(1).signing(Format.DIVOC).signer.public_key]
SIGNERS = [signer_certificate()]
Document = dict[str, Any]


def read_divoc(text: str) -> CertificateFacts:
    return verify_divoc(text, PROFILE, RSA)


def opened(text: str) -> Document:
    with zipfile.ZipFile(io.BytesIO(text.encode("latin-1"))) as archive:
        assert archive.namelist() == ["certificate.json"]
        assert archive.infolist()[0].compress_type == zipfile.ZIP_DEFLATED
        return dict(json.loads(archive.read("certificate.json")))


def packed(document: object) -> str:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("certificate.json", json.dumps(document))
    return out.getvalue().decode("latin-1")


def resigned(document: Document) -> str:
    """Signed again by the rightful key, whatever it says."""
    options = {key: value for key, value in document["proof"].items() if key != "jws"}
    header = divoc.HEADERS[Algorithm.PS256]
    signature = issuer().signing(Format.DIVOC).signer.sign(divoc._signing_input(document, options, header))
    jws = f"{header}..{unpadded(signature)}"
    return packed(document | {"proof": options | {"jws": jws}})


def test_co_wins_certificate_is_read_back() -> None:
    facts = read_divoc(sign_divoc(statement(), issuer()).text)
    assert (facts.format, facts.certificate_id, facts.name) == (Format.DIVOC, "12345678901", statement().name)
    assert (facts.dose, facts.total, facts.given_on, facts.issued_at) == (2, 2, date(2021, 6, 3), NOW)
    assert facts.birth == "age:37"


def test_co_wins_certificate_has_the_shape_that_its_readers_know() -> None:
    document = opened(sign_divoc(statement(), issuer()).text)
    assert document["proof"]["verificationMethod"] == PROFILE.verification_method
    assert document["proof"]["created"] == "2021-06-04T12:00:00Z"
    assert document["nonTransferable"] == "true"
    assert document["evidence"][0]["id"].removeprefix(PROFILE.evidence_url) == "12345678901"
    header = document["proof"]["jws"].split(".")[0]
    assert base64.urlsafe_b64decode(header + "==") == b'{"alg":"PS256","b64":false,"crit":["b64"]}'


@pytest.mark.parametrize(
    ("alter", "refusal"),
    [
        (lambda d: d["credentialSubject"].update(name="Somebody Else"), SignatureBroken),
        (lambda d: d["evidence"][0].update(date="2021-06-02"), SignatureBroken),
        (lambda d: d["evidence"][0].update(bonus="x"), NotACertificate),
        (lambda d: d["evidence"][0].update(dose=2.5), NotACertificate),
        (lambda d: d["proof"].pop("jws"), NotACertificate),
        (lambda d: d["proof"].update(jws="aaa..bbb"), SignatureBroken),
        (lambda d: d["proof"].update(verificationMethod="did:elsewhere"), UnknownSigner),
        (lambda d: d.update(issuer="https://elsewhere.example/"), UnknownSigner),
    ],
)
def test_an_altered_certificate_is_refused(
    alter: Callable[[Document], None], refusal: type[CertificateRefused]
) -> None:
    document = opened(sign_divoc(statement(), issuer()).text)
    alter(document)
    with pytest.raises(refusal):
        read_divoc(packed(document))


def test_another_issuers_key_is_refused() -> None:
    with pytest.raises(SignatureBroken):
        verify_divoc(
            sign_divoc(statement(), issuer()).text, PROFILE, [issuer(1).signing(Format.DIVOC).signer.public_key]
        )


def test_an_older_key_still_verifies() -> None:
    keys = [*OTHERS, *RSA]
    assert verify_divoc(sign_divoc(statement(), issuer()).text, PROFILE, keys).dose == 2


def swapped(one: str, other: str) -> Callable[[Document], None]:
    def alter(document: Document) -> None:
        evidence = document["evidence"][0]
        evidence[one], evidence[other] = evidence[other], evidence[one]

    return alter


def renamed(document: Document) -> None:
    """The reference under the other name that the context has for it."""
    document["credentialSubject"]["uhid"] = document["credentialSubject"].pop("refId")


def listed(document: Document) -> None:
    """Batch and vaccine as one list, so that nobody can tell which is which."""
    evidence = document["evidence"][0]
    evidence["vaccine"] = [evidence.pop("batch"), evidence["vaccine"]]


def moved(document: Document) -> None:
    """The batch under a key of the context's second edition, the vaccine in its place."""
    evidence = document["evidence"][0]
    document["@context"][1] = document["@context"][1].replace("/v1", "/v2")
    evidence["icd11Code"], evidence["batch"] = evidence["batch"], evidence["vaccine"]


UNSEEN: dict[str, Callable[[Document], None]] = {
    "dose 1 of 2 made 2 of 1": swapped("dose", "totalDoses"),
    "batch as manufacturer": swapped("batch", "manufacturer"),
    "batch as vaccine": swapped("batch", "vaccine"),
    "batch as number": swapped("batch", "certificateId"),
    "vaccine as manufacturer": swapped("vaccine", "manufacturer"),
    "vaccine as number": swapped("vaccine", "certificateId"),
    "manufacturer as number": swapped("manufacturer", "certificateId"),
    "another day": swapped("date", "effectiveUntil"),
    "another beginning": swapped("effectiveStart", "effectiveUntil"),
    "reference under another name": renamed,
    "a list": listed,
    "batch under a later key": moved,
    "day as beginning": swapped("date", "effectiveStart"),
}
"""Edits that the context of Co-WIN lets pass: a verifier that looks at the signature alone believes them."""
MAKERS = {"COVISHIELD": "Serum Institute of India", "COVAXIN": "Bharat Biotech"}


def judged(text: str) -> CertificateFacts:
    facts = read_divoc(text)
    check_vaccine(facts, MAKERS, ours=True)
    return facts


@pytest.mark.parametrize("edit", UNSEEN)
def test_an_edit_that_keeps_the_signature_is_refused_for_its_sense(edit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = {"valid_from": date(2021, 6, 10), "valid_until": date(2021, 9, 1)}
    text = sign_divoc(statement(doses=(dose(1, date(2021, 6, 3), **bounds),)), issuer()).text
    genuine = judged(text)
    document = opened(text)
    UNSEEN[edit](document)
    with pytest.raises(ContentImplausible):
        judged(packed(document))
    with monkeypatch.context() as blind:
        blind.setattr(divoc, "read_facts", lambda *_: genuine)
        assert read_divoc(packed(document)) == genuine, "this edit breaks the signature: it shows nothing"


def test_a_number_that_stands_twice_cannot_be_left_out_once() -> None:
    document = opened(sign_divoc(statement(), issuer()).text)
    evidence = document["evidence"][0]
    assert evidence["dose"] == evidence["totalDoses"]
    for kept in ("dose", "totalDoses"):
        edited = document | {
            "evidence": [{key: evidence[key] for key in evidence if key not in ("dose", "totalDoses")}]
        }
        edited["evidence"][0][kept] = 2
        with pytest.raises(ContentImplausible):
            judged(packed(edited))


def test_a_vaccine_that_the_programme_does_not_know_is_refused() -> None:
    facts = read_divoc(sign_divoc(statement(), issuer()).text)
    with pytest.raises(ContentImplausible):
        check_vaccine(facts, {"COVAXIN": "Bharat Biotech"}, ours=True)


def test_a_credential_says_itself_when_its_time_is_over() -> None:
    document = opened(sign_divoc(statement(), issuer()).text)
    ending = read_divoc(resigned(document | {"expirationDate": "2021-12-31T00:00:00Z"}))
    check_in_force(ending, NOW, NOW.date())
    with pytest.raises(CertificateExpired):
        check_in_force(ending, NOW.replace(year=2022), date(2022, 6, 4))
    document["evidence"][0]["effectiveUntil"] = "2021-09-01"
    until = read_divoc(resigned(document))
    check_in_force(until, NOW, date(2021, 9, 1))
    with pytest.raises(CertificateExpired):
        check_in_force(until, NOW, date(2021, 9, 2))


def test_a_rightly_signed_certificate_without_its_facts_is_refused() -> None:
    document = opened(sign_divoc(statement(), issuer()).text)
    del document["evidence"][0]["vaccine"]
    with pytest.raises(ContentImplausible):
        read_divoc(resigned(document))


def test_a_mark_is_of_the_signature_and_no_second_signature_escapes_it() -> None:
    """Whoever knows r and s can write -s, which fits as well: signatures of a curve are marked by r alone."""
    whole = statement(travel_document="K1234567")
    signed = {payload.format: payload.text for payload in sign_all(whole, issuer())}
    assert set(SIGNATURES) == set(Format) == set(signed), "every form has its mark"
    marks = dict(zip(signed, marks_of(signed), strict=True))
    assert {len(mark) for mark in marks.values()} == {16}
    assert len(set(marks.values())) == len(Format)
    assert dict(zip(signed, marks_of(signed), strict=True)) == marks
    for form, read in SECOND.items():
        again = read(signed[form])
        assert again != signed[form]
        assert READ[form](again).name == READ[form](signed[form]).name, "it fits as well"
        assert marks_of({form: again}) == [marks[form]]


def second(signature: bytes) -> bytes:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return signature[:32] + (order - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def second_envelope(text: str) -> str:
    protected, unprotected, body, signature = cbor2.loads(zlib.decompress(base45.b45decode(text[4:]))).value
    again = cbor2.dumps(cbor2.CBORTag(18, [protected, unprotected, body, second(signature)]))
    return f"HC1:{base45.b45encode(zlib.compress(again)).decode()}"


def second_card(text: str) -> str:
    head, body, signature = jws_of(text)
    return card_of([head, body, unpadded(second(from_unpadded(signature)))])


def second_seal(text: str) -> str:
    sealed = json.loads(text)
    value = second(from_unpadded(sealed["sig"]["sigvl"]))
    return json.dumps(sealed | {"sig": sealed["sig"] | {"sigvl": base64.urlsafe_b64encode(value).decode()}})


SECOND: dict[Format, Callable[[str], str]] = {
    Format.EU_DCC: second_envelope,
    Format.WHO_DDCC: second_envelope,
    Format.SMART_HEALTH_CARD: second_card,
    Format.ICAO_VDS_NC: second_seal,
}


def test_a_zip_bomb_is_no_certificate() -> None:
    with pytest.raises(NotACertificate):
        read_divoc(packed({"x": "0" * 10_000_000}))


@given(st.one_of(st.text(), st.binary().map(lambda raw: "HC1:" + base45.b45encode(zlib.compress(raw)).decode())))
def test_any_text_is_refused_quietly(text: str) -> None:
    with pytest.raises(CertificateRefused):
        read_divoc(text)
    with pytest.raises(CertificateRefused):
        read_eu(text, SIGNERS, NOW)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda deeper: st.dictionaries(st.text(), deeper)))
def test_any_json_is_refused_quietly(document: object) -> None:
    with pytest.raises(CertificateRefused):
        read_divoc(packed(document))


def test_a_certificate_too_long_for_one_code_is_refused() -> None:
    noise = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(60))
    with pytest.raises(FormatImpossible, match="too long"):
        sign_divoc(statement(name=noise), issuer())


def test_the_european_certificate_is_read_back() -> None:
    facts = read_eu(sign_eu_dcc(statement(), issuer()).text, SIGNERS, NOW)
    assert (facts.certificate_id, facts.name, facts.birth) == ("12345678901", statement().name, "1984")
    assert (facts.vaccine, facts.dose, facts.total) == ("Covishield", 2, 2)


def test_the_european_certificate_is_built_as_its_readers_expect() -> None:
    text = sign_eu_dcc(
        statement(birth_date=date(1984, 2, 29), family_name="Trivedi", given_name="क्षितिज"), issuer()
    ).text
    cose = cbor2.loads(zlib.decompress(base45.b45decode(text[4:])))
    protected, unprotected, body, signature = cose.value
    claims = cbor2.loads(body)
    assert (cose.tag, dict(unprotected), len(signature)) == (18, {}, 64)
    assert cbor2.loads(protected) == {1: -7, 4: signer_certificate().fingerprint(hashes.SHA256())[:8]}
    assert claims[1] == PROFILE.country_code
    assert claims[4] - claims[6] == PROFILE.hcert_valid_days * 86400
    dcc = claims[-260][1]
    assert (dcc["ver"], dcc["dob"]) == ("1.3.0", "1984-02-29")
    assert dcc["nam"] == {"fn": "Trivedi", "fnt": "TRIVEDI", "gn": "क्षितिज", "gnt": "KSHITIJ"}


def test_an_altered_or_foreign_or_expired_european_certificate_is_refused() -> None:
    text = sign_eu_dcc(statement(), issuer()).text
    raw = zlib.decompress(base45.b45decode(text[4:]))
    forged = "HC1:" + base45.b45encode(zlib.compress(raw.replace(b"2021-06-03", b"2021-06-02"))).decode()
    with pytest.raises(SignatureBroken):
        read_eu(forged, SIGNERS, NOW)
    with pytest.raises(UnknownSigner):
        read_eu(text, [signer_certificate(which=1)], NOW)
    with pytest.raises(CertificateExpired):
        read_eu(text, SIGNERS, NOW + timedelta(days=PROFILE.hcert_valid_days, seconds=1))


def test_the_same_key_id_with_another_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sign_eu_dcc(statement(), issuer()).text
    ours = key_id(signer_certificate())
    monkeypatch.setattr(made, "key_id", lambda certificate: ours)
    with pytest.raises(SignatureBroken):
        read_eu(text, [signer_certificate(which=1)], NOW)


def test_a_vaccine_without_a_european_code_is_certified_in_co_wins_form_alone() -> None:
    plain = statement(doses=(dose(1, vaccine=WITHOUT_CODES),))
    assert [payload.format for payload in sign_all(plain, issuer())] == [Format.DIVOC]
    whole = statement(travel_document="K1234567")
    assert [payload.format for payload in sign_all(whole, issuer())] == list(Format)


def test_the_identifiers_check_character_finds_every_changed_character() -> None:
    whole = uvci(PROFILE, "12345678901")
    body, _, check = whole.partition("#")
    assert check == check_character(body)
    changed = [body[:at] + other + body[at + 1 :] for at in range(len(body)) for other in "A7" if other != body[at]]
    assert all(check_character(each) != check for each in changed)


def test_the_signer_stands_under_its_authority_and_may_sign_vaccinations() -> None:
    own = issuer()
    signer_certificate().verify_directly_issued_by(own.csca_certificate)
    usage = signer_certificate().extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [VACCINATION_SIGNER]


def test_published_keys_name_what_verifiers_look_up() -> None:
    own = issuer()
    did = did_document(PROFILE, {PROFILE.verification_method: RSA[0]})
    assert did["id"] == PROFILE.issuer
    assert did["assertionMethod"] == [PROFILE.verification_method]
    trusted = dcc_trust_list(PROFILE.country_code, [own.csca_certificate], [signer_certificate()])
    assert [each["certificateType"] for each in trusted] == ["CSCA", "DSC"]
    assert base64.b64decode(trusted[1]["kid"]) == key_id(signer_certificate())
    point = jwk(own.signing(Format.EU_DCC).signer.public_key, [signer_certificate()])
    assert (point["kty"], point["alg"], len(str(point["kid"]))) == ("EC", "ES256", 43)
    assert jwk(RSA[0])["alg"] == "PS256"
