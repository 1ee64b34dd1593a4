"""Cases: raised by people, answered by officers of the scope, sealed, and written down."""

from uuid import uuid4

import pytest

from opencowin import cases, registry
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from tests.builders import citizen, member

pytestmark = pytest.mark.anyio


def officer(**place: int) -> Actor:
    return Actor(ActorKind.STAFF, "officer", frozenset({Permission.ANSWER_CASES}), place=Place(**place))


async def raised(conn: Connection, floor: Floor, who: registry.Beneficiary, text: str = "Wrong name") -> cases.Case:
    new = cases.NewCase(uuid4(), cases.CaseKind.FACTS_WRONG, text, who.reference_id)
    return await cases.raise_case(conn, floor, citizen(who.person.account_id), new)


async def test_a_case_is_answered_and_its_household_sees_the_answer(conn: Connection, floor: Floor) -> None:
    who = await member(conn, floor)
    case = await raised(conn, floor, who)
    assert (case.state, case.beneficiary_id) == (cases.CaseState.OPEN, who.person.beneficiary_id)
    assert case in await cases.open_cases(conn, floor, officer())
    await cases.answer_case(conn, floor, officer(), case.case_number, " It is mended. ", close=True)
    (seen,) = await cases.cases_of(conn, floor, citizen(who.person.account_id))
    assert (seen.state, seen.answer) == (cases.CaseState.CLOSED, "It is mended.")
    looks = "SELECT count(*) FROM audit WHERE action LIKE 'cases.%%' AND subject_id = %(case)s"
    assert await fetch_value(conn, looks, case=str(case.case_id)) == 3


async def test_what_is_written_is_sealed(conn: Connection, floor: Floor) -> None:
    case = await raised(conn, floor, await member(conn, floor), "a secret complaint")
    stored = await fetch_value(conn, "SELECT details_sealed FROM help_case WHERE case_id = %(id)s", id=case.case_id)
    assert b"secret" not in bytes(stored)


async def test_a_case_sent_twice_is_one_and_few_may_be_open(conn: Connection, floor: Floor) -> None:
    who = await member(conn, floor)
    actor = citizen(who.person.account_id)
    new = cases.NewCase(uuid4(), cases.CaseKind.OTHER, "Once")
    first = await cases.raise_case(conn, floor, actor, new)
    assert await cases.raise_case(conn, floor, actor, new) == first
    for _ in range(4):
        await raised(conn, floor, who)
    with pytest.raises(cases.TooManyCases):
        await raised(conn, floor, who)
    with pytest.raises(cases.CaseEmpty):
        await raised(conn, floor, who, "  ")


async def test_nobody_reads_or_answers_beyond_the_scope(conn: Connection, floor: Floor) -> None:
    who = await member(conn, floor)
    case = await raised(conn, floor, who)
    somewhere = int(await fetch_value(conn, "SELECT min(district_id) FROM district"))
    district_officer = officer(state_id=1, district_id=somewhere)
    assert await cases.open_cases(conn, floor, district_officer) == []
    with pytest.raises(cases.NoSuchCase):
        await cases.answer_case(conn, floor, district_officer, case.case_number, "Hello")
    with pytest.raises(NotPermitted):
        await cases.open_cases(conn, floor, officer(centre_id=1))
    with pytest.raises(NotPermitted):
        await cases.open_cases(conn, floor, citizen(who.person.account_id))
    other = await member(conn, floor)
    new = cases.NewCase(uuid4(), cases.CaseKind.OTHER, "Theirs", who.reference_id)
    with pytest.raises(registry.NoSuchBeneficiary):
        await cases.raise_case(conn, floor, citizen(other.person.account_id), new)
