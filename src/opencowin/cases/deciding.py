"""An officer's decision by its name, the same for programs and pages; and a case that another district must decide."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from opencowin.cases import queries
from opencowin.cases.model import CaseState
from opencowin.cases.refusals import HandedNowhere
from opencowin.cases.reviewing import accept, ask_for_more, decidable, refuse, said, undo
from opencowin.cases.steps import step
from opencowin.kit.actor import Actor
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import district


class Verdict(StrEnum):
    """What an officer may decide of a case."""

    ASK = "ask"
    REFUSE = "refuse"
    ACCEPT = "accept"
    UNDO = "undo"


VERBS: Mapping[Verdict, Callable[[Connection, Floor, Actor, int, str], Awaitable[None]]] = {
    Verdict.ASK: ask_for_more,
    Verdict.REFUSE: refuse,
    Verdict.ACCEPT: accept,
    Verdict.UNDO: undo,
}


async def decide(  # noqa: PLR0917 (said in one breath: this case, that verdict, for this reason)
    conn: Connection, floor: Floor, actor: Actor, case_number: int, verdict: Verdict, words: str
) -> None:
    """Decide a case, with the reason that its household reads. Raises as the verdict's own verb."""
    await VERBS[verdict](conn, floor, actor, case_number, words)


async def hand_over(  # noqa: PLR0917
    conn: Connection, floor: Floor, actor: Actor, case_number: int, district_id: int, words: str
) -> None:
    """Give a case to the officers of another district, with the reason; whoever gave it away sees it no more.

    Raises NotPermitted, NoSuchCase, DecisionUnexplained, NotDecidable, UnknownDistrict, HandedNowhere.
    """
    row = await decidable(conn, actor, case_number)
    to, why = await district(conn, district_id), said(words)
    if to.district_id == row.district_id:
        raise HandedNowhere(field="district_id")
    await step(conn, floor, actor, row, CaseState.IN_REVIEW, why)
    await queries.set_district(conn, row.case_id, to.district_id)
    detail = {"from": row.district_id, "to": to.district_id}
    await record(conn, actor, "cases.hand_over", subject=("case", row.case_id), reason=why, detail=detail)
