"""Cases: raised by people, reviewed by officers of the scope, followed by both, sealed, and written down."""

from collections.abc import Awaitable
from uuid import uuid4

import pytest

from opencowin import cases, registry
from opencowin.cases import CaseKind, CaseState
from opencowin.kit.actor import NotPermitted
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from tests.builders import citizen
from tests.rooms.case_scene import JPEG, PDF, Bench, later, officer
from tests.rooms.scene import jobs

pytestmark = pytest.mark.anyio
WRONG_NAME = cases.Wish(facts=registry.Correction(name="Asha Kumar"))


async def test_a_case_goes_back_and_forth_and_both_sides_see_each_step(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    me, here = citizen(who.person.account_id), officer()
    case = await bench.raised(who, CaseKind.OTHER)
    assert case.state is CaseState.RAISED
    seen = await cases.look(conn, floor, here, case.case_number)
    assert seen.case.state is CaseState.IN_REVIEW
    assert [one.beneficiary.name for one in seen.records] == ["Asha Kumari"]
    await cases.ask_for_more(conn, floor, here, case.case_number, " Which centre? ")
    await cases.add_to_case(conn, floor, me, case.case_number, "The big one")
    await cases.refuse(conn, floor, here, case.case_number, "Nothing is wrong there.")
    await cases.add_to_case(conn, floor, me, case.case_number, "Please look again")
    told = await cases.follow(conn, floor, me, case.case_number)
    assert [(one.state.value, one.side.value, one.note) for one in told.steps] == [
        ("raised", "person", ""),
        ("in_review", "officer", ""),
        ("asked", "officer", "Which centre?"),
        ("in_review", "person", "The big one"),
        ("refused", "officer", "Nothing is wrong there."),
        ("reopened", "person", "Please look again"),
    ]
    assert told.answer == "Nothing is wrong there."
    assert await jobs(conn, "cases.case_moved") == 3
    looks = "SELECT count(*) FROM audit WHERE action = 'registry.read_person' AND reason = %(why)s"
    assert await fetch_value(conn, looks, why=f"case {case.case_number}") == 1


async def test_what_is_written_and_shown_is_sealed_and_deleted_in_time(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    me = citizen(who.person.account_id)
    new = cases.NewCase(uuid4(), CaseKind.OTHER, "a secret complaint", who.reference_id)
    shown = [cases.Shown(uuid4(), JPEG), cases.Shown(uuid4(), PDF)]
    case = await cases.raise_case(conn, floor, me, new, shown)
    stored = await fetch_value(
        conn,
        """
        SELECT string_agg(content_sealed, '') || (SELECT details_sealed FROM help_case WHERE case_id = %(id)s)
        FROM case_evidence WHERE case_id = %(id)s
        """,
        id=case.case_id,
    )
    assert b"secret" not in bytes(stored)
    assert b"document" not in bytes(stored)
    found = await cases.read_evidence(conn, floor, officer(), case.case_number, shown[1].evidence_id)
    assert (found.media_type, found.content) == ("application/pdf", PDF)
    await cases.refuse(conn, floor, officer(), case.case_number, "No")
    assert await cases.forget_evidence(conn, later(floor, floor.settings.evidence_days - 1)) == 0
    assert await cases.forget_evidence(conn, later(floor, floor.settings.evidence_days + 1)) == 2
    with pytest.raises(cases.NoSuchCase):
        await cases.own_evidence(conn, floor, me, case.case_number, shown[0].evidence_id)
    told = await cases.follow(conn, floor, me, case.case_number)
    assert all(one.deleted for one in told.evidence)


async def kept_if_good(conn: Connection, doing: Awaitable[object]) -> None:
    """Do it as the edge does: a refusal undoes all."""
    async with conn.transaction():
        await doing


async def test_only_a_few_small_pictures_and_papers_are_taken(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    me = citizen(who.person.account_id)
    for wrong in (b"GIF89a", JPEG + b"\0" * 2_000_000, b""):
        new = cases.NewCase(uuid4(), CaseKind.OTHER, "See", who.reference_id)
        with pytest.raises(cases.EvidenceUnreadable):
            await kept_if_good(conn, cases.raise_case(conn, floor, me, new, [cases.Shown(uuid4(), wrong)]))
    case = await bench.raised(who, CaseKind.OTHER)
    await cases.ask_for_more(conn, floor, officer(), case.case_number, "Show it")
    for _ in range(3):
        await cases.add_to_case(conn, floor, me, case.case_number, "Here", [cases.Shown(uuid4(), JPEG)])
    with pytest.raises(cases.TooMuchEvidence):
        await cases.add_to_case(conn, floor, me, case.case_number, "Here", [cases.Shown(uuid4(), JPEG)])


async def test_a_case_sent_twice_is_one_and_few_may_be_open(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    me = citizen(who.person.account_id)
    new = cases.NewCase(uuid4(), CaseKind.OTHER, "Once")
    first = await cases.raise_case(conn, floor, me, new)
    assert await cases.raise_case(conn, floor, me, new) == first
    for _ in range(4):
        await bench.raised(who, CaseKind.OTHER)
    with pytest.raises(cases.TooManyCases):
        await bench.raised(who, CaseKind.OTHER)
    with pytest.raises(cases.CaseEmpty):
        await bench.raised(who, CaseKind.OTHER, details="  ")


async def test_a_case_says_what_it_wants_and_about_whom(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    kinds = set(CaseKind) - {CaseKind.OTHER, CaseKind.CENTRE, CaseKind.UNKNOWN_MEMBER, CaseKind.DOSE_MISSING}
    for kind in kinds - cases.FOUND - cases.BY_CONSENT - {CaseKind.DEATH}:
        with pytest.raises(cases.WishMissing):
            await bench.raised(who, kind)
    with pytest.raises(registry.InvalidDeathDate):
        await bench.raised(who, CaseKind.DEATH)
    with pytest.raises(cases.MemberNeeded):
        await bench.raised(who, CaseKind.UNKNOWN_MEMBER, reference_id=None)
    with pytest.raises(registry.InvalidName):
        await bench.raised(who, CaseKind.FACTS_WRONG, cases.Wish(facts=registry.Correction(name="123")))
    with pytest.raises(NotPermitted):
        await bench.raised(who, CaseKind.SAME_DOCUMENT)


async def test_an_officer_of_another_district_gets_nothing(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    await bench.dose(who)
    case = await bench.raised(who, CaseKind.FACTS_WRONG, WRONG_NAME)
    nowhere = await bench.raised(await bench.person(), CaseKind.OTHER)
    district_id = bench.centre.district_id
    assert case.district_id == district_id
    elsewhere = int(
        await fetch_value(conn, "SELECT min(district_id) FROM district WHERE district_id <> %(d)s", d=district_id)
    )
    mine, theirs = officer(district_id=district_id), officer(district_id=elsewhere)
    assert [one.case_number for one in await cases.list_cases(conn, floor, mine)] == [case.case_number]
    assert await cases.list_cases(conn, floor, theirs) == []
    everywhere = {one.case_number for one in await cases.list_cases(conn, floor, officer())}
    assert everywhere == {case.case_number, nowhere.case_number}
    for number, who_asks in ((case.case_number, theirs), (nowhere.case_number, mine)):
        with pytest.raises(cases.NoSuchCase):
            await cases.look(conn, floor, who_asks, number)
        for verb in (cases.accept, cases.refuse, cases.ask_for_more, cases.undo):
            with pytest.raises(cases.NoSuchCase):
                await verb(conn, floor, who_asks, number, "Hello")
    for nobody in (officer(centre_id=1), citizen(who.person.account_id)):
        with pytest.raises(NotPermitted):
            await cases.list_cases(conn, floor, nobody)


async def test_nobody_follows_another_household(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    case, other = await bench.raised(await bench.person(), CaseKind.OTHER), await bench.person()
    stranger = citizen(other.person.account_id)
    assert await cases.cases_of(conn, floor, stranger) == []
    with pytest.raises(cases.NoSuchCase):
        await cases.follow(conn, floor, stranger, case.case_number)
    with pytest.raises(cases.NoSuchCase):
        await cases.add_to_case(conn, floor, stranger, case.case_number, "Mine")


async def test_a_decided_case_is_decided_once(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    case = await bench.raised(await bench.person(), CaseKind.OTHER)
    await bench.accept(case)
    for verb in (cases.accept, cases.refuse, cases.ask_for_more):
        with pytest.raises(cases.NotDecidable):
            await verb(conn, floor, officer(), case.case_number, "Again")
    with pytest.raises(cases.NothingToUndo):
        await cases.undo(conn, floor, officer(), case.case_number, "Again")


async def test_lists_are_by_state_kind_and_age(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    case = await bench.raised(who, CaseKind.OTHER)

    async def found(when: Floor = floor, **how: object) -> bool:
        listed = await cases.list_cases(conn, when, officer(), cases.Search(**how))  # type: ignore[arg-type]
        return case.case_number in {one.case_number for one in listed}

    assert await found()
    assert await found(kind=CaseKind.OTHER)
    assert not await found(kind=CaseKind.MERGE)
    assert not await found(older_than_days=3)
    assert await found(later(floor, 4), older_than_days=3)
    await bench.accept(case)
    assert not await found()
    assert await found(states=cases.CLOSED)
