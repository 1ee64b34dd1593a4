"""A country pack: a folder of data files (TOML, CSV) that a deployment names; each room reads its own files."""

import csv
import importlib.resources
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opencowin.kit.errors import NotFound


class PackNotFound(NotFound):
    """There is no country pack called {name}: set OPENCOWIN_COUNTRY to the name of one that ships, or to a folder."""

    code = "KIT0001"


@dataclass(frozen=True, slots=True)
class CountryPack:
    """The folder of one country's data."""

    name: str
    folder: Path

    def toml(self, file: str) -> dict[str, Any]:
        """A TOML file of the pack, parsed."""
        return tomllib.loads(self.text(file))

    def text(self, file: str) -> str:
        """A text file of the pack, such as a picture in SVG."""
        return (self.folder / file).read_text("utf-8")

    def csv(self, file: str) -> list[dict[str, str]]:
        """A CSV file of the pack with its header row, as dictionaries."""
        with (self.folder / file).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))


def two_languages(printed: Mapping[str, Any], chosen: str) -> tuple[str, str]:
    """The main and the second language of a paper: the chosen one first, where the file has its texts.

    `printed` is a file of the pack with `languages` (the first, and its companion) and `texts` by language.
    """
    first, other = printed["languages"]
    return (first, other) if chosen == first or chosen not in printed["texts"] else (chosen, first)


def open_pack(name: str) -> CountryPack:
    """The pack that ships under this name, or the folder of this path. Raises PackNotFound."""
    shipped = Path(str(importlib.resources.files("opencowin"))) / "countries" / name
    for folder in (shipped, Path(name)):
        if (folder / "country.toml").is_file():
            return CountryPack(name=folder.name, folder=folder)
    raise PackNotFound(name=name)
