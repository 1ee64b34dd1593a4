"""Words written by SMS are understood in every language of the country, however they are spelt and punctuated."""

from dataclasses import replace
from pathlib import Path

import pytest

from opencowin.alerts import Keyword, keyword_of, read_keywords, stop_code, words_of
from opencowin.alerts.keywords import FILE
from opencowin.kit.country import PackBroken, read_country
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack, open_pack

INDIA = open_pack("india")


def test_every_language_of_the_country_has_every_word_in_its_script_or_latin() -> None:
    listed = INDIA.toml(FILE)
    assert {*listed, "en"} == {language.code for language in read_country(INDIA).languages}
    for language, words in listed.items():
        assert set(words) == set(Keyword), language
        assert all(any(not one.isascii() for one in words[name]) for name in words), language
    read = read_keywords(INDIA)
    assert all(read[words_of(one.value)[0]] is one for one in Keyword)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("STOP", ""),
        (" stop: ac3d. ", "AC3D"),
        ("stopAC3D", "AC3D"),
        ("रोको", ""),
        ("Roko, ac3d!", "AC3D"),
        ("బంద్ STOP", None),
        ("നിർത്തുക", ""),
        ("നിര്‍ത്തുക ac3d", "AC3D"),
        ("stop it please", None),
        ("STOP मत करो", None),
        ("nonstop AC3D", None),
        ("STOPPED", None),
        ("", None),
    ],
)
def test_stop_is_read_in_one_way(floor: Floor, text: str, code: str | None) -> None:
    assert stop_code(floor, text) == code


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Madad!", Keyword.HELP),
        ("उदवी", None),
        ("உதவி", Keyword.HELP),
        ("STATUS.", Keyword.STATUS),
        ("two words", None),
    ],
)
def test_a_word_is_found_whatever_its_case_and_punctuation(floor: Floor, word: str, meant: Keyword | None) -> None:
    assert keyword_of(floor, word) is meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[xx]\nhelp = ["find"]', "means two things"),
        ('[xx]\nhelp = ["two words"]', "is not one word"),
        ('[xx]\nsing = ["la"]', "nothing that can be asked for"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(PackBroken, match=said):
        read_keywords(CountryPack("xx", tmp_path))


def test_a_country_without_the_file_has_the_english_words(floor: Floor, tmp_path: Path) -> None:
    assert keyword_of(replace(floor, pack=CountryPack("yy", tmp_path)), "Help") is Keyword.HELP
