"""People raise cases and follow them."""

import secrets

from opencowin.cases import queries
from opencowin.cases.model import Case, CaseKind, CaseState, NewCase
from opencowin.cases.queries import CaseRow
from opencowin.cases.refusals import CaseEmpty, TooManyCases
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import own_members
from opencowin.vaccination import doses_of

DETAILS, ANSWER = "help_case.details", "help_case.answer"
LONGEST = 1000
MOST_OPEN = 5


async def raise_case(conn: Connection, floor: Floor, actor: Actor, new: NewCase) -> Case:
    """Raise a case for the actor's household; the same case sent again is the same.

    Raises NotPermitted, CaseEmpty, TooManyCases, NoSuchBeneficiary.
    """
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    details = new.details.strip()
    if not 0 < len(details) <= LONGEST:
        raise CaseEmpty(field="details", most=LONGEST)
    await queries.hold_account(conn, account)
    known = await queries.of_account(conn, account)
    for row in known:
        if row.case_id == new.case_id:
            return opened(floor, row)
    if sum(row.state == CaseState.OPEN.value for row in known) >= MOST_OPEN:
        raise TooManyCases(most=MOST_OPEN)
    beneficiary_id = district_id = None
    if new.reference_id is not None:
        (member,) = await own_members(conn, floor, actor, [new.reference_id])
        beneficiary_id = member.person.beneficiary_id
        doses = await doses_of(conn, member.person)
        district_id = doses[-1].district_id if doses else None
    row = CaseRow(
        account_id=account,
        case_id=new.case_id,
        case_number=10_000_000 + secrets.randbelow(90_000_000),
        beneficiary_id=beneficiary_id,
        district_id=district_id,
        kind=new.kind.value,
        state=CaseState.OPEN.value,
        details_sealed=floor.keyring.seal(details, DETAILS),
        raised_at=floor.clock.now(),
        answer_sealed=None,
        answered_by=None,
        answered_at=None,
    )
    await queries.insert(conn, row)
    subject, detail = ("case", new.case_id), {"kind": new.kind.value}
    await record(conn, actor, "cases.raise_case", subject=subject, reason="raised", detail=detail)
    return opened(floor, row)


async def cases_of(conn: Connection, floor: Floor, actor: Actor) -> list[Case]:
    """The cases of the actor's household, newest first. Raises NotPermitted."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    return [opened(floor, row) for row in await queries.of_account(conn, actor.own_account())]


def opened(floor: Floor, row: CaseRow) -> Case:
    """A stored case, opened."""
    return Case(
        account_id=row.account_id,
        case_id=row.case_id,
        case_number=row.case_number,
        beneficiary_id=row.beneficiary_id,
        district_id=row.district_id,
        kind=CaseKind(row.kind),
        state=CaseState(row.state),
        details=floor.keyring.open(row.details_sealed, DETAILS),
        raised_at=row.raised_at,
        answer=floor.keyring.open(row.answer_sealed, ANSWER) if row.answer_sealed else "",
        answered_at=row.answered_at,
    )
