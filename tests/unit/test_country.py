"""What a country pack says of the country, and how people write mobile numbers and postal codes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencowin.kit.country import Country, InvalidMobile, InvalidPostalCode, PackBroken, read_country
from opencowin.kit.pack import CountryPack, open_pack

INDIA = read_country(open_pack("india"))


@pytest.mark.parametrize(
    "written",
    [
        "9876543210",
        9876543210,
        919876543210,
        "+91 98765 43210",
        "+91-98765-43210",
        "0091 9876543210",
        "098765 43210",
        "९८७६५४३२१०",
        "৯৮৭৬৫৪৩২১০",
        "\u202a+91 98765\u00a043210\u202c",
    ],
)
def test_a_mobile_number_as_people_write_it(written: str | int) -> None:
    assert INDIA.normalise_mobile(written) == "9876543210"


def test_a_number_that_begins_like_the_country_prefix_is_kept() -> None:
    assert INDIA.normalise_mobile("9198765432") == "9198765432"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "12345",
        "5876543210",
        "98765432101",
        "+1 9876543210",
        "98765x3210",
        "9876543210\n;",
        "++919876543210",
        -9876543,
    ],
)
def test_what_is_no_mobile_number_is_refused(written: str | int) -> None:
    with pytest.raises(InvalidMobile, match="ten digits") as refused:
        INDIA.normalise_mobile(written)
    assert refused.value.field == "mobile"


@given(st.integers(6_000_000_000, 9_999_999_999))
def test_normalising_twice_is_normalising_once(number: int) -> None:
    assert INDIA.normalise_mobile(INDIA.mobile.international(INDIA.normalise_mobile(number))) == str(number)


@pytest.mark.parametrize(("written", "code"), [("682 001", "682001"), (682001, "682001"), ("६८२००१", "682001")])
def test_a_postal_code_as_people_write_it(written: str | int, code: str) -> None:
    assert INDIA.postal_code.normalise(written) == code


@pytest.mark.parametrize("written", ["", "082001", "68200", "6820011", "SW1A 1AA"])
def test_what_is_no_postal_code_is_refused(written: str) -> None:
    with pytest.raises(InvalidPostalCode, match="PIN code"):
        INDIA.postal_code.normalise(written)


def test_large_numbers_come_largest_first_with_a_word_in_every_language() -> None:
    assert [large.amount for large in INDIA.large_numbers] == [10_000_000, 100_000]
    codes = {language.code for language in INDIA.languages}
    assert all(set(large.words) == codes for large in INDIA.large_numbers)


def test_thirteen_languages_are_found_by_code_and_locale() -> None:
    assert len(INDIA.languages) == 13
    for tag in ("hi", "hi_IN", "HI-in"):
        language = INDIA.language(tag)
        assert language is not None
        assert language.own_name == "हिन्दी"
    assert [language.code for language in INDIA.languages if language.direction == "rtl"] == ["ur"]
    assert INDIA.language("fr") is None
    assert set(INDIA.names) == {language.code for language in INDIA.languages} == set(INDIA.nationality)


def changed(tmp_path: Path, old: str, new: str) -> Country:
    text = (open_pack("india").folder / "country.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "country.toml").write_text(text.replace(old, new), "utf-8")
    return read_country(CountryPack(name="broken", folder=tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('time_zone = "Asia/Kolkata"\n', "", "'time_zone' is missing"),
        ("Asia/Kolkata", "Asia/Atlantis", "Atlantis"),
        ("'[6-9]", "'[6-9", "unterminated"),
        ('default_language = "en"', 'default_language = "fr"', "not among the languages"),
        ('direction = "rtl"', 'direction = "up"', "up"),
        ("decimals = 2", "decimal = 2", "decimal"),
        ('name = "India"', "name = ", "Invalid value"),
    ],
)
def test_a_broken_pack_says_what_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(PackBroken, match=says):
        changed(tmp_path, old, new)
