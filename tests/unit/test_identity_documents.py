"""Identity documents: what is accepted, as what, and what is shown of it."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencowin.kit.country import PackBroken
from opencowin.kit.i18n import read_catalogues
from opencowin.kit.pack import CountryPack, open_pack
from opencowin.registry.documents import (
    DocumentNumberInvalid,
    DocumentNumberMissing,
    DocumentTypes,
    UnknownDocumentType,
    mask,
)

INDIA = DocumentTypes.parse(open_pack("india"))
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
QUICK = settings(max_examples=60, deadline=None, database=None, derandomize=True)


@pytest.mark.parametrize(
    ("type_id", "written", "normalised", "masked"),
    [
        (1, "234123412346", "234123412346", "XXXXXXXX2346"),
        (1, " 2341 2341-2346 ", "234123412346", "XXXXXXXX2346"),
        (1, "२३४१ २३४१ २३४६", "234123412346", "XXXXXXXX2346"),
        (1, "２３４１２３４１２３４６", "234123412346", "XXXXXXXX2346"),
        (1, "2341\u200b2341\u00a02346", "234123412346", "XXXXXXXX2346"),
        (2, "mh-14 2011/0062821", "MH1420110062821", "XXXXXXXXXXX2821"),
        (6, "acupa7085r", "ACUPA7085R", "XXXXXX085R"),
        (6, "ＡＣＵＰＡ７０８５Ｒ", "ACUPA7085R", "XXXXXX085R"),
        (8, "j 8369854", "J8369854", "XXXX9854"),
        (8, "C01X00T47", "C01X00T47", "XXXXX0T47"),
        (9, "PPO/123/4567", "PPO/123/4567", "XXXXXXXX4567"),
        (11, "NPR 00123456", "NPR00123456", "XXXXXXX3456"),
        (12, "WKH1186253", "WKH1186253", "XXXXXX6253"),
        (12, "dl/01/001/000123", "DL/01/001/000123", "XXXXXXXXXXXX0123"),
        (15, "MH 2610719950000123", "MH2610719950000123", "XXXXXXXXXXXXXX0123"),
    ],
)
def test_a_number_is_accepted_as_people_write_it(type_id: int, written: str, normalised: str, masked: str) -> None:
    accepted = INDIA.accept(type_id, written)
    assert (accepted.type_id, accepted.normalised, accepted.masked) == (type_id, normalised, masked)
    assert accepted.is_unique


@pytest.mark.parametrize("written", ["XXXXXXXX9999", "xxxx xxxx 9999"])
def test_a_number_that_shows_only_a_part_identifies_nobody(written: str) -> None:
    accepted = INDIA.accept(1, written)
    assert (accepted.normalised, accepted.masked, accepted.is_unique) == ("XXXXXXXX9999", "XXXXXXXX9999", False)


def test_the_card_of_a_household_identifies_nobody_alone() -> None:
    assert not INDIA.accept(16, "RC 1234567890").is_unique


@QUICK
@given(
    st.text(LETTERS, min_size=3, max_size=3),
    st.sampled_from(LETTERS),
    st.integers(1, 9999),
    st.sampled_from(LETTERS),
)
def test_every_personal_tax_number_is_accepted(head: str, initial: str, serial: int, last: str) -> None:
    number = f"{head}P{initial}{serial:04d}{last}"
    assert INDIA.accept(6, number).normalised == number


@pytest.mark.parametrize(
    ("type_id", "written"),
    [
        (1, "234123412347"),
        (1, "123412341234"),
        (1, "9999"),
        (1, "XXXX9999"),
        (2, "KA"),
        (6, "ACUPA0000R"),
        (6, "ACUXA7085R"),
        (6, "ACUPA7085"),
        (8, "PASSPORT"),
        (12, "WKH118625"),
        (12, "W" * 5000),
        (15, "MH12"),
        (9, "----"),
    ],
)
def test_a_wrong_number_is_refused_with_what_to_write(type_id: int, written: str) -> None:
    with pytest.raises(DocumentNumberInvalid) as caught:
        INDIA.accept(type_id, written)
    assert caught.value.field == "photo_id_number"
    assert INDIA.get(type_id).how_to_write in caught.value.message
    assert written not in caught.value.message


def test_no_number_and_no_such_type() -> None:
    with pytest.raises(DocumentNumberMissing) as missing:
        INDIA.accept(6, "  ")
    assert missing.value.message == "Write the number of the PAN Card: five letters, four digits and a letter."
    with pytest.raises(UnknownDocumentType, match="Choose one of: Aadhaar Card, Driving License") as unknown:
        INDIA.accept(7, "X")
    assert (missing.value.field, unknown.value.field) == ("photo_id_number", "photo_id_type")


@QUICK
@given(st.text(st.characters(max_codepoint=0xFFFF), max_size=45), st.sampled_from([kind.id for kind in INDIA.all()]))
def test_any_text_is_accepted_or_refused_and_a_normal_form_is_its_own(text: str, type_id: int) -> None:
    try:
        accepted = INDIA.accept(type_id, text)
    except (DocumentNumberInvalid, DocumentNumberMissing):
        return
    assert INDIA.accept(type_id, accepted.normalised) == accepted
    assert accepted.normalised.isascii()


@QUICK
@given(st.text(LETTERS, min_size=1, max_size=20), st.integers(0, 12))
def test_a_mask_hides_at_least_half(number: str, show_last: int) -> None:
    hidden = mask(number, show_last)
    assert len(hidden) == len(number)
    shown = min(show_last, len(number) // 2)
    assert hidden == "X" * (len(number) - shown) + number[len(number) - shown :]


def test_the_pack_has_the_types_of_the_wire() -> None:
    kinds = {kind.id: (kind.name, kind.doc_type) for kind in INDIA.all()}
    assert list(kinds) == [1, 2, 6, 8, 9, 11, 12, 15, 16]
    assert kinds[1] == ("Aadhaar Card", None)
    assert kinds[6] == ("PAN Card", "PANCR")
    assert all(kind.name_l.get("hi") for kind in INDIA.all())


@pytest.fixture
def pack(tmp_path: Path) -> CountryPack:
    shutil.copy(open_pack("india").folder / "identity_documents.toml", tmp_path)
    return CountryPack("copy", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("stdnum.in_.pan", "stdnum.in_.pin", "no module stdnum.in_.pin"),
        ("stdnum.in_.pan", "os.path", "no module os.path"),
        ("stdnum.in_.pan", "stdnum.util", "no module stdnum.util"),
        ("stdnum.in_.pan", "stdnum.in_.pan.os", "no module"),
        ("stdnum.in_.pan", "stdnum.zz.pan", "no module"),
        ('check = "stdnum.in_.pan"', "", "either check or pattern"),
        ('check = "stdnum.in_.pan"', 'check = "stdnum.in_.pan"\npattern = "x"', "either check or pattern"),
        ("'[A-Z]{2}[A-Z0-9]{16}'", "'[A-Z'", "document 15.pattern"),
        ("id = 16", "id = 15", "id 15 is used twice"),
        ("unique = false", "uniq = false", "uniq"),
        ("id = 16", "id = ", "line"),
    ],
)
def test_a_fault_in_the_pack_is_told(pack: CountryPack, old: str, new: str, told: str) -> None:
    path = pack.folder / "identity_documents.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PackBroken, match=told):
        DocumentTypes.parse(pack)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackBroken, match="missing"):
        DocumentTypes.parse(CountryPack("empty", tmp_path))


def test_a_refusal_names_the_document_in_the_readers_language() -> None:
    with pytest.raises(DocumentNumberInvalid) as caught:
        INDIA.accept(6, "nonsense")
    told = read_catalogues().refusal(caught.value, "hi")
    assert INDIA.get(6).name_l["hi"] in told
    assert INDIA.get(6).name in caught.value.message


def test_every_document_is_named_and_explained_in_every_language() -> None:
    pack = open_pack("india")
    languages = {str(one["code"]) for one in pack.toml("country.toml")["language"]} - {"en"}
    documents = pack.toml("identity_documents.toml")["document"]
    lacking = {
        (one["name"], part): languages - set(one[part])
        for one in [*documents, pack.toml("country.toml")["postal_code"]]
        for part in ("name_l", "how_to_write_l")
        if languages - set(one[part])
    }
    assert lacking == {}
    assert set(pack.toml("country.toml")["mobile"]["how_to_write_l"]) == languages
