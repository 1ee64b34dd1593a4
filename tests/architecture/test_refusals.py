"""Refusals are complete: stable unique codes, messages that can be filled in, a translation for each."""

import importlib
import pkgutil
import re
import string
from itertools import groupby

import opencowin
from opencowin.kit.errors import Refusal
from opencowin.kit.i18n import read_catalogues
from opencowin.scheduling import TooFarAhead
from opencowin.web.errors import status_of

KINDS = {"Refusal", "NotFound", "Forbidden", "Invalid", "Conflict", "Unavailable"}
CODE = re.compile(r"[A-Z]{3,11}\d{3,5}")
"""Letters that name the part, then its number: callers of the Co-WIN API know them so."""
OPERATOR_ONLY = {
    "DEMO0001",
    "DEMO0002",
    "DEMO0003",
    "DEMO0004",
    "DEMO0005",
    "KIT0001",
    "KIT0003",
    "SERV0001",
}


def all_refusals() -> list[type[Refusal]]:
    """Every refusal of every module."""
    for module in pkgutil.walk_packages(opencowin.__path__, "opencowin."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [kind for kind in Refusal.tree() if kind.__name__ not in KINDS]


def placeholders(template: str) -> set[str]:
    """The names that a template is filled with."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_codes_are_unique_and_have_a_status() -> None:
    ordered = sorted(all_refusals(), key=lambda kind: kind.code)
    for code, kinds in groupby(ordered, key=lambda kind: kind.code):
        assert len(list(kinds)) == 1, code
    assert all(400 <= status_of(kind) <= 503 for kind in ordered)


def test_codes_are_written_in_one_manner() -> None:
    assert [kind.code for kind in Refusal.tree() if not CODE.fullmatch(kind.code)] == []


def test_every_refusal_has_its_own_message() -> None:
    for kind in all_refusals():
        assert kind.__doc__, kind
        assert kind.__doc__ != (kind.__mro__[1].__doc__), kind


def test_every_refusal_is_translated_with_the_same_placeholders() -> None:
    catalogues = read_catalogues()
    assert "hi" in catalogues.by_language
    for language in catalogues.by_language:
        for kind in all_refusals():
            if kind.code in OPERATOR_ONLY:
                continue
            english = kind.template()
            translated = catalogues.text(english, language)
            assert translated != english, f"{kind.__name__} has no {language} text"
            assert placeholders(translated) == placeholders(english), kind.__name__


def test_what_a_refusal_counts_is_said_of_one_and_of_many() -> None:
    assert str(TooFarAhead(days=1)).endswith("bookings open one day ahead.")
    assert str(TooFarAhead(days=60)).endswith("bookings open 60 days ahead.")
    catalogues = read_catalogues()
    for kind in all_refusals():
        assert bool(kind.counted) == bool(kind.one), kind.__name__
        assert not kind.counted or kind.counted in placeholders(kind.template()), kind.__name__
    assert catalogues.refusal(TooFarAhead(days=1), "ta") != catalogues.refusal(TooFarAhead(days=2), "ta")
