"""Every message exists in every language with its placeholders, and only a one-time password looks like one."""

import re
import tomllib
from pathlib import Path

import pytest

from opencowin.kit.country import PackBroken, read_country
from opencowin.kit.pack import CountryPack, open_pack
from opencowin.notifications.templates import FILE, PLACEHOLDERS, Template, Texts, read_texts

SIX = re.compile(r"(?<!\d)\d{6}(?!\d)")
INDIA = open_pack("india")


@pytest.fixture
def texts() -> Texts:
    return read_texts(INDIA, "en")


def test_every_language_of_the_country_is_complete(texts: Texts) -> None:
    assert texts.by_language.keys() == {language.code for language in read_country(INDIA).languages}
    assert all(set(own) == set(Template) for own in texts.by_language.values())


def test_hindi_is_hindi(texts: Texts) -> None:
    worded = {template: text for template, text in texts.by_language["hi"].items() if template is not Template.ANSWER}
    assert all(re.search(r"[\u0900-\u097f]", text) for text in worded.values())


def test_the_one_time_password_is_worded_as_programs_expect(texts: Texts) -> None:
    expected = "Your OTP to register/access CoWIN is 459831. It will be valid for 3 minutes. - CoWIN"
    assert texts.render(Template.OTP, "en", code="459831", minutes=3) == expected


@pytest.mark.parametrize("language", [language.code for language in read_country(INDIA).languages])
def test_a_one_time_password_is_the_only_six_digits_in_its_text(texts: Texts, language: str) -> None:
    assert SIX.findall(texts.render(Template.OTP, language, code="459831", minutes=15)) == ["459831"]


@pytest.mark.parametrize(
    "template", [template for template in Template if template not in {Template.OTP, Template.OTP_SPOKEN}]
)
@pytest.mark.parametrize("language", ["en", "hi", "ur", "ta"])
def test_no_other_text_has_six_digits_alone_whatever_is_filled_in(
    texts: Texts, template: Template, language: str
) -> None:
    values = dict.fromkeys(PLACEHOLDERS[template], "PHC 682001, ward ६८२००१")
    rendered = texts.render(template, language, **values)
    assert SIX.findall(rendered) == []
    assert "682 001" in rendered


def test_a_reference_stays_whole(texts: Texts) -> None:
    text = texts.render(Template.MEMBER, "en", reference=12345678901234, secret_code="1234")
    assert text == "reference 12345678901234, secret code 1234"


def test_an_unknown_language_falls_back(texts: Texts) -> None:
    assert texts.language("fr") == "en"
    assert texts.language("hi") == "hi"


def _broken(folder: Path, old: str, new: str) -> CountryPack:
    text = (INDIA.folder / FILE).read_text("utf-8")
    assert old in text
    (folder / FILE).write_text(text.replace(old, new, 1), "utf-8")
    return CountryPack("broken", folder)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{minutes}", "three", "[en] otp has other placeholders than it must: minutes"),
        ("{minutes}", "{minute}", "minute, minutes"),
        ("{minutes}", "{minutes", "[en] otp"),
        ("otp =", "opt =", "opt is no kind of text"),
        ("member =", "# member =", "[en] member is missing"),
        ("[en]", "[xx]", "there is no table [en]"),
        ("Bring a photo ID", "Call 123456", "six digits"),
    ],
)
def test_a_pack_that_lacks_or_invents_something_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(PackBroken, match=re.escape(says)):
        read_texts(_broken(tmp_path, old, new), "en")


def test_the_file_has_nothing_that_is_not_read() -> None:
    tables = tomllib.loads((INDIA.folder / FILE).read_text("utf-8"))
    assert all(set(table) == {template.value for template in Template} for table in tables.values())
