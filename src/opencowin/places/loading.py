"""Loads a country pack's places into the database: states, districts, postal codes and localities."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count

from opencowin.kit.db import Connection
from opencowin.kit.pack import CountryPack
from opencowin.places import queries
from opencowin.places.atlas import Atlas, AtlasDistrict, read_atlas
from opencowin.places.model import LoadReport, Progress, in_silence
from opencowin.places.source import fingerprint

OWN_NUMBERS_PER_STATE = 1000
"""Until the official number is known a district gets the state's number times this, plus its place in the state."""

BATCH = 20_000


async def load_places(conn: Connection, pack: CountryPack, progress: Progress = in_silence) -> LoadReport:
    """Load what the pack describes; does nothing if the same is loaded already. Official district numbers stay.

    Raises PlaceSourceMissing, PackBroken."""
    mark = fingerprint(pack)
    if await queries.loaded_source(conn, pack.name) == mark:
        return LoadReport(already_loaded=True)
    progress("reading places", 0, 1)
    atlas = read_atlas(pack)
    progress("reading places", 1, 1)
    await queries.put_states(
        conn,
        [state.state_id for state in atlas.states],
        [state.name for state in atlas.states],
        [dict(state.names) for state in atlas.states],
    )
    numbers = await _put_districts(conn, atlas.districts)
    await _replace_pin_codes(conn, atlas, numbers)
    await _replace_localities(conn, atlas, numbers, progress)
    await queries.put_source(conn, pack.name, mark)
    await queries.analyze_places(conn)
    return LoadReport(
        states=len(atlas.states),
        districts=len(atlas.districts),
        pin_codes=len(atlas.pin_points),
        localities=len(atlas.localities),
        points_replaced=atlas.points_replaced,
    )


async def _put_districts(conn: Connection, districts: Sequence[AtlasDistrict]) -> dict[str, int]:
    """Enter the districts; the number of each by the source's key."""
    known = await queries.numbered_districts(conn)
    numbers = {one.source_key: one.district_id for one in known if one.source_key}
    numbers = _number(districts, numbers, {one.district_id for one in known})
    await queries.put_districts(
        conn,
        [
            (
                numbers[one.key],
                one.state_id,
                one.name,
                numbers[one.key] == one.official_id,
                one.key,
                *(one.point or (None, None)),
                dict(one.names),
            )
            for one in districts
        ],
    )
    return numbers


def _number(districts: Iterable[AtlasDistrict], known: dict[str, int], taken: set[int]) -> dict[str, int]:
    """Numbers by key: the one that it has, else the official one, else the next free one of the state's own."""
    numbers = dict(known)
    used = taken | set(known.values())
    for district in districts:
        if district.key in numbers:
            continue
        if district.official_id is not None and district.official_id not in used:
            numbers[district.key] = district.official_id
        else:
            own = count(district.state_id * OWN_NUMBERS_PER_STATE + 1)
            numbers[district.key] = next(number for number in own if number not in used)
        used.add(numbers[district.key])
    return numbers


async def _replace_pin_codes(conn: Connection, atlas: Atlas, numbers: dict[str, int]) -> None:
    how_many = Counter((locality.key, locality.pin_code) for locality in atlas.localities)
    await queries.clear_pin_codes(conn)
    await queries.copy_pin_codes(
        conn,
        [
            (pin_code, numbers[key], how_many[key, pin_code], *(point or (None, None)))
            for (key, pin_code), point in atlas.pin_points.items()
        ],
    )


async def _replace_localities(conn: Connection, atlas: Atlas, numbers: dict[str, int], progress: Progress) -> None:
    await queries.clear_localities(conn)
    whole = len(atlas.localities)
    for start in range(0, whole, BATCH):
        some = atlas.localities[start : start + BATCH]
        await queries.copy_localities(
            conn, [(numbers[one.key], one.pin_code, one.name, *(one.point or (None, None))) for one in some]
        )
        progress("loading places", start + len(some), whole)
