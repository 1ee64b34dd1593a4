"""Gives districts their official numbers, from a table that an operator loads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid
from opencowin.kit.pack import CountryPack
from opencowin.places import queries
from opencowin.places.matching import How, match_names, plain, read_spelling
from opencowin.places.queries import Numbered


class InvalidDistrictTable(Invalid):
    """Correct line {line} of the table of districts: {problem}."""

    code = "PLACES0009"


@dataclass(frozen=True, slots=True)
class OfficialDistrict:
    """One row of the table."""

    state_id: int
    district_id: int
    name: str
    state_name: str


@dataclass(frozen=True, slots=True)
class Renumbered:
    """A district of ours that got its official number and name."""

    state_name: str
    our_id: int
    our_name: str
    official_id: int
    official_name: str
    how: How
    likeness: float


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What became of a table of districts."""

    renumbered: tuple[Renumbered, ...]
    already: tuple[OfficialDistrict, ...]
    created: tuple[OfficialDistrict, ...]
    without_official_number: tuple[str, ...]

    @property
    def exact(self) -> int:
        """How many names were the same."""
        return sum(one.how is How.EXACT for one in self.renumbered)

    @property
    def by_spelling(self) -> tuple[Renumbered, ...]:
        """The pairs that differ in spelling, for a person to look over."""
        return tuple(one for one in self.renumbered if one.how is not How.EXACT)


def read_table(rows: Iterable[Mapping[str, str]]) -> list[OfficialDistrict]:
    """The rows of a CSV with state_id, district_id, district_name and state_name. Raises InvalidDistrictTable."""
    table: dict[int, OfficialDistrict] = {}
    for line, row in enumerate(rows, start=2):
        try:
            one = OfficialDistrict(
                int(row["state_id"]), int(row["district_id"]), _tidy(row["district_name"]), _tidy(row["state_name"])
            )
        except KeyError as missing:
            raise InvalidDistrictTable(line=1, problem=f"there is no column {missing.args[0]}") from missing
        except (TypeError, ValueError, AttributeError) as wrong:
            raise InvalidDistrictTable(line=line, problem="a number or a name is missing") from wrong
        if not (0 < one.state_id < 2**31 and 0 < one.district_id < 2**31 and one.name and one.state_name):
            raise InvalidDistrictTable(line=line, problem="a number or a name is missing")
        if one.district_id in table:
            raise InvalidDistrictTable(line=line, problem=f"the district number {one.district_id} is there twice")
        table[one.district_id] = one
    return list(table.values())


def _tidy(name: str) -> str:
    return " ".join(name.split())


async def load_official_districts(
    conn: Connection, pack: CountryPack, rows: Iterable[Mapping[str, str]]
) -> MatchReport:
    """Give our districts the numbers of an official table, wherever they are used; enter those that we do not have.

    Names are matched within their state and one to one. The same table again changes nothing. Raises
    InvalidDistrictTable."""
    table = read_table(rows)
    await _enter_missing_states(conn, table)
    ours = await _clear_the_way(conn, {one.district_id for one in table})
    official_ids = {one.district_id for one in ours if one.official}
    already = [one for one in table if one.district_id in official_ids]
    renumbered = _match(
        [one for one in table if one.district_id not in official_ids], [one for one in ours if not one.official], pack
    )
    if renumbered:
        await queries.renumber_districts(
            conn, [one.our_id for one in renumbered], [one.official_id for one in renumbered]
        )
    if table:
        await queries.make_official(
            conn,
            [one.district_id for one in table],
            [one.state_id for one in table],
            [one.name for one in table],
        )
    return _report(table, ours, already, renumbered)


def _report(
    table: Sequence[OfficialDistrict],
    ours: Sequence[Numbered],
    already: Sequence[OfficialDistrict],
    renumbered: Sequence[Renumbered],
) -> MatchReport:
    known = {one.district_id for one in already} | {one.official_id for one in renumbered}
    settled = {one.our_id for one in renumbered}
    return MatchReport(
        renumbered=tuple(renumbered),
        already=tuple(already),
        created=tuple(one for one in table if one.district_id not in known),
        without_official_number=tuple(one.name for one in ours if not one.official and one.district_id not in settled),
    )


async def _enter_missing_states(conn: Connection, table: Sequence[OfficialDistrict]) -> None:
    known = {state.state_id: plain(state.name) for state in await queries.states(conn)}
    missing = {one.state_id: one.state_name for one in table if one.state_id not in known}
    for name in missing.values():
        if plain(name) in known.values():
            raise InvalidDistrictTable(line=1, problem=f"{name} has another number here")
    if missing:
        await queries.put_states(conn, list(missing), list(missing.values()), [{} for _ in missing])


async def _clear_the_way(conn: Connection, wanted: set[int]) -> list[Numbered]:
    """Our districts, none of which has a number of the table unless it is official."""
    ours = await queries.numbered_districts(conn)
    in_the_way = [one.district_id for one in ours if not one.official and one.district_id in wanted]
    if not in_the_way:
        return ours
    fresh = max(wanted | {one.district_id for one in ours}) + 1
    await queries.renumber_districts(conn, in_the_way, [fresh + at for at in range(len(in_the_way))])
    return await queries.numbered_districts(conn)


def _match(table: Sequence[OfficialDistrict], ours: Sequence[Numbered], pack: CountryPack) -> list[Renumbered]:
    spelling = read_spelling(pack)
    official_of, ours_of = defaultdict(list), defaultdict(list)
    for one in table:
        official_of[one.state_id].append(one)
    for our in ours:
        ours_of[our.state_id].append(our)
    found = []
    for state_id, there in official_of.items():
        here = ours_of[state_id]
        for match in match_names([one.name for one in there], [one.name for one in here], spelling):
            one, our = there[match.official], here[match.ours]
            found.append(
                Renumbered(
                    one.state_name, our.district_id, our.name, one.district_id, one.name, match.how, match.likeness
                )
            )
    return found
