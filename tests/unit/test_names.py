"""Names of persons: any script, one form, and nothing that is not a name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencowin.registry import InvalidName, clean_name
from opencowin.registry.names import same_name

NAMES = [
    "Asha Kumari",
    "A. P. J. Abdul Kalam",
    "Miriam O'Neill-Das",
    "José Łukasz",
    "आशा कुमारी",
    "শ্রীমতী আশা",
    "ಆಶಾ ರಾವ್",
    "அ. ரமேஷ்",
    "محمد علی",
    "ശ്രീ\u200d",
    "王小明",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_script_are_kept(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        ".",
        "-'",
        "R2D2",
        "Asha; DROP TABLE",
        "<b>Asha</b>",
        "a@b",
        "Asha\u202egnop",
        "\u0301a",
        "\u200dA",
        "🙂",
        "Asha\x00",
        "A" * 101,
        "١٢٣",
    ],
)
def test_what_is_not_a_name_is_refused_and_the_field_is_named(name: str) -> None:
    with pytest.raises(InvalidName) as refused:
        clean_name(name)
    assert refused.value.field == "name"


def test_spaces_apostrophes_and_hyphens_get_one_form() -> None:
    assert clean_name("  Asha \t\n O\u2019Neill\u2010Das ") == "Asha O'Neill-Das"


def test_decomposed_letters_are_composed() -> None:
    assert clean_name("Jose\u0301") == "José"


def test_the_longest_name_has_100_characters() -> None:
    assert len(clean_name("A" * 100)) == 100


def test_names_are_the_same_but_for_capitals_and_joiners() -> None:
    assert same_name("Asha KUMARI", "asha kumari")
    assert same_name("ശ്രീ\u200d", "ശ്രീ")
    assert not same_name("Asha", "Usha")


@given(st.text(max_size=120))
def test_a_clean_name_stays_as_it_is(text: str) -> None:
    try:
        name = clean_name(text)
    except InvalidName:
        return
    assert clean_name(name) == name
    assert 1 <= len(name) <= 100
