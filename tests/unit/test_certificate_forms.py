"""The forms for travel and wallets: what is signed is read back, what is altered is refused, and what lacks is told."""

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import base45
import cbor2
import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from opencowin.certificates import cose, icao, smart
from opencowin.certificates.chain import DOCUMENT_TYPES, TRAVEL_SEAL_SIGNER
from opencowin.certificates.divoc import sign_divoc, verify_divoc
from opencowin.certificates.encoding import base58, from_base58, from_unpadded, unpadded
from opencowin.certificates.hcert import sign_eu_dcc
from opencowin.certificates.issuers import key_id, new_issuer
from opencowin.certificates.model import CertificateFacts, CertificateStatement, Format, Stage
from opencowin.certificates.mrz import latin_name
from opencowin.certificates.profile import read_algorithms
from opencowin.certificates.refusals import (
    CannotCheck,
    CertificateRefused,
    ContentImplausible,
    Lacking,
    NotACertificate,
    SignatureBroken,
    UnknownSigner,
)
from opencowin.certificates.signers import Algorithm, thumbprint
from opencowin.certificates.signing import SIGNERS, sign_or_tell
from opencowin.certificates.smart import sign_smart
from opencowin.certificates.who import sign_who, who_facts
from opencowin.kit.country import PackBroken
from opencowin.kit.pack import CountryPack
from tests.certificates.made import (
    CENTRE,
    COVISHIELD,
    NOW,
    PACK,
    PROFILE,
    WITHOUT_CODES,
    dose,
    issuer,
    read_eu,
    signer_certificate,
    statement,
)

TRAVELLER = {"travel_document": "K1234567", "birth_date": date(1984, 2, 29)}
CARDS = [issuer().signing(Format.SMART_HEALTH_CARD).signer.public_key]


def text_of(form: Format, **changes: object) -> str:
    return SIGNERS[form](statement(**{**TRAVELLER, **changes}), issuer()).text


def read_who(text: str, which: int = 0) -> CertificateFacts:
    envelope, ours = cose.opened(text), signer_certificate(Format.WHO_DDCC, which)
    return who_facts(envelope.checked([ours] if key_id(ours) == envelope.key_id else []), NOW)


def read_card(text: str) -> CertificateFacts:
    return smart.smart_facts(smart.opened(text).checked(CARDS), lambda code: {"210": "COVISHIELD"}[code], NOW)


def read_seal(text: str, which: int = 0) -> CertificateFacts:
    return icao.icao_facts(icao.opened(text).checked([issuer(which).csca_certificate], NOW), NOW)


READ: dict[Format, Callable[[str], CertificateFacts]] = {
    Format.DIVOC: lambda text: verify_divoc(text, PROFILE, [issuer().signing(Format.DIVOC).signer.public_key]),
    Format.EU_DCC: lambda text: read_eu(text, [signer_certificate()], NOW),
    Format.WHO_DDCC: read_who,
    Format.SMART_HEALTH_CARD: read_card,
    Format.ICAO_VDS_NC: read_seal,
}


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize(
    ("doses", "stage", "stated"),
    [
        ((dose(1),), Stage.PROVISIONAL, 1),
        ((dose(1), dose(2, date(2021, 6, 3))), Stage.FINAL, 2),
        (tuple(dose(n, date(2021, n, 3), total=3) for n in (1, 2, 3)), Stage.PRECAUTION, 3),
    ],
)
def test_every_form_is_read_back_at_every_stage(
    form: Format, doses: tuple[Any, ...], stage: Stage, stated: int
) -> None:
    facts = READ[form](text_of(form, doses=doses, stage=stage))
    assert (facts.format, facts.dose, facts.given_on) == (form, stated, doses[-1].given_on)
    assert facts.vaccine in {"COVISHIELD", "Covishield"}


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.DIVOC])
def test_a_child_is_certified_with_the_date_of_birth(form: Format) -> None:
    facts = READ[form](text_of(form, birth_year=2009, birth_date=date(2009, 3, 2), doses=(dose(1),)))
    assert facts.birth == "2009-03-02"


def bumped(raw: bytes) -> bytes:
    """The last date changed by a day, as a forger would."""
    assert b"2021-06-03" in raw
    return raw.replace(b"2021-06-03", b"2021-06-02")


def forged_envelope(text: str) -> str:
    return f"HC1:{base45.b45encode(zlib.compress(bumped(zlib.decompress(base45.b45decode(text[4:]))))).decode()}"


def jws_of(text: str) -> list[str]:
    digits = text.removeprefix("shc:/")
    return "".join(chr(int(digits[at : at + 2]) + 45) for at in range(0, len(digits), 2)).split(".")


def card_of(parts: list[str]) -> str:
    return "shc:/" + "".join(f"{ord(mark) - 45:02d}" for mark in ".".join(parts))


def forged_card(text: str) -> str:
    head, body, signature = jws_of(text)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = deflater.compress(bumped(zlib.decompress(from_unpadded(body), -15))) + deflater.flush()
    return card_of([head, unpadded(raw), signature])


@pytest.mark.parametrize(
    ("form", "forge"),
    [
        (Format.WHO_DDCC, forged_envelope),
        (Format.SMART_HEALTH_CARD, forged_card),
        (Format.ICAO_VDS_NC, lambda text: bumped(text.encode()).decode()),
    ],
)
def test_an_altered_date_is_refused(form: Format, forge: Callable[[str], str]) -> None:
    with pytest.raises(SignatureBroken):
        READ[form](forge(text_of(form)))


def test_others_are_unknown() -> None:
    with pytest.raises(UnknownSigner):
        read_who(text_of(Format.WHO_DDCC), which=1)
    with pytest.raises(UnknownSigner):
        read_seal(text_of(Format.ICAO_VDS_NC), which=1)
    with pytest.raises(UnknownSigner):
        smart.opened(text_of(Format.SMART_HEALTH_CARD)).checked([])
    with pytest.raises(SignatureBroken):
        smart.opened(text_of(Format.SMART_HEALTH_CARD)).checked(
            [issuer(1).signing(Format.SMART_HEALTH_CARD).signer.public_key]
        )


@pytest.mark.parametrize(
    ("form", "changes", "lacking"),
    [
        (Format.ICAO_VDS_NC, {"travel_document": ""}, Lacking.PASSPORT),
        (Format.ICAO_VDS_NC, {"travel_document": "K" * 12}, Lacking.PASSPORT),
        (Format.ICAO_VDS_NC, {"name": "123"}, Lacking.LATIN_NAME),
        (Format.ICAO_VDS_NC, {"certificate_id": "1" * 13}, Lacking.NUMBER),
        (Format.ICAO_VDS_NC, {"doses": (dose(1, vaccine=WITHOUT_CODES),)}, Lacking.CODE),
        (Format.WHO_DDCC, {"doses": (dose(1, vaccine=WITHOUT_CODES),)}, Lacking.CODE),
        (Format.WHO_DDCC, {"name": "123"}, Lacking.LATIN_NAME),
        (Format.SMART_HEALTH_CARD, {"doses": (dose(1), dose(2, vaccine=WITHOUT_CODES))}, Lacking.CODE),
        (Format.SMART_HEALTH_CARD, {"name": "123"}, Lacking.LATIN_NAME),
        (Format.EU_DCC, {"certificate_id": "1_2"}, Lacking.NUMBER),
    ],
)
def test_what_a_form_lacks_is_told(form: Format, changes: dict[str, Any], lacking: Lacking) -> None:
    made: CertificateStatement = statement(**{**TRAVELLER, **changes})
    assert sign_or_tell(form, made, issuer()) is lacking


def test_a_health_card_needs_a_public_address_and_room() -> None:
    nowhere = replace(issuer(), profile=replace(PROFILE, address=""))
    assert sign_or_tell(Format.SMART_HEALTH_CARD, statement(), nowhere) is Lacking.ADDRESS
    noise = base64.b16encode(bytes(range(256)) * 3).decode()
    assert sign_or_tell(Format.SMART_HEALTH_CARD, statement(name=noise), issuer()) is Lacking.SPACE


def test_a_health_card_is_minimal_and_names_its_key() -> None:
    head, body, _ = jws_of(sign_smart(statement(family_name="Trivedi", given_name="Kshitij Dev"), issuer()).text)
    assert json.loads(from_unpadded(head)) == {"zip": "DEF", "alg": "ES256", "kid": thumbprint(CARDS[0])}
    document = json.loads(zlib.decompress(from_unpadded(body), -15))
    assert (document["iss"], document["nbf"]) == (PROFILE.address, int(NOW.timestamp()))
    patient, first, second = (one["resource"] for one in document["vc"]["credentialSubject"]["fhirBundle"]["entry"])
    assert patient == {
        "resourceType": "Patient",
        "name": [{"family": "Trivedi", "given": ["Kshitij", "Dev"]}],
        "birthDate": "1984",
    }
    assert first["vaccineCode"] == {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "210"}]}
    assert {"id", "text", "meta"}.isdisjoint({*patient, *first, *second})


def test_the_seal_has_the_fields_and_the_signer_that_border_control_expects() -> None:
    sealed = json.loads(text_of(Format.ICAO_VDS_NC, family_name="Trivedi", given_name="क्षितिज"))
    assert sealed["data"]["hdr"] == {"t": "icao.vacc", "v": 1, "is": PROFILE.country_code_3}
    message = sealed["data"]["msg"]
    assert message["pid"] == {"n": "TRIVEDI  KSHITIJ", "i": "K1234567", "sex": "F", "dob": "1984-02-29"}
    (event,) = message["ve"]
    assert (event["des"], event["dis"], [one["seq"] for one in event["vd"]]) == ("XM97T2", "RA01.0", [1, 2])
    signer = x509.load_der_x509_certificate(base64.urlsafe_b64decode(sealed["sig"]["cer"]))
    usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert (list(usage.value), usage.critical) == ([TRAVEL_SEAL_SIGNER], True)
    kinds = signer.extensions.get_extension_for_oid(DOCUMENT_TYPES).value
    assert isinstance(kinds, x509.UnrecognizedExtension)
    assert kinds.value.endswith(b"NV")
    signer.extensions.get_extension_for_oid(ObjectIdentifier("2.5.29.35"))


def test_a_signer_for_health_certificates_may_not_seal() -> None:
    own = issuer()
    wrong = replace(own, identities={**own.identities, Format.ICAO_VDS_NC: own.signing(Format.EU_DCC)})
    with pytest.raises(UnknownSigner):
        read_seal(SIGNERS[Format.ICAO_VDS_NC](statement(**TRAVELLER), wrong).text)


def test_a_seal_whose_certificate_cannot_be_read_cannot_be_checked() -> None:
    sealed = json.loads(text_of(Format.ICAO_VDS_NC))
    sealed["sig"]["cer"] = sealed["sig"]["cer"][:-40]
    with pytest.raises(CannotCheck):
        read_seal(json.dumps(sealed))
    sealed["sig"] |= {"cer": json.loads(text_of(Format.ICAO_VDS_NC))["sig"]["cer"], "alg": "RS1"}
    with pytest.raises(CannotCheck):
        read_seal(json.dumps(sealed))


def test_a_health_card_from_the_future_is_implausible() -> None:
    text = sign_smart(statement(), issuer()).text
    with pytest.raises(ContentImplausible):
        smart.smart_facts(smart.opened(text).checked(CARDS), str, NOW - timedelta(days=2))


@pytest.mark.parametrize(
    "read", [READ[form] for form in (Format.WHO_DDCC, Format.SMART_HEALTH_CARD, Format.ICAO_VDS_NC)]
)
@given(
    st.text()
    | st.binary().map(lambda raw: "HC1:" + base45.b45encode(zlib.compress(raw)).decode())
    | st.text("0123456789").map(lambda digits: "shc:/" + digits)
    | st.text().map(lambda text: json.dumps({"data": {"hdr": {"t": "icao.vacc"}, "msg": text}, "sig": {"cer": text}}))
)
def test_any_text_is_refused_quietly(read: Callable[[str], CertificateFacts], text: str) -> None:
    with pytest.raises(CertificateRefused):
        read(text)


def test_a_card_that_inflates_without_end_is_no_certificate() -> None:
    head, _, signature = jws_of(sign_smart(statement(), issuer()).text)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflater.compress(b'{"iss":"' + b"0" * 10_000_000) + deflater.flush()
    with pytest.raises(NotACertificate):
        smart.opened(card_of([head, unpadded(bomb), signature]))


def test_what_other_issuers_write_in_their_own_way_is_read() -> None:
    """Instants for days, every dose in one list, an envelope without its tag or without protected headers."""
    identity = issuer().signing(Format.EU_DCC)
    vaccination = {"tg": "840539006", "mp": "EU/1/20/1528", "sd": 2, "ci": "urn:uvci:01:XE:1#0"}
    doses = [
        vaccination | {"dn": 2, "dt": "2021-03-09T22:54:00+02:00"},
        vaccination | {"dn": 1, "dt": "2021-02-09T00:00:00"},
    ]
    certificate = {"v": doses, "dob": "1978-01-26T00:00:00", "nam": {"fnt": "PETKOV", "fn": "ПЕТКОВ"}}
    text = cose.sealed(cose.claimed(PROFILE, identity, NOW, {1: certificate}), identity)
    facts = read_eu(text, [identity.certified], NOW)
    assert (facts.dose, facts.given_on, facts.birth) == (2, date(2021, 3, 9), "1978-01-26")
    parts = cbor2.loads(zlib.decompress(base45.b45decode(text[4:]))).value
    untagged = f"HC1:{base45.b45encode(zlib.compress(cbor2.dumps(list(parts)))).decode()}"
    assert read_eu(untagged, [identity.certified], NOW).dose == 2
    bare = cbor2.CBORTag(18, [b"", cbor2.loads(parts[0]), parts[2], parts[3]])
    headless = f"HC1:{base45.b45encode(zlib.compress(cbor2.dumps(bare))).decode()}"
    with pytest.raises(SignatureBroken):
        read_eu(headless, [identity.certified], NOW)


CHOSEN = {Format.DIVOC: Algorithm.EDDSA, Format.EU_DCC: Algorithm.PS256, Format.WHO_DDCC: Algorithm.PS256}


def test_the_other_algorithms_sign_and_verify() -> None:
    other = new_issuer(PROFILE, NOW, CHOSEN)
    key = other.signing(Format.DIVOC).signer.public_key
    text = sign_divoc(statement(), other).text
    assert verify_divoc(text, PROFILE, [key, *CARDS]).dose == 2
    with pytest.raises(SignatureBroken):
        verify_divoc(text, PROFILE, [issuer().signing(Format.DIVOC).signer.public_key])
    european = sign_eu_dcc(statement(), other).text
    protected = cbor2.loads(zlib.decompress(base45.b45decode(european[4:]))).value[0]
    assert cbor2.loads(protected)[1] == -37
    assert read_eu(european, [other.signing(Format.EU_DCC).certified], NOW).dose == 2
    assert sign_who(statement(), other).text.startswith("HC1:")


def test_the_pack_chooses_how_keys_sign(tmp_path: Any) -> None:
    assert read_algorithms(PACK)[Format.EU_DCC] is Algorithm.ES256
    text = (PACK.folder / "certificate.toml").read_text("utf-8")
    for chosen, fine in (("PS256", True), ("ES512", False)):
        folder = tmp_path / chosen
        folder.mkdir()
        changed = text.replace('eu_dcc = "ES256"', f'eu_dcc = "{chosen}"')
        assert changed != text
        (folder / "certificate.toml").write_text(changed, "utf-8")
        pack = CountryPack(chosen, folder)
        if fine:
            assert read_algorithms(pack)[Format.EU_DCC] is Algorithm.PS256
        else:
            with pytest.raises(PackBroken, match="ES256 or PS256"):
                read_algorithms(pack)


def test_names_abroad() -> None:
    assert latin_name("Łukasz Müller") == "Łukasz Müller"
    assert latin_name("क्षितिज") == "KSHITIJ"


@given(st.binary(max_size=40))
def test_base_58_is_read_back(raw: bytes) -> None:
    assert from_base58(base58(raw)) == raw


def test_the_facts_stay_within_what_each_field_may_hold() -> None:
    long = replace(CENTRE, name="Primary Health Centre of a Village with a Long Name")
    message = json.loads(text_of(Format.ICAO_VDS_NC, doses=(dose(1, facility=long, vaccine=COVISHIELD),)))["data"][
        "msg"
    ]
    assert len(message["ve"][0]["vd"][0]["adm"]) <= 20
    assert datetime.fromtimestamp(0, UTC) < NOW
