"""Pages for people: complete without scripts, in the reader's language, true to the figures, within their budget."""

import ast
import csv
import gzip
import io
import re
from gettext import c2py
from importlib.resources import files

import pytest
from babel.messages.pofile import read_po

from opencowin.kit.errors import Refusal
from opencowin.kit.i18n import plural_form, read_catalogues
from opencowin.web.centre_app.texts import TEXTS as APP_TEXTS
from opencowin.web.pages.appointments import TITLE
from opencowin.web.pages.assets import assets
from opencowin.web.pages.board import TEXTS
from opencowin.web.pages.render import templates
from tests.architecture.source import MODULES
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home
from tests.web.test_reports import until_counted

pytestmark = pytest.mark.anyio

PEOPLE = {"Accept": "text/html"}
BUDGET = 30_000
"""Bytes of the dashboard with its stylesheet, gzipped."""
FILLED = re.compile(r"{\w+}")
COUNTS = re.compile(r"{(count|days|hours|minutes|number|passed|people|seats)} [a-z]+s\b|{count} [a-z]")
NEVER_OF_ONE = {
    "After {minutes} minutes without a new page you are signed out, so that nobody else sees your people. "
    "What you typed is kept: sign in again with the same number and go on.",
    "Groups of fewer than {count} are not shown, so that nobody can be recognised.",
    "Too early: {passed} of {days} days since the dose before.",
    "Who waits for the opening must hear of an earlier one: set it at least {minutes} minutes from now.",
    "{number} minutes",
    "{number} hours",
    "{number} days",
}
"""Twenty minutes at least; five; a dose's interval; an hour; the age of keys, from two minutes on."""
FOREIGN = re.compile(r"""<script(?! src="/static/[\w./?=-]+" defer></script>)|\sstyle=|\son\w+=|https?://""")
DEVANAGARI = re.compile(r"[\u0900-\u097f]")


async def read(platform: Surface, path: str, **headers: str) -> str:
    answer = await platform.http.get(path, headers={**PEOPLE, **headers})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.text


def texts() -> set[str]:
    """Every text that templates ask the catalogue for."""
    env = templates()
    assert env.loader is not None
    found = {*TEXTS, *APP_TEXTS.values(), TITLE}
    for name in env.list_templates():
        source = env.loader.get_source(env, name)[0]
        for _, call, asked in env.extract_translations(source):  # type: ignore[attr-defined]
            if asked:
                said = (asked,) if isinstance(asked, str) else asked
                found.add(str(said[call == "ngettext"]))
    return found


def counting() -> dict[str, str]:
    """Every text that counts, of pages and refusals: what it says of many, and of one."""
    env = templates()
    assert env.loader is not None
    found = {kind.template(): kind.one for kind in Refusal.tree() if kind.counted}
    for name in env.list_templates():
        for _, call, asked in env.extract_translations(env.loader.get_source(env, name)[0]):  # type: ignore[attr-defined]
            if call == "ngettext":
                found[str(asked[1])] = str(asked[0])
    return found


def test_every_text_of_a_page_is_in_every_catalogue() -> None:
    asked = texts()
    assert "Vaccination dashboard" in asked
    for language, catalogue in read_catalogues().by_language.items():
        assert {text for text in asked if text not in catalogue} == set(), language
        for text in asked:
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", catalogue[text])), text


def test_no_catalogue_keeps_a_text_that_nothing_says_any_more() -> None:
    said = texts() | {refusal.template() for refusal in Refusal.tree()}
    for module in MODULES:
        constants = (node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
        said |= {text for text in constants if isinstance(text, str)}
    for language, catalogue in read_catalogues().by_language.items():
        assert set(catalogue) - said == set(), language


def test_a_text_that_counts_has_the_plural_forms_of_each_language() -> None:
    """In the order of its categories, which its header tells too, for those who translate."""
    known = counting()
    assert known["Choose up to {count} people"] == "Choose one person"
    catalogues = read_catalogues()
    for language, forms in catalogues.plurals.items():
        assert set(forms) == set(known), language
        with (files("opencowin") / "locale" / f"{language}.po").open("rb") as lines:
            catalogue = read_po(lines)
        rule = c2py(catalogue.plural_expr)
        assert [plural_form(language, count) for count in range(200)] == [rule(count) for count in range(200)], language
        for many, said in forms.items():
            assert len(said) == catalogue.num_plurals, many
            assert all(set(FILLED.findall(form)) == set(FILLED.findall(known[many])) for form in said[:-1]), many
            assert set(FILLED.findall(said[-1])) == set(FILLED.findall(many)), many
    assert catalogues.counting("Choose one person", "Choose up to {count} people", 1, "hi") == "एक व्यक्ति चुनें"
    assert catalogues.counting("Choose one person", "Choose up to {count} people", 2, "en").endswith("{count} people")


def test_no_text_counts_without_plural_forms() -> None:
    """Where one is possible; the rest says "seats: {count}", or is never of one."""
    said = texts() | {refusal.template() for refusal in Refusal.tree()}
    assert {text for text in said if COUNTS.search(text)} - counting().keys() == NEVER_OF_ONE


async def test_a_dashboard_that_shows_who_is_signed_in_is_kept_by_nobody(platform: Surface) -> None:
    public = await platform.http.get("/dashboard", headers=PEOPLE)
    assert public.headers["cache-control"] == "public, max-age=30"
    assert "set-cookie" not in public.headers
    form = await platform.http.get("/sign-in", headers=PEOPLE)
    own = await platform.http.get("/dashboard", headers={**PEOPLE, "Cookie": form.headers["set-cookie"].split(";")[0]})
    assert own.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/dashboard", "/dashboard?state_id=21"])
async def test_a_page_needs_no_script_and_no_other_host_and_is_small(platform: Surface, path: str) -> None:
    page = await read(platform, path)
    assert FOREIGN.findall(page) == []
    assert page.count("<h1>") == 1
    assert sum(len(gzip.compress(part)) for part in (page.encode(), assets()["drawings.css"].content)) < BUDGET


async def test_a_page_is_in_the_language_asked_for_and_keeps_it_in_its_links(platform: Surface) -> None:
    page = await read(platform, "/dashboard?lang=hi")
    assert '<html lang="hi" dir="ltr">' in page
    assert "टीकाकरण डैशबोर्ड" in page
    assert "महाराष्ट्र" in page
    assert "/dashboard?state_id=21&amp;lang=hi" in page
    assert '<html lang="hi"' in await read(platform, "/", **{"Accept-Language": "hi-IN,en;q=0.5"})
    english = await read(platform, "/")
    without_languages = re.sub(
        r'<details class="languages">.*?</details>|<ul class="tongues">.*?</ul>', "", english, flags=re.DOTALL
    )
    assert not DEVANAGARI.search(without_languages)


async def test_the_nation_is_drawn_as_tiles_or_outlines_and_a_state_by_its_districts(platform: Surface) -> None:
    tiled, outlined = await read(platform, "/dashboard"), await read(platform, "/dashboard?map=outline")
    assert "/dashboard?map=outline" in tiled
    assert tiled.count("<polygon") == 37
    assert outlined.count("<path class=") == 37
    assert "<title>Maharashtra</title>" in outlined
    assert "CC BY 4.0" in outlined
    state = await read(platform, "/dashboard?state_id=21&lang=ur")
    assert 30 <= state.count("<path class=") <= 36
    assert "<title>پونے</title>" in state
    tamil = await read(platform, "/dashboard?state_id=21&lang=ta")
    assert '<span lang="en" dir="ltr">Pune</span></a>' in tamil


async def test_the_dashboard_follows_a_dose_and_says_its_time(clinic: Clinic) -> None:
    platform = clinic.platform
    so_far = (await platform.get("/v1/reports/getLiveVaccination")).json()["count"]
    assert (await clinic.vaccinate((await a_home(platform)).first)).status_code == 200
    await until_counted(platform, so_far + 1)
    page = await read(platform, "/dashboard")
    count = str(so_far + 1) if so_far + 1 >= 5 else "not shown"
    assert f'<dt>Doses given</dt><dd>{count}</dd><dd class="day">Today: {count}</dd>' in page
    assert f"Figures at {platform.day().day} {platform.day():%B %Y}" in page
    district = clinic.centre.district_id
    here = await read(platform, f"/dashboard?district_id={district}")
    assert f'<dd class="day">Today: {count}</dd>' in here
    assert "People registered" in page
    assert "People registered" not in here
    table = (await platform.http.get("/dashboard/places.csv")).text
    rows = list(csv.DictReader(io.StringIO(table)))
    shown = [row["doses"] for row in rows if row["doses"] != "0"]
    assert shown == [str(so_far + 1) if so_far + 1 >= 5 else ""]
    days = list(csv.DictReader(io.StringIO((await platform.http.get("/dashboard/days.csv")).text)))
    assert len(days) == 30
    assert days[-1]["doses"] == shown[0]
    assert int(days[-1]["sessions"]) >= int(days[-1]["sites"]) >= 1
    hours = list(csv.DictReader(io.StringIO((await platform.http.get("/dashboard/hours.csv")).text)))
    assert {"hour", "doses", "registrations", "as_of"} == set(hours[0])
    groups = list(csv.DictReader(io.StringIO((await platform.http.get("/dashboard/groups.csv?by=vaccine")).text)))
    assert {row["vaccine"] for row in groups} >= {"COVISHIELD"}
    assert (await platform.http.get("/dashboard/groups.csv?by=name")).status_code == 400
    if so_far + 1 < 5:
        assert "not shown" in page


async def test_what_is_not_there_is_told_as_a_page_to_people_and_as_json_to_programs(platform: Surface) -> None:
    page = await platform.http.get("/dashboard?state_id=9999&lang=hi", headers=PEOPLE)
    assert page.status_code == 400
    assert "यह पृष्ठ नहीं दिखाया जा सकता" in page.text
    program = await platform.http.get("/dashboard?state_id=9999")
    assert program.json()["errorCode"] == "REPORT0001"
    lost = await platform.http.get("/nowhere", headers=PEOPLE)
    assert (lost.status_code, "<h1>" in lost.text) == (404, True)
