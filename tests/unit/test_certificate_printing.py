"""What is kept of drawn sheets, and how a country pack makes them look."""

import dataclasses
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opencowin.certificates import Format, printing
from opencowin.certificates.pdf import render_certificate
from opencowin.certificates.printing import Drawn, Sheet, printed
from opencowin.certificates.profile import read_branding
from opencowin.kit.country import PackBroken
from opencowin.kit.pack import CountryPack
from tests.certificates.made import PACK, statement

pytestmark = pytest.mark.anyio


def test_so_many_bytes_are_kept_and_the_oldest_go() -> None:
    drawn = Drawn(most_bytes=10, seconds=60)
    for name in (b"a", b"b", b"c"):
        drawn.keep(name, name * 4)
    assert [drawn.find(name) for name in (b"a", b"b", b"c")] == [None, b"bbbb", b"cccc"]
    drawn.keep(b"c", b"c" * 10)
    assert (drawn.find(b"b"), drawn.find(b"c")) == (None, b"c" * 10)
    drawn.keep(b"d", b"d" * 11)
    assert (drawn.find(b"c"), drawn.find(b"d")) == (None, None)


def test_nothing_is_kept_for_long() -> None:
    drawn = Drawn(most_bytes=10, seconds=-1)
    drawn.keep(b"a", b"a")
    assert drawn.find(b"a") is None


async def test_the_same_sheet_is_drawn_once_and_another_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def draw(*shown: Any) -> bytes:
        made.append(shown)
        return b"%d" % len(made)

    monkeypatch.setattr(printing, "render_certificate", draw)
    monkeypatch.setattr(printing, "_drawn", Drawn())
    floor: Any = SimpleNamespace(pack=PACK)
    page = Sheet(statement(), {Format.DIVOC: "text", Format.EU_DCC: "HC1:"})
    assert [await printed(floor, page, "hi") for _ in range(2)] == [b"1", b"1"]
    others = (
        (page, "ta", None),
        (dataclasses.replace(page, statement=statement(name="Asha")), "hi", None),
        (dataclasses.replace(page, payloads={Format.DIVOC: "another"}), "hi", None),
        (page, "hi", Format.EU_DCC),
    )
    assert [await printed(floor, *each) for each in others] == [b"2", b"3", b"4", b"5"]


def branded(folder: Path, said: str) -> CountryPack:
    shutil.copytree(PACK.folder, folder / "pack", ignore=shutil.ignore_patterns("outlines.json", "*.csv"))
    file = folder / "pack" / "certificate.toml"
    text = file.read_text("utf-8").replace('logo = "logo.svg"\nink = "#1b2a41"', said)
    assert said in text
    file.write_text(text, "utf-8")
    return CountryPack("pack", folder / "pack")


def test_a_country_chooses_its_logo_and_colour(tmp_path: Path) -> None:
    pack = branded(tmp_path, 'logo = ""\nink = "#00ff00"')
    plain, own = (render_certificate(one, statement(), {}, "en") for one in (pack, PACK))
    assert (read_branding(pack).logo, read_branding(pack).ink) == ("", "#00ff00")
    assert read_branding(PACK).logo.startswith("<svg")
    assert plain != own


@pytest.mark.parametrize("said", ['logo = "absent.svg"', 'logo = "logo.svg"\nink = "red; }"'])
def test_branding_that_cannot_be_used_is_told(tmp_path: Path, said: str) -> None:
    with pytest.raises(PackBroken):
        read_branding(branded(tmp_path, said))
