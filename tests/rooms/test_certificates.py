"""Keys that are made, followed and retired while certificates stay valid; issuers elsewhere that are believed."""

import base64
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from opencowin import certificates, registry, vaccination
from opencowin.certificates import (
    CertificateRefused,
    Format,
    LastKey,
    NoSuchKey,
    OwnCertificateRevoked,
    Verdict,
    own_issuer,
)
from opencowin.certificates.issuers import Issuer, new_issuer
from opencowin.certificates.published import dcc_trust_list, did_document, jwk
from opencowin.certificates.refusals import CannotCheck, Lacking, SignatureBroken, UnknownSigner
from opencowin.certificates.signers import Algorithm
from opencowin.certificates.signing import SIGNERS
from opencowin.certificates.trust import NoTrustList
from opencowin.kit.actor import system
from opencowin.kit.db import Connection, Pool, fetch_value, transaction
from opencowin.kit.floor import Floor
from tests import builders
from tests.certificates.made import PROFILE, dose, statement
from tests.unit.test_certificates_formats import opened, packed

pytestmark = pytest.mark.anyio
DESK = system("test")
AT_ONCE = timedelta(0)
READ_TRAVELLERS = registry.read_travellers


def today(floor: Floor) -> dict[str, Any]:
    """A traveller's statement, issued now."""
    return {"travel_document": "K1234567", "birth_date": date(1984, 2, 29), "issued_at": floor.clock.now()}


def codes(issuer: Issuer, floor: Floor) -> dict[Format, str]:
    """Every form, signed by this issuer."""
    return {form: sign(statement(**today(floor)), issuer).text for form, sign in SIGNERS.items()}


async def sign_now(conn: Connection, floor: Floor) -> dict[Format, str]:
    return codes(await certificates.own_issuer(conn, floor), floor)


async def test_each_form_has_a_key_of_its_own_and_verifies(conn: Connection, floor: Floor) -> None:
    texts = await sign_now(conn, floor)
    for form, text in texts.items():
        facts = await certificates.verify(conn, floor, text)
        assert (facts.format, facts.dose) == (form, 2)
    shown = await certificates.list_keys(conn, floor)
    assert sorted(one.use for one in shown) == sorted([*Format, "csca"])
    assert len({one.key_id for one in shown}) == len(shown)
    assert all(one.signs_now for one in shown)


async def test_what_an_older_key_signed_stays_valid_and_all_keys_are_published(conn: Connection, floor: Floor) -> None:
    before = await sign_now(conn, floor)
    old = {one.use: one.key_id for one in await certificates.list_keys(conn, floor)}
    await certificates.rotate_key(conn, floor, None, AT_ONCE)
    for form in Format:
        await certificates.rotate_key(conn, floor, form, AT_ONCE)
    for key_id in old.values():
        await certificates.retire_key(conn, floor, key_id)
    after = await sign_now(conn, floor)
    for text in [*before.values(), *after.values()]:
        assert (await certificates.verify(conn, floor, text)).dose == 2
    did = await certificates.published_did(conn, floor)
    names = [method["id"] for method in did["verificationMethod"]]  # type: ignore[attr-defined]
    assert len(names) == len(set(names)) == 2
    assert names[1] == PROFILE.verification_method, "the older key keeps its name for verifiers elsewhere"
    listed = await certificates.published_trust_list(conn, floor)
    assert [one["certificateType"] for one in listed] == ["CSCA"] * 2 + ["DSC"] * 4
    kids = [key["kid"] for key in await certificates.published_jwks(conn, floor)]
    assert len(kids) == len(set(kids)) == 2 * len(Format) + 1, "and the key of the list of revoked ones"
    assert (await certificates.csca_pem(conn, floor)).count("BEGIN CERTIFICATE") == 2


async def test_a_successor_is_published_before_it_signs(conn: Connection, floor: Floor) -> None:
    signing = {one.use: one.key_id for one in await certificates.list_keys(conn, floor)}
    made = await certificates.rotate_key(conn, floor, Format.EU_DCC, timedelta(days=7))
    shown = {one.key_id: one for one in await certificates.list_keys(conn, floor)}
    assert (shown[made].waits, shown[made].signs_now) == (True, False)
    assert shown[signing[Format.EU_DCC]].signs_now
    assert len(await certificates.published_trust_list(conn, floor)) == 4
    with pytest.raises(LastKey):
        await certificates.retire_key(conn, floor, signing[Format.EU_DCC])
    await certificates.retire_key(conn, floor, made)
    with pytest.raises(NoSuchKey):
        await certificates.retire_key(conn, floor, made)


@pytest.fixture
def elsewhere(floor: Floor) -> Issuer:
    """An issuer of another country, in every form."""
    profile = replace(
        PROFILE,
        name="Ministry of Health of Elsewhere",
        issuer="https://health.example/",
        verification_method="did:elsewhere",
        context_url="https://health.example/credentials/vaccination/v1",
        evidence_url="https://health.example/vaccine/",
        country_code="XE",
        country_code_3="XEE",
        address="https://cards.health.example",
    )
    return new_issuer(profile, floor.clock.now() - timedelta(days=1), {Format.DIVOC: Algorithm.EDDSA})


@pytest.fixture
def lists(elsewhere: Issuer, tmp_path: Path) -> dict[str, Path]:
    """What that issuer publishes, in every form that is read."""
    signers = [elsewhere.signing(form).certified for form in (Format.EU_DCC, Format.WHO_DDCC)]
    key = elsewhere.signing(Format.SMART_HEALTH_CARD).signer.public_key
    content = {
        "dcc.json": json.dumps(dcc_trust_list("XE", [], signers)),
        "csca.pem": elsewhere.csca_certificate.public_bytes(Encoding.PEM).decode(),
        "jwks.json": json.dumps({"iss": elsewhere.profile.address, "keys": [jwk(key)]}),
        "did.json": json.dumps(
            did_document(elsewhere.profile, {"did:elsewhere": elsewhere.signing(Format.DIVOC).signer.public_key})
        ),
    }
    for name, text in content.items():
        (tmp_path / name).write_text(text, "utf-8")
    return {name: tmp_path / name for name in content}


async def test_certificates_of_others_are_believed_once_their_list_is_loaded(
    conn: Connection, floor: Floor, elsewhere: Issuer, lists: dict[str, Path]
) -> None:
    texts = codes(elsewhere, floor)
    for text in texts.values():
        with pytest.raises(UnknownSigner):
            await certificates.verify(conn, floor, text)
    for path in lists.values():
        found = certificates.read_trust(path)
        assert not found.unread
        await certificates.load_trust(conn, floor, found)
    issuers = set()
    for form, text in texts.items():
        facts = await certificates.verify(conn, floor, text)
        assert (facts.format, facts.dose) == (form, 2)
        issuers.add(facts.issuer)
    assert issuers == {"https://health.example/", "XE", "https://cards.health.example"}
    loaded = {(one.source, one.kind): one.keys for one in await certificates.trust_sources(conn)}
    assert loaded == {
        ("dcc.json", "signer"): 2,
        ("csca.pem", "authority"): 1,
        ("jwks.json", "card"): 1,
        ("did.json", "credential"): 1,
    }
    other = new_issuer(elsewhere.profile, floor.clock.now())
    for text in codes(other, floor).values():
        with pytest.raises(CertificateRefused):
            await certificates.verify(conn, floor, text)


async def test_a_list_loaded_again_replaces_what_it_brought(
    conn: Connection, floor: Floor, elsewhere: Issuer, lists: dict[str, Path]
) -> None:
    path = lists["dcc.json"]
    await certificates.load_trust(conn, floor, certificates.read_trust(path))
    text = codes(elsewhere, floor)[Format.EU_DCC]
    assert (await certificates.verify(conn, floor, text)).issuer == "XE"
    path.write_text(json.dumps(json.loads(path.read_text())[1:]))
    await certificates.load_trust(conn, floor, certificates.read_trust(path))
    with pytest.raises(UnknownSigner):
        await certificates.verify(conn, floor, text)
    assert await certificates.drop_trust(conn, "dcc.json") == 1
    assert await certificates.drop_trust(conn, "dcc.json") == 0


async def test_a_namesake_of_ours_is_told_apart(conn: Connection, floor: Floor, tmp_path: Path) -> None:
    """A deployment that took over Co-WIN's settings goes by the same names as the real one."""
    namesake = new_issuer(PROFILE, floor.clock.now())
    text = SIGNERS[Format.DIVOC](statement(**today(floor)), namesake).text
    await certificates.own_issuer(conn, floor)
    with pytest.raises(SignatureBroken):
        await certificates.verify(conn, floor, text)
    path = tmp_path / "real.json"
    keys = {PROFILE.verification_method: namesake.signing(Format.DIVOC).signer.public_key}
    path.write_text(json.dumps(did_document(PROFILE, keys)))
    await certificates.load_trust(conn, floor, certificates.read_trust(path))
    assert (await certificates.verify(conn, floor, text)).dose == 2
    assert (await certificates.verify(conn, floor, (await sign_now(conn, floor))[Format.DIVOC])).dose == 2


async def test_a_foreign_form_that_is_not_understood_cannot_be_checked(
    conn: Connection, floor: Floor, elsewhere: Issuer, lists: dict[str, Path]
) -> None:
    await certificates.load_trust(conn, floor, certificates.read_trust(lists["did.json"]))
    strange = replace(elsewhere, profile=replace(elsewhere.profile, context_url="https://health.example/own-words"))
    text = SIGNERS[Format.DIVOC](statement(**today(floor)), strange).text
    with pytest.raises(CannotCheck):
        await certificates.verify(conn, floor, text)


@pytest.mark.parametrize("swap", [("vaccine", "batch"), ("vaccine", "manufacturer"), ("dose", "totalDoses")])
async def test_fields_of_others_that_can_be_swapped_are_not_called_genuine(
    conn: Connection, floor: Floor, elsewhere: Issuer, lists: dict[str, Path], swap: tuple[str, str]
) -> None:
    await certificates.load_trust(conn, floor, certificates.read_trust(lists["did.json"]))
    first = statement(**today(floor), doses=(dose(1),))
    document = opened(SIGNERS[Format.DIVOC](first, elsewhere).text)
    assert (await certificates.verify(conn, floor, packed(document))).dose == 1
    evidence, (one, other) = document["evidence"][0], swap
    evidence[one], evidence[other] = evidence[other], evidence[one]
    told = (await certificates.judge(conn, floor, [packed(document)])).verdict
    assert told is (Verdict.ALTERED if "dose" in swap else Verdict.CANNOT_CHECK)


async def test_a_form_that_comes_too_late_is_not_handed_out(
    pool: Pool, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody revokes while another asks for a form that was not signed yet: what is not stored is not given."""
    async with transaction(pool) as conn:
        with monkeypatch.context() as before:
            before.setattr("opencowin.certificates.issuing.sign_all", lambda what, issuer: [
                SIGNERS[form](what, issuer) for form in certificates.EVERYDAY
            ])  # fmt: skip
            person = (await builders.member(conn, floor)).person
            given = vaccination.GivenDose(person, uuid4(), 1, "COVISHIELD", "B1", floor.clock.today(), "Nurse Example")
            await vaccination.record_dose(conn, floor, DESK, given)
            (number,) = await certificates.issue_due(conn, floor, person)
    signed: list[Format] = []

    async def revoked_meanwhile(conn: Connection, floor: Floor) -> Issuer:
        if not signed:
            signed.append(Format.DIVOC)
            async with transaction(pool) as other:
                await certificates.revoke(other, floor, builders.TEST, number, "issued for the wrong person")
        return await own_issuer(conn, floor)

    monkeypatch.setattr("opencowin.certificates.issuing.own_issuer", revoked_meanwhile)
    async with transaction(pool) as conn:
        with pytest.raises(OwnCertificateRevoked):
            await certificates.sheet(conn, floor, DESK, person)
    assert signed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{}"),
        ("a.json", "not json"),
        ("a.json", '{"keys": [{"kty": "EC"}]}'),
        ("a.json", "[]"),
        ("a.pem", ""),
    ],
)
def test_what_is_no_trust_list_is_told(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(NoTrustList):
        certificates.read_trust(path)


def test_what_cannot_be_read_in_a_list_is_left_out(tmp_path: Path, elsewhere: Issuer) -> None:
    good = dcc_trust_list("XE", [], [elsewhere.signing(Format.EU_DCC).certified])[0]
    path = tmp_path / "dcc.json"
    path.write_text(json.dumps([{"rawData": base64.b64encode(b"rubbish").decode(), "kid": "AAAA"}, good, {}]))
    found = certificates.read_trust(path)
    assert (len(found.keys), [line.partition(":")[0] for line in found.unread]) == (1, ["number 1", "number 3"])


@pytest.mark.parametrize(("use", "kind"), [("DSC", "signer"), ("CSCA", "authority"), (None, "authority")])
def test_a_signer_that_certifies_itself_is_what_its_list_says(
    tmp_path: Path, elsewhere: Issuer, use: str | None, kind: str
) -> None:
    itself = elsewhere.csca_certificate.public_bytes(Encoding.DER)
    entry = {"rawData": base64.b64encode(itself).decode(), "kid": "AAECAwQFBgc="}
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps([entry | ({"certificateType": use} if use else {})]))
    (read,) = certificates.read_trust(path).keys
    assert read.kind == kind
    assert (read.key_id == "0001020304050607") == (kind == "signer")


@pytest.fixture
async def vaccinated(conn: Connection, floor: Floor) -> registry.Beneficiary:
    """A person with a passport and a first dose."""
    number = f"Q{uuid4().int % 9_000_000 + 1_000_000}"
    asked = registry.Registration("Asha Example", 1980, 2, 8, number, False, "1")
    person = await registry.register(conn, floor, DESK, uuid4(), asked, channel=registry.Channel.IMPORT)
    given = vaccination.GivenDose(
        person=person.person,
        dose_id=uuid4(),
        dose_number=1,
        vaccine_id="COVISHIELD",
        batch_number="B1",
        given_on=floor.clock.today(),
        vaccinator_name="Nurse Example",
    )
    await vaccination.record_dose(conn, floor, DESK, given)
    return replace(person, document_masked=number)


async def test_the_passports_number_stands_on_papers_for_travel_alone(
    conn: Connection, floor: Floor, vaccinated: registry.Beneficiary
) -> None:
    paper = await certificates.sheet(conn, floor, DESK, vaccinated.person)
    number = vaccinated.document_masked
    assert paper.statement.travel_document == number
    assert f'"i":"{number}"' in paper.payloads[Format.ICAO_VDS_NC]
    assert number not in paper.payloads[Format.DIVOC]
    assert set(paper.payloads) == set(Format)
    read = await fetch_value(
        conn, "SELECT count(*) FROM audit WHERE action = 'registry.travel_document' AND subject_id = %(id)s",
        id=str(vaccinated.person.beneficiary_id),
    )  # fmt: skip
    assert read == 1


async def test_an_older_certificate_gets_the_forms_that_came_later(
    conn: Connection, floor: Floor, vaccinated: registry.Beneficiary, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("opencowin.certificates.issuing.sign_all", lambda what, issuer: [
            SIGNERS[form](what, issuer) for form in certificates.EVERYDAY
        ])  # fmt: skip
        before.setattr("opencowin.registry.read_travellers", no_passports)
        await certificates.issue_due(conn, floor, vaccinated.person)
    paper = await certificates.sheet(conn, floor, DESK, vaccinated.person)
    assert set(paper.payloads) == set(Format) - {Format.ICAO_VDS_NC}
    assert paper.lacking == {Format.ICAO_VDS_NC: Lacking.PASSPORT}
    again = await certificates.sheet(conn, floor, DESK, vaccinated.person)
    assert again.payloads == paper.payloads, "signed once and kept"


async def no_passports(*asked: Any, **also: Any) -> dict[registry.Person, registry.Traveller]:
    """As before passports were looked at."""
    return {who: replace(one, passport="") for who, one in (await READ_TRAVELLERS(*asked, **also)).items()}
