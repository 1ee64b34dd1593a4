"""Officers review cases of their scope: look, ask, refuse, accept, undo. Each look at a person is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from opencowin.cases import evidence, queries
from opencowin.cases.evidence import ShownFile
from opencowin.cases.following import other_side
from opencowin.cases.model import AWAITED, CLOSED, DECIDABLE, OPEN, Case, CaseKind, CaseState, Evidence, News, Step
from opencowin.cases.moving import PLATFORM, part
from opencowin.cases.queries import CaseRow
from opencowin.cases.raising import LONGEST
from opencowin.cases.refusals import DecisionUnexplained, NoSuchCase, NotDecidable, NothingToUndo
from opencowin.cases.rules import rules
from opencowin.cases.settling import carry_out, why
from opencowin.cases.steps import opened, step, steps_of, tell
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.errors import NotFound, Refusal
from opencowin.kit.floor import Floor
from opencowin.places import district, districts_of
from opencowin.registry import Beneficiary, find_person, read_person
from opencowin.vaccination import Dose, doses_of

SHOWN = 100
DUE_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Search:
    """Which cases an officer looks for."""

    states: frozenset[CaseState] = OPEN
    kind: CaseKind | None = None
    older_than_days: int = 0
    found_by_system: bool = False
    """Only what the platform found by itself."""
    start: int = 0
    rows: int = SHOWN


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A record as an officer compares it."""

    beneficiary: Beneficiary
    doses: tuple[Dose, ...]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A case with all that an officer may see of it, the record it is about first."""

    case: Case
    steps: tuple[Step, ...]
    evidence: tuple[Evidence, ...]
    records: tuple[RecordShown, ...]


async def list_cases(conn: Connection, floor: Floor, actor: Actor, search: Search | None = None) -> list[Case]:
    """Cases within the actor's scope, the oldest first; nobody's record is read for it. Raises NotPermitted."""
    wanted = search or Search()
    actor.require(Permission.ANSWER_CASES)
    days = timedelta(days=wanted.older_than_days)
    rows = await queries.listed(
        conn,
        await districts_in_scope(conn, actor),
        states=sorted(wanted.states),
        kind=wanted.kind.value if wanted.kind else None,
        before=floor.clock.now() - days if days else None,
        found=wanted.found_by_system,
        start=wanted.start,
        limit=wanted.rows,
    )
    detail = {"shown": len(rows)}
    await record(conn, actor, "cases.list", subject=("case", "list"), reason="officer's list", detail=detail)
    return [opened(floor, row) for row in rows]


async def count_open_cases(conn: Connection, actor: Actor) -> int:
    """How many cases within the actor's scope are open; it looks at none of them. Raises NotPermitted."""
    actor.require(Permission.ANSWER_CASES)
    return await queries.count_open(conn, await districts_in_scope(conn, actor))


async def look(conn: Connection, floor: Floor, actor: Actor, case_number: int) -> Reviewed:
    """A case with the records that it is about; whoever looks first has it in review. Each look is written down.

    Raises NotPermitted, NoSuchCase (also outside the scope).
    """
    row = await in_scope(conn, actor, case_number)
    if row.state in {CaseState.RAISED, CaseState.REOPENED}:
        await step(conn, floor, actor, row, CaseState.IN_REVIEW)
        row = await in_scope(conn, actor, case_number)
    await record(conn, actor, "cases.look", subject=("case", row.case_id), reason=why(row))
    return Reviewed(
        case=opened(floor, row),
        steps=await steps_of(conn, floor, row.case_id),
        evidence=await evidence.shown_in(conn, row.case_id),
        records=await _records(conn, floor, actor, row),
    )


async def read_evidence(conn: Connection, floor: Floor, actor: Actor, case_number: int, evidence_id: UUID) -> ShownFile:
    """What was shown as proof; the look is written down. Raises NotPermitted, NoSuchCase."""
    row = await in_scope(conn, actor, case_number)
    await record(conn, actor, "cases.evidence", subject=("case", row.case_id), reason=why(row))
    return await evidence.read_content(conn, floor, row.case_id, evidence_id)


async def ask_for_more(conn: Connection, floor: Floor, actor: Actor, case_number: int, words: str) -> None:
    """Ask the person for more. Raises NotPermitted, NoSuchCase, DecisionUnexplained, NotDecidable."""
    row = await decidable(conn, actor, case_number)
    await step(conn, floor, actor, row, CaseState.ASKED, said(words))


async def refuse(conn: Connection, floor: Floor, actor: Actor, case_number: int, words: str) -> None:
    """Refuse, with the reason; an accepted case that waits may be refused too.

    Raises NotPermitted, NoSuchCase, DecisionUnexplained, NotDecidable.
    """
    row = await in_scope(conn, actor, case_number)
    if row.state in {one.value for one in CLOSED}:
        raise NotDecidable
    await step(conn, floor, actor, row, CaseState.REFUSED, said(words))


async def accept(conn: Connection, floor: Floor, actor: Actor, case_number: int, words: str) -> None:
    """Accept, with the reason: carried out now, or, where the other side may object, when its days are over.

    Raises NotPermitted, NoSuchCase, DecisionUnexplained, NotDecidable, and what carrying it out raises.
    """
    row = await decidable(conn, actor, case_number)
    why_so = said(words)
    if CaseKind(row.kind) in AWAITED:
        await _await_objection(conn, floor, actor, row, why_so)
        return
    await carry_out(conn, floor, actor, row, opened(floor, row))
    await step(conn, floor, actor, row, CaseState.DONE, why_so)
    if row.kind == CaseKind.MERGE and row.other_account_id not in {None, row.account_id}:
        assert row.other_account_id is not None
        await tell(conn, floor, row, row.other_account_id, News.DONE, 0)


async def undo(conn: Connection, floor: Floor, actor: Actor, case_number: int, words: str) -> None:
    """Undo a merge: both records stand again as they were, with certificates issued anew.

    Raises NotPermitted, NoSuchCase, DecisionUnexplained, NothingToUndo, NotMerged.
    """
    row = await in_scope(conn, actor, case_number)
    case, why_so = opened(floor, row), said(words)
    if not case.can_be_undone or row.reference_id is None or row.other_reference_id is None:
        raise NothingToUndo
    await part(
        conn,
        floor,
        actor,
        kept_reference=row.reference_id,
        gone_reference=row.other_reference_id,
        merge_id=row.case_id,
        reason=why(row),
    )
    await step(conn, floor, actor, row, CaseState.REFUSED, why_so)
    await queries.set_undone(conn, row.case_id, floor.clock.now())


async def carry_out_due(conn: Connection, floor: Floor) -> int:
    """Carry out accepted cases whose days of objection are over; how many. One that cannot be done goes to review."""
    rows = await queries.due(conn, floor.clock.now(), DUE_AT_ONCE)
    for row in rows:
        try:
            async with conn.transaction():
                await carry_out(conn, floor, PLATFORM, row, opened(floor, row))
                await step(conn, floor, PLATFORM, row, CaseState.DONE)
        except Refusal as no:
            await step(conn, floor, PLATFORM, row, CaseState.IN_REVIEW, no.message)
    return len(rows)


async def districts_in_scope(conn: Connection, actor: Actor) -> list[int] | None:
    """The districts of the actor's scope; None for the whole nation. Raises NotPermitted for a single centre."""
    scope = actor.place
    if scope.centre_id is not None:
        raise NotPermitted
    if scope.district_id is not None:
        return [(await district(conn, scope.district_id)).district_id]
    if scope.state_id is not None:
        return [one.district_id for one in await districts_of(conn, scope.state_id)]
    return None


async def _await_objection(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, why_so: str) -> None:
    days = timedelta(days=rules(floor.pack).waiting_days)
    until = floor.clock.now() + days
    await step(conn, floor, actor, row, CaseState.ACCEPTED, why_so, takes_effect_at=until)
    holder = other_side(row)
    if holder is not None:
        await tell(conn, floor, row, holder, News.NOTICE, 0, floor.clock.local(until).date())


async def _records(conn: Connection, floor: Floor, actor: Actor, row: CaseRow) -> tuple[RecordShown, ...]:
    """The records that a case is about; of a merged pair, the one that stands."""
    found: dict[UUID, RecordShown] = {}
    references: Sequence[int | None] = (row.reference_id, row.other_reference_id)
    for reference_id in references:
        if reference_id is None:
            continue
        try:
            person = await find_person(conn, reference_id)
        except NotFound:
            continue
        if person.beneficiary_id not in found:
            who = await read_person(conn, floor, actor, person, why(row))
            found[person.beneficiary_id] = RecordShown(who, tuple(await doses_of(conn, person, every_state=True)))
    return tuple(found.values())


async def decidable(conn: Connection, actor: Actor, case_number: int) -> CaseRow:
    """The case, locked, if it may be decided now. Raises NotPermitted, NoSuchCase, NotDecidable."""
    row = await in_scope(conn, actor, case_number)
    if CaseState(row.state) not in DECIDABLE:
        raise NotDecidable
    return row


async def in_scope(conn: Connection, actor: Actor, case_number: int) -> CaseRow:
    """The case, locked, if it lies within the actor's scope: outside, there is no such case."""
    actor.require(Permission.ANSWER_CASES)
    scope = await districts_in_scope(conn, actor)
    row = await queries.numbered(conn, case_number)
    if row is None or (scope is not None and row.district_id not in scope):
        raise NoSuchCase(field="case_number")
    return row


def said(words: str) -> str:
    """What an officer wrote. Raises DecisionUnexplained."""
    text = words.strip()
    if not 0 < len(text) <= LONGEST:
        raise DecisionUnexplained(field="reason", most=LONGEST)
    return text
