"""Reads the localities that a country pack names: a table in a SQLite file of an installed package, or a CSV file."""

import csv
import hashlib
import importlib.resources
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from opencowin.kit.errors import Unavailable
from opencowin.kit.pack import CountryPack

PLACES_FILE = "places.toml"
STATES_FILE = "states.csv"
DISTRICTS_FILE = "districts.csv"
"""Names of districts in other languages; a pack may lack it."""


class PlaceSourceMissing(Unavailable):
    """The places cannot be read: {source} is not installed."""

    code = "PLACES0010"


class SourceLocality(NamedTuple):
    """One row of the source: degrees, and whether the point can be trusted."""

    state: str | None
    district: str | None
    pin_code: str
    name: str
    latitude: float | None
    longitude: float | None
    trusted: bool


def read_localities(pack: CountryPack) -> Iterator[SourceLocality]:
    """All rows of the pack's source, in its order. Raises PlaceSourceMissing."""
    source = pack.toml(PLACES_FILE)["source"]
    path = _path_of(pack, source)
    rows = _sqlite_rows(path, source["localities"]) if source["kind"] == "sqlite" else _csv_rows(path)
    return _scaled(rows, float(source.get("coordinate_scale", 1)))


def fingerprint(pack: CountryPack) -> str:
    """SHA-256 over the pack's place files and the source: another value means that there is something to load."""
    digest = hashlib.sha256()
    own = [pack.folder / name for name in (PLACES_FILE, STATES_FILE, DISTRICTS_FILE)]
    for path in (*(one for one in own if one.is_file()), _path_of(pack, pack.toml(PLACES_FILE)["source"])):
        with path.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()


def _path_of(pack: CountryPack, source: dict[str, Any]) -> Path:
    package = source.get("package")
    try:
        folder = Path(str(importlib.resources.files(package))) if package else pack.folder
    except ModuleNotFoundError as missing:
        raise PlaceSourceMissing(retry_after=0, source=package) from missing
    path = folder / str(source["file"])
    if not path.is_file():
        raise PlaceSourceMissing(retry_after=0, source=path.name)
    return path


def _sqlite_rows(path: Path, statement: str) -> Iterator[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        yield from connection.execute(statement)


def _csv_rows(path: Path) -> Iterator[tuple[Any, ...]]:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            point = (float(row[axis]) if row[axis] else None for axis in ("latitude", "longitude"))
            yield (row["state"], row["district"], row["pin_code"], row["name"], *point, row["trusted"] == "1")


def _scaled(rows: Iterable[tuple[Any, ...]], scale: float) -> Iterator[SourceLocality]:
    for state, district, pin_code, name, latitude, longitude, trusted in rows:
        known = latitude is not None and longitude is not None
        yield SourceLocality(
            state,
            district,
            str(pin_code),
            name,
            latitude / scale if known else None,
            longitude / scale if known else None,
            bool(trusted) and known,
        )
