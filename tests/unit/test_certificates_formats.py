"""Both wire formats: what is signed is read back, what is altered is refused, and nonsense never crashes."""

import base64
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import base45
import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from opencowin.certificates import divoc, hcert
from opencowin.certificates.divoc import sign_divoc, verify_divoc
from opencowin.certificates.hcert import check_character, sign_eu_dcc, uvci, verify_eu_dcc
from opencowin.certificates.issuers import (
    VACCINATION_SIGNER,
    KeyFiles,
    dcc_trust_list,
    did_document,
    jwk,
    new_keys,
    open_issuer,
)
from opencowin.certificates.model import CertificateFacts, Format
from opencowin.certificates.refusals import (
    CertificateExpired,
    CertificateRefused,
    ContentImplausible,
    FormatImpossible,
    NotACertificate,
    SignatureBroken,
    UnknownSigner,
)
from opencowin.certificates.signing import sign_all
from tests.certificates.made import NOW, PROFILE, WITHOUT_CODES, dose, issuer, statement

RSA = [issuer().rsa_key.public_key()]
SIGNERS = [issuer().signer_certificate]
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
    signature = issuer().rsa_key.sign(divoc._signing_input(document, options), divoc.PSS, hashes.SHA256())
    jws = f"{divoc.HEADER}..{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
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
        verify_divoc(sign_divoc(statement(), issuer()).text, PROFILE, [issuer(1).rsa_key.public_key()])


def test_an_older_key_still_verifies() -> None:
    keys = [issuer(1).rsa_key.public_key(), *RSA]
    assert verify_divoc(sign_divoc(statement(), issuer()).text, PROFILE, keys).dose == 2


def test_fields_swapped_under_one_meaning_keep_the_signature_and_are_refused_for_their_sense() -> None:
    first = statement(doses=(dose(1, date(2021, 6, 3), valid_until=date(2021, 9, 1)),))
    swaps: list[tuple[str, str]] = [("dose", "totalDoses"), ("batch", "certificateId"), ("date", "effectiveUntil")]
    for one, other in swaps:
        document = opened(sign_divoc(first, issuer()).text)
        evidence = document["evidence"][0]
        evidence[one], evidence[other] = evidence[other], evidence[one]
        with pytest.raises(ContentImplausible):
            read_divoc(packed(document))


def test_a_rightly_signed_certificate_without_its_facts_is_refused() -> None:
    document = opened(sign_divoc(statement(), issuer()).text)
    del document["evidence"][0]["vaccine"]
    with pytest.raises(NotACertificate):
        read_divoc(resigned(document))


def test_a_zip_bomb_is_no_certificate() -> None:
    with pytest.raises(NotACertificate):
        read_divoc(packed({"x": "0" * 10_000_000}))


@given(st.one_of(st.text(), st.binary().map(lambda raw: "HC1:" + base45.b45encode(zlib.compress(raw)).decode())))
def test_any_text_is_refused_quietly(text: str) -> None:
    with pytest.raises(CertificateRefused):
        read_divoc(text)
    with pytest.raises(CertificateRefused):
        verify_eu_dcc(text, SIGNERS, NOW)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda deeper: st.dictionaries(st.text(), deeper)))
def test_any_json_is_refused_quietly(document: object) -> None:
    with pytest.raises(CertificateRefused):
        read_divoc(packed(document))


def test_a_certificate_too_long_for_one_code_is_refused() -> None:
    noise = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(60))
    with pytest.raises(FormatImpossible, match="too long"):
        sign_divoc(statement(name=noise), issuer())


def test_the_european_certificate_is_read_back() -> None:
    facts = verify_eu_dcc(sign_eu_dcc(statement(), issuer()).text, SIGNERS, NOW)
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
    assert cbor2.loads(protected) == {1: -7, 4: issuer().signer_certificate.fingerprint(hashes.SHA256())[:8]}
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
        verify_eu_dcc(forged, SIGNERS, NOW)
    with pytest.raises(UnknownSigner):
        verify_eu_dcc(text, [issuer(1).signer_certificate], NOW)
    with pytest.raises(CertificateExpired):
        verify_eu_dcc(text, SIGNERS, NOW + timedelta(days=PROFILE.hcert_valid_days, seconds=1))


def test_the_same_key_id_with_another_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sign_eu_dcc(statement(), issuer()).text
    monkeypatch.setattr(hcert, "key_id", lambda certificate: issuer().key_id)
    with pytest.raises(SignatureBroken):
        verify_eu_dcc(text, [issuer(1).signer_certificate], NOW)


def test_a_vaccine_without_a_european_code_is_certified_in_co_wins_form_alone() -> None:
    plain = statement(doses=(dose(1, vaccine=WITHOUT_CODES),))
    assert [payload.format for payload in sign_all(plain, issuer())] == [Format.DIVOC]
    assert [payload.format for payload in sign_all(statement(), issuer())] == list(Format)


def test_the_identifiers_check_character_finds_every_changed_character() -> None:
    whole = uvci(PROFILE, "12345678901")
    body, _, check = whole.partition("#")
    assert check == check_character(body)
    changed = [body[:at] + other + body[at + 1 :] for at in range(len(body)) for other in "A7" if other != body[at]]
    assert all(check_character(each) != check for each in changed)


def test_the_signer_stands_under_its_authority_and_may_sign_vaccinations() -> None:
    own = issuer()
    own.signer_certificate.verify_directly_issued_by(own.csca_certificate)
    usage = own.signer_certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [VACCINATION_SIGNER]


def test_keys_that_do_not_belong_together_are_refused() -> None:
    ours, others = new_keys(PROFILE, NOW), new_keys(PROFILE, NOW)
    mixed = KeyFiles(ours.rsa_key, others.signer_key, ours.csca_key, ours.signer_certificate, ours.csca_certificate)
    with pytest.raises(ValueError, match="another key"):
        open_issuer(PROFILE, mixed)
    with pytest.raises(ValueError, match="RSA"):
        open_issuer(PROFILE, replace(ours, rsa_key=ours.signer_key))


def test_published_keys_name_what_verifiers_look_up() -> None:
    own = issuer()
    did = did_document(PROFILE, RSA)
    assert did["id"] == PROFILE.issuer
    assert did["assertionMethod"] == [PROFILE.verification_method]
    trusted = dcc_trust_list(PROFILE.country_code, [own.csca_certificate], [own.signer_certificate])
    assert [each["certificateType"] for each in trusted] == ["CSCA", "DSC"]
    assert base64.b64decode(trusted[1]["kid"]) == own.key_id
    point = jwk(own.signer_key.public_key(), [own.signer_certificate])
    assert (point["kty"], point["alg"], len(str(point["kid"]))) == ("EC", "ES256", 43)
    assert jwk(RSA[0])["alg"] == "PS256"
