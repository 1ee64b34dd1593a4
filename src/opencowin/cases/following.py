"""People follow their cases: every step, what was shown, and what they may still say; the other side may object."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from opencowin.cases import evidence, queries
from opencowin.cases.evidence import Shown, ShownFile
from opencowin.cases.model import AWAITED, CLOSED, Case, CaseKind, CaseState, Told
from opencowin.cases.queries import CaseRow
from opencowin.cases.raising import LONGEST, refuse_too_many
from opencowin.cases.refusals import CaseEmpty, NoSuchCase, NotDecidable
from opencowin.cases.steps import opened, step, steps_of
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

REOPENED_WITHIN = timedelta(days=90)


async def cases_of(conn: Connection, floor: Floor, actor: Actor) -> list[Case]:
    """The cases that the actor's household may see, newest first. Raises NotPermitted."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    return [opened(floor, row) for row in await queries.of_account(conn, actor.own_account())]


async def follow(conn: Connection, floor: Floor, actor: Actor, case_number: int) -> Told:
    """One of these cases with all its steps. Raises NotPermitted, NoSuchCase."""
    row = await _own(conn, actor, case_number)
    mine = row.account_id == actor.own_account() and row.source == "person"
    return Told(
        case=opened(floor, row),
        steps=await steps_of(conn, floor, row.case_id) if mine else (),
        evidence=await evidence.shown_in(conn, row.case_id) if mine else (),
        may_object=_may_object(row, actor.own_account()),
    )


async def own_evidence(conn: Connection, floor: Floor, actor: Actor, case_number: int, evidence_id: UUID) -> ShownFile:
    """What one showed oneself. Raises NotPermitted, NoSuchCase."""
    row = await _own(conn, actor, case_number)
    if row.account_id != actor.own_account():
        raise NoSuchCase(field="case_number")
    return await evidence.read_content(conn, floor, row.case_id, evidence_id)


async def add_to_case(  # noqa: PLR0917 (said in one breath: to this case, these words and files)
    conn: Connection, floor: Floor, actor: Actor, case_number: int, words: str, files: Sequence[Shown] = ()
) -> None:
    """Say or show more: what an officer asked for goes back to review, a closed case is open again.

    Raises NotPermitted, NoSuchCase, CaseEmpty, TooManyCases, NotDecidable (accepted, or closed too long ago or for
    good), EvidenceUnreadable, TooMuchEvidence.
    """
    await queries.hold_account(conn, actor.own_account())
    row = await _own(conn, actor, case_number)
    text = words.strip()
    if not 0 < len(text) <= LONGEST:
        raise CaseEmpty(field="details", most=LONGEST)
    state = CaseState(row.state)
    if row.account_id != actor.own_account() or row.source != "person" or not may_add(floor, row):
        raise NotDecidable
    if state in CLOSED:
        refuse_too_many(await queries.of_account(conn, actor.own_account()))
        state = CaseState.REOPENED
    elif state is CaseState.ASKED:
        state = CaseState.IN_REVIEW
    await evidence.keep(conn, floor, row.case_id, files)
    await step(conn, floor, actor, row, state, text)


def may_add(floor: Floor, row: CaseRow | Case) -> bool:
    """Whether more may be said: not while an accepted case waits, and not when it was carried out by consent."""
    state = CaseState(row.state)
    if state in CLOSED:
        return row.kind != CaseKind.TRANSFER and floor.clock.now() - row.changed_at <= REOPENED_WITHIN
    return state is not CaseState.ACCEPTED


async def object_to(conn: Connection, floor: Floor, actor: Actor, case_number: int) -> None:
    """The holder of the old number says no while there is time: the case goes back to review.

    Raises NotPermitted, NoSuchCase, NotDecidable.
    """
    row = await _own(conn, actor, case_number)
    if not _may_object(row, actor.own_account()):
        raise NotDecidable
    await step(conn, floor, actor, row, CaseState.IN_REVIEW, "The holder of the old number objects.")


def other_side(row: CaseRow) -> UUID | None:
    """Who holds the number that a member would be moved from, where the kind of case gives them time to object."""
    if row.kind == CaseKind.OLD_NUMBER:
        return row.other_account_id
    return row.account_id if row.kind == CaseKind.SAME_DOCUMENT else None


def _may_object(row: CaseRow, account_id: UUID) -> bool:
    awaited = row.kind in {one.value for one in AWAITED} and row.state == CaseState.ACCEPTED
    return awaited and other_side(row) == account_id


async def _own(conn: Connection, actor: Actor, case_number: int) -> CaseRow:
    """A case that this household may see, locked."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    if case_number not in {row.case_number for row in await queries.of_account(conn, account)}:
        raise NoSuchCase(field="case_number")
    row = await queries.numbered(conn, case_number)
    if row is None:
        raise NoSuchCase(field="case_number")
    return row
