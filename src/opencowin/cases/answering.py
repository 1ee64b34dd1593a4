"""Officers see the open cases of their scope and answer them."""

from opencowin.cases import queries
from opencowin.cases.model import Case, CaseState
from opencowin.cases.raising import ANSWER, LONGEST, opened
from opencowin.cases.refusals import CaseEmpty, NoSuchCase
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import district, districts_of

SHOWN = 50


async def open_cases(conn: Connection, floor: Floor, actor: Actor) -> list[Case]:
    """The oldest open cases within the actor's scope; each look is written down. Raises NotPermitted."""
    actor.require(Permission.ANSWER_CASES)
    rows = await queries.still_open(conn, await _districts(conn, actor), SHOWN)
    for row in rows:
        await record(conn, actor, "cases.open_cases", subject=("case", row.case_id), reason="officer's list")
    return [opened(floor, row) for row in rows]


async def count_open_cases(conn: Connection, actor: Actor) -> int:
    """How many cases within the actor's scope are open; it looks at none of them. Raises NotPermitted."""
    actor.require(Permission.ANSWER_CASES)
    return await queries.count_open(conn, await _districts(conn, actor))


async def answer_case(
    conn: Connection, floor: Floor, actor: Actor, case_number: int, answer: str, *, close: bool = False
) -> Case:
    """Answer a case within the actor's scope. Raises NotPermitted, NoSuchCase (also outside the scope), CaseEmpty."""
    actor.require(Permission.ANSWER_CASES)
    text = answer.strip()
    if not 0 < len(text) <= LONGEST:
        raise CaseEmpty(field="answer", most=LONGEST)
    row = await queries.numbered(conn, case_number)
    scope = await _districts(conn, actor)
    if row is None or (scope is not None and row.district_id not in scope):
        raise NoSuchCase(field="case_number")
    state = CaseState.CLOSED if close else CaseState.ANSWERED
    now = floor.clock.now()
    sealed = floor.keyring.seal(text, ANSWER)
    await queries.set_answer(conn, row, answer=sealed, state=state.value, by=actor.actor_id, at=now)
    await record(conn, actor, "cases.answer_case", subject=("case", row.case_id), reason=state.value)
    answered = await queries.numbered(conn, case_number)
    assert answered is not None
    return opened(floor, answered)


async def _districts(conn: Connection, actor: Actor) -> list[int] | None:
    """The districts of the actor's scope; None for the whole nation. Raises NotPermitted for a single centre."""
    scope = actor.place
    if scope.centre_id is not None:
        raise NotPermitted
    if scope.district_id is not None:
        return [(await district(conn, scope.district_id)).district_id]
    if scope.state_id is not None:
        return [one.district_id for one in await districts_of(conn, scope.state_id)]
    return None
