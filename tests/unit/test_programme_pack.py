"""The programme of a country pack: India's is sound, and a broken one is told where it is broken."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from opencowin.kit.country import PackBroken
from opencowin.kit.pack import CountryPack, open_pack
from opencowin.programme import AgeBasis, DoseGiven, Facts, next_due, read_programme
from opencowin.programme.ages import anniversary
from opencowin.programme.pack import dump, load

TODAY = date(2026, 11, 23)


@pytest.fixture
def pack(tmp_path: Path) -> CountryPack:
    folder = open_pack("india").folder
    for file in ("programme.toml", "vaccines.toml"):
        shutil.copy(folder / file, tmp_path)
    return CountryPack("copy", tmp_path)


def edit(pack: CountryPack, file: str, old: str, new: str) -> None:
    path = pack.folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_pack_is_sound() -> None:
    programme = read_programme(open_pack("india"))
    assert programme.programme_id == "covid-19"
    assert {"COVISHIELD", "COVAXIN", "SPUTNIK V", "CORBEVAX"} <= programme.vaccines.keys()
    assert programme.groups["aged_12_to_14"].min_age_by is AgeBasis.BIRTH_DATE
    assert all(vaccine.name_l.get("hi") for vaccine in programme.vaccines.values())
    assert all(group.name_l.get("hi") for group in programme.groups.values())
    assert all(kind.name_l.get("hi") for kind in programme.exemption_kinds.values())


def test_every_vaccine_has_a_step_for_each_dose_of_its_series() -> None:
    programme = read_programme(open_pack("india"))
    for vaccine in programme.vaccines.values():
        doses = {step.dose for step in programme.steps if step.vaccine_id == vaccine.vaccine_id}
        assert set(range(1, vaccine.primary_doses + 1)) <= doses


def test_json_and_back_is_the_same_programme() -> None:
    programme = read_programme(open_pack("india"))
    assert load(*dump(programme)) == programme


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("programme.toml", "min_days = 84", 'min_days = "long"', r"step\[covishield-2-12-weeks\]\.min_days"),
        ("programme.toml", "min_days = 84", "mindays = 84", r"step\[covishield-2-12-weeks\]\.mindays"),
        ("programme.toml", "max_days = 112", "max_days = 80", "covishield-2-12-weeks: min_days"),
        ("programme.toml", "min_age = 60", 'min_age = 60\nmin_age_by = "moon"', "aged_60_and_over.*min_age_by"),
        ("programme.toml", 'after = ["COVAXIN"]', 'after = ["COVAXINE"]', "there is no COVAXINE"),
        ("programme.toml", 'after = ["COVAXIN"]', "after = []", "covaxin-2.after"),
        ("programme.toml", 'group_id = "frontline_worker"\ndoses', 'group_id = "front"\ndoses', "there is no front"),
        ("programme.toml", "doses = [1, 2]", "doses = [0]", "hcw-primary.doses"),
        ("programme.toml", "max_age = 59", "max_age = 40", "max_age is below min_age"),
        ("programme.toml", 'rule_id = "flw-primary"', 'rule_id = "hcw-primary"', "hcw-primary: used 2 times"),
        ("programme.toml", "valid_from = 2021-02-02", "valid_from = 2021-02-02\nvalid_until = 2021-01-01", "before"),
        ("programme.toml", "valid_from = 2021-02-02", "valid_from = 2021-13-02", "line"),
        ("vaccines.toml", "primary_doses = 2", "primary_doses = 0", r"vaccine\[COVISHIELD\]\.primary_doses"),
        ("vaccines.toml", 'manufacturer = "Biological E"\n', "", r"vaccine\[CORBEVAX\]\.manufacturer"),
    ],
)
def test_a_fault_is_told_with_its_file_and_key(pack: CountryPack, file: str, old: str, new: str, told: str) -> None:
    edit(pack, file, old, new)
    with pytest.raises(PackBroken, match=told) as caught:
        read_programme(pack)
    assert caught.value.details["file"] == file


def test_a_missing_file_is_told(pack: CountryPack) -> None:
    (pack.folder / "vaccines.toml").unlink()
    with pytest.raises(PackBroken, match=r"missing in vaccines\.toml"):
        read_programme(pack)


def due(facts: Facts) -> tuple[int, tuple[str, ...], date, date | None] | None:
    found = next_due(facts, read_programme(open_pack("india")), TODAY)
    return None if found is None else (found.dose, found.vaccines, found.from_date, found.by_date)


def test_what_is_due_today() -> None:
    first = DoseGiven(1, "COVISHIELD", date(2026, 11, 1))
    both = (DoseGiven(1, "COVAXIN", date(2026, 1, 1)), DoseGiven(2, "COVAXIN", date(2026, 3, 1)))
    assert due(Facts(birth_year=1990, doses=(first,))) == (2, ("COVISHIELD",), date(2027, 1, 24), date(2027, 2, 21))
    assert due(Facts(birth_year=1990, doses=both)) == (3, ("COVAXIN", "CORBEVAX"), date(2026, 8, 30), None)
    assert due(Facts(birth_year=1990, doses=(*both, DoseGiven(3, "COVAXIN", TODAY)))) is None
    child = due(Facts(birth_year=2014, birth_date=date(2014, 12, 5)))
    assert child == (1, ("CORBEVAX", "COVOVAX"), date(2026, 12, 5), None)


def test_a_due_date_follows_the_rule_in_force_now() -> None:
    facts = Facts(birth_year=1955, doses=(DoseGiven(1, "COVISHIELD", date(2021, 3, 1)),))
    programme = read_programme(open_pack("india"))
    before, after = (next_due(facts, programme, on) for on in (date(2021, 5, 12), date(2021, 5, 17)))
    assert before is not None
    assert before.from_date == date(2021, 3, 29)
    assert after is not None
    assert after.from_date == date(2021, 5, 24)


def test_who_was_born_on_29_february_completes_the_year_on_1_march() -> None:
    assert anniversary(12, 2012, date(2012, 2, 29)) == date(2024, 2, 29)
    assert anniversary(13, 2012, date(2012, 2, 29)) == date(2025, 3, 1)
    assert anniversary(12, 2012, None) == date(2024, 12, 31)
