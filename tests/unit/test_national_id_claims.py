"""Claims of a provider of national IDs, as facts of a person: what is told, and what is left empty."""

from datetime import date
from typing import Any

import pytest

from opencowin.identity import ClaimNames, ClientAuthentication, Provider
from opencowin.kit.floor import Floor
from opencowin.web.national_id import told

CLAIMS = {"sub": "4711", "name": "Meena Devi", "birthdate": "1988-05-17", "gender": "female"}


def provider(**facts: Any) -> Provider:
    known = {
        "id": "citizen",
        "name": "Citizen ID",
        "issuer": "https://id.example.org",
        "client_id": "us",
        "authentication": ClientAuthentication.CLIENT_SECRET_BASIC,
        "genders": {"Female": 2},
    }
    return Provider(**{**known, **facts})


def test_a_person_is_read_from_the_usual_claims(floor: Floor) -> None:
    known = told(floor, provider(), CLAIMS)
    assert (known.subject, known.mobile) == ("4711", None)
    proof = known.proof
    assert (proof.name, proof.birth_date, proof.birth_year) == ("Meena Devi", date(1988, 5, 17), 1988)
    assert (proof.gender_id, proof.document_type_id, proof.document_number) == (2, None, "")


@pytest.mark.parametrize(
    ("written", "form", "read"),
    [
        ("1988/05/17", "%Y/%m/%d", (date(1988, 5, 17), 1988)),
        ("1988", "%Y-%m-%d", (None, 1988)),
        ("0000-05-17", "%Y-%m-%d", (None, None)),
        ("17 May", "%Y-%m-%d", (None, None)),
        (1988, "%Y-%m-%d", (None, None)),
    ],
)
def test_a_birth_is_a_date_or_a_year(floor: Floor, written: object, form: str, read: tuple[Any, Any]) -> None:
    proof = told(floor, provider(birth_date_format=form), {**CLAIMS, "birthdate": written}).proof
    assert (proof.birth_date, proof.birth_year) == read


def test_what_cannot_be_read_is_left_empty(floor: Floor) -> None:
    proof = told(floor, provider(), {"sub": "1", "name": "R2-D2", "gender": "robot", "birthdate": None}).proof
    assert (proof.name, proof.gender_id, proof.birth_year) == ("", None, None)


def test_a_name_in_several_languages_is_one_of_them(floor: Floor) -> None:
    claims = {"sub": "1", "name#hi": "मीना देवी", "name#en": "Meena Devi"}
    assert told(floor, provider(), claims).proof.name == "मीना देवी"


@pytest.mark.parametrize(("verified", "number"), [(True, "9000000001"), ("true", None), (False, None), (None, None)])
def test_a_number_counts_only_where_it_is_verified(floor: Floor, verified: object, number: str | None) -> None:
    claims = {**CLAIMS, "phone_number": "9000000001", "phone_number_verified": verified}
    assert told(floor, provider(claims=ClaimNames(mobile="phone_number")), claims).mobile == number
    assert told(floor, provider(), claims).mobile is None


def test_a_document_is_of_the_kind_that_is_told_or_of_the_providers_only_kind(floor: Floor) -> None:
    names = ClaimNames(document_number="number", document_kind="kind")
    both = provider(claims=names, document=6, documents={"passport": 8})
    a_pan = told(floor, both, {**CLAIMS, "number": "abcpa0009z"}).proof
    assert (a_pan.document_type_id, a_pan.document_number) == (6, "abcpa0009z")
    a_passport = told(floor, both, {**CLAIMS, "kind": "passport", "number": "K1234567"}).proof
    assert a_passport.document_type_id == 8
    assert told(floor, both, {**CLAIMS, "number": "no number of this kind"}).proof.document_type_id is None


def test_a_pseudonym_is_the_same_each_time_and_another_for_each_person(floor: Floor) -> None:
    secretive = provider(pseudonym_document=9)
    one, again, other = (told(floor, secretive, {"sub": sub}).proof for sub in ("1", "1", "2"))
    assert one == again
    assert one.document_number != other.document_number
    assert len(one.document_number) == 20
