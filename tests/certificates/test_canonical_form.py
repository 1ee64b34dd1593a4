"""The hand-mapped canonical form equals that of a general JSON-LD processor, whatever the texts are."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencowin.certificates.canon import NotMappable, canonical_credential, canonical_proof
from tests.certificates.general import CREDENTIALS, SECURITY, VACCINATION, general
from tests.certificates.vectors import mapped, refused

# A tab is written differently by JSON-LD processors and never signed; the others here are odd but agreed on.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\x00"), max_size=12) | st.sampled_from(
    ["", "क्\u200dष", 'quo"te', "back\\slash", "line\nbreak", "\r", "\u2028", "😀", "A\u0301"]
)
NUMBER = st.integers(0, 9)
IRI = st.from_regex(r"did:[a-z]{1,8}:[0-9A-Za-z]{0,12}", fullmatch=True)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


PLACE = ["streetAddress", "streetAddress2", "city", "district", "postalCode", "addressRegion"]
ADDRESSES = some(**dict.fromkeys(PLACE, TEXT))
SUBJECTS = st.builds(
    lambda about, identity: about | {"id": identity, "type": "Person"},
    some(refId=TEXT, uhid=TEXT, name=TEXT, age=TEXT, gender=TEXT, nationality=TEXT, address=ADDRESSES),
    IRI,
)
FACTS = ["certificateId", "batch", "vaccine", "manufacturer", "feedbackUrl", "infoUrl", "date", "effectiveUntil"]
EVIDENCES = st.builds(
    lambda about, number: about | {"id": f"https://cowin.gov.in/vaccine/{number}", "type": ["Vaccination"]},
    some(
        **dict.fromkeys(FACTS, TEXT),
        dose=NUMBER,
        totalDoses=NUMBER,
        verifier=some(name=TEXT),
        facility=some(name=TEXT, address=ADDRESSES),
    ),
    NUMBER,
)


@settings(max_examples=60, deadline=None)
@given(SUBJECTS, EVIDENCES)
def test_a_credential_has_the_same_canonical_form(subject: dict[str, Any], evidence: dict[str, Any]) -> None:
    document = {
        "@context": [CREDENTIALS, VACCINATION],
        "type": ["VerifiableCredential", "ProofOfVaccinationCredential"],
        "issuer": "https://cowin.gov.in/",
        "issuanceDate": "2021-06-04T12:00:00Z",
        "nonTransferable": "true",
        "credentialSubject": subject,
        "evidence": [evidence],
    }
    assert canonical_credential(document) == general(document)


@pytest.mark.parametrize("kind", ["RsaSignature2018", "Ed25519Signature2018"])
def test_a_proof_has_the_same_canonical_form(kind: str) -> None:
    options = {
        "type": kind,
        "created": "2021-06-04T12:00:00Z",
        "verificationMethod": "did:india",
        "proofPurpose": "assertionMethod",
    }
    assert canonical_proof(options) == general({"@context": SECURITY, **options})


@pytest.mark.parametrize(
    "odd", [{"unheard": "x"}, {"issuer": "no iri"}, {"nonTransferable": True}, {"type": ["Other"]}]
)
def test_what_the_contexts_do_not_define_is_refused(odd: dict[str, object]) -> None:
    with pytest.raises(NotMappable):
        canonical_credential({"type": ["VerifiableCredential"], **odd})


@pytest.mark.parametrize("document", mapped())
def test_the_vectors_that_the_page_is_held_to_have_the_general_form(document: dict[str, Any]) -> None:
    assert canonical_credential(document) == general({key: document[key] for key in document if key != "proof"})


@pytest.mark.parametrize("document", refused())
def test_the_vectors_that_the_page_refuses_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(NotMappable):
        canonical_credential(document)
