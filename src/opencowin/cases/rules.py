"""The country's rules of corrections: how often a fact may be put right, and how long the other side may object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from opencowin.cases import queries
from opencowin.cases.refusals import CorrectedAlready
from opencowin.kit.country import PackBroken
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack

FILE = "corrections.toml"
FACTS = frozenset({"name", "birth", "gender", "document", "passport"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What a country pack says."""

    times: Mapping[str, int]
    waiting_days: int


@lru_cache(maxsize=8)
def rules(pack: CountryPack) -> Rules:
    """The rules of a pack. Raises PackBroken."""
    try:
        said = pack.toml(FILE)
        times = {str(fact): int(most) for fact, most in said["facts"].items()}
        waiting_days = int(said["old_number"]["waiting_days"])
    except (FileNotFoundError, KeyError, TypeError, ValueError) as wrong:
        raise PackBroken(file=FILE, problem=f"it lacks facts or old_number.waiting_days ({wrong})") from wrong
    if set(times) != FACTS or waiting_days < 0:
        raise PackBroken(file=FILE, problem=f"facts must be exactly {', '.join(sorted(FACTS))}")
    return Rules(times, waiting_days)


async def refuse_too_often(conn: Connection, floor: Floor, reference_id: int, facts: Sequence[str]) -> None:
    """Raise CorrectedAlready when one of these facts was corrected as often as the country allows."""
    allowed = rules(floor.pack).times
    for fact in facts:
        if await queries.times_corrected(conn, reference_id, fact) >= allowed[fact]:
            raise CorrectedAlready(field=fact)
