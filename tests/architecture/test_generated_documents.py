"""The documents that are made from the code are those that `make docs` makes now."""

import psycopg

from opencowin.cli.dictionary import dictionary
from opencowin.cli.docs import openapi
from opencowin.cli.settings import describe
from opencowin.kit.floor import Floor
from tests.architecture.source import ROOT


def is_current(name: str, made: str) -> bool:
    return (ROOT / "docs" / name).read_text("utf-8") == made


STALE = "not current: run `make docs`"


def test_the_settings_are_current() -> None:
    assert is_current("settings.md", describe()), STALE


def test_the_data_dictionary_is_current(database: str) -> None:
    with psycopg.connect(database) as conn:
        assert is_current("data-dictionary.md", dictionary(conn)), STALE


def test_the_description_of_the_api_is_current(floor: Floor) -> None:
    assert is_current("openapi.json", openapi(floor)), STALE
