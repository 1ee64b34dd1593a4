"""The same place under two spellings, and two places under names that look alike."""

import csv
from pathlib import Path

import pytest

from opencowin.kit.pack import CountryPack, open_pack
from opencowin.places.atlas import read_atlas
from opencowin.places.matching import How, Spelling, likeness, match_names, plain, read_spelling

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "cowin_districts.csv"


@pytest.fixture(scope="module")
def india() -> CountryPack:
    return open_pack("india")


@pytest.fixture(scope="module")
def spelling(india: CountryPack) -> Spelling:
    return read_spelling(india)


def pairs(official: list[str], ours: list[str], spelling: Spelling) -> dict[str, tuple[str, How]]:
    return {official[m.official]: (ours[m.ours], m.how) for m in match_names(official, ours, spelling)}


def test_plain_forgets_case_accents_and_punctuation() -> None:
    assert plain("  Y.S.R.-Kadāpa & Co ") == "y s r kadapa and co"


@pytest.mark.parametrize(
    ("official", "ours", "how"),
    [
        ("Ernakulam", "ERNAKULAM", How.EXACT),
        ("Aurangabad ", "Aurangabad", How.EXACT),
        ("North 24 Parganas", "24 Paraganas North", How.ALIAS),
        ("Bangalore Urban", "Bengaluru Urban", How.ALIAS),
        ("Uttar Kannada", "Uttara Kannada", How.ALIAS),
        ("Raebareli", "Rae Bareli", How.ALIAS),
        ("SBS Nagar", "Shahid Bhagat Singh Nagar", How.ALIAS),
        ("Thoothukudi (Tuticorin)", "Tuticorin", How.PART),
        ("Tiruvallur", "Thiruvallur", How.NEAR),
        ("Medchal", "Medchal Malkajgiri", How.NEAR),
    ],
)
def test_one_place_under_two_spellings(official: str, ours: str, how: How, spelling: Spelling) -> None:
    assert pairs([official], [ours], spelling) == {official: (ours, how)}


@pytest.mark.parametrize(
    ("official", "ours"),
    [
        ("East Siang", "West Siang"),
        ("Siang", "Upper Siang"),
        ("Ahmedabad Corporation", "Ahmedabad"),
        ("Jaipur II", "Jaipur"),
        ("Bengaluru Rural", "Bengaluru Urban"),
        ("Rampur", "Kanpur Nagar"),
        ("Mon", "Morena"),
    ],
)
def test_two_places_with_names_alike(official: str, ours: str, spelling: Spelling) -> None:
    assert pairs([official], [ours], spelling) == {}


def test_a_sure_match_goes_before_a_doubtful_one(spelling: Spelling) -> None:
    found = pairs(["Bishnupur HD (Bankura)", "Bankura"], ["Bankura"], spelling)
    assert found == {"Bankura": ("Bankura", How.EXACT)}


def test_nothing_is_guessed_between_two_candidates_equally_near(spelling: Spelling) -> None:
    assert pairs(["Tiruvalur"], ["Tiruvallur", "Tiruvallurr"], spelling) == {}
    assert pairs(["Tiruvalur"], ["Tiruvallur", "Madurai"], spelling) == {"Tiruvalur": ("Tiruvallur", How.NEAR)}


def test_likeness_has_its_ends(spelling: Spelling) -> None:
    assert likeness("Pune", "Pune", spelling) == 1.0
    assert likeness("North Goa", "South Goa", spelling) == 0.0


@pytest.mark.skipif(not OFFICIAL.is_file(), reason="the official table is not part of the project")
def test_the_official_table_is_recognised(india: CountryPack, spelling: Spelling) -> None:
    ours = [(district.state_id, district.name) for district in read_atlas(india).districts]
    with OFFICIAL.open(encoding="utf-8", newline="") as lines:
        official = [(int(row["state_id"]), row["district_name"]) for row in csv.DictReader(lines)]
    found = 0
    for state_id in {state_id for state_id, _ in official}:
        there = [name for number, name in official if number == state_id]
        here = [name for number, name in ours if number == state_id]
        matches = match_names(there, here, spelling)
        assert len({match.ours for match in matches}) == len(matches)
        found += len(matches)
    assert found >= 725
