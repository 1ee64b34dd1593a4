"""Merges: two records become one, found by people or by the platform, and an undone merge restores both exactly."""

from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from opencowin import cases, certificates, registry, scheduling, vaccination
from opencowin.cases import CaseKind, CaseState
from opencowin.kit.actor import NotPermitted
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.registry.likeness import sound
from tests.builders import TEST, a_session, citizen, pan
from tests.rooms.case_scene import Bench, officer

pytestmark = pytest.mark.anyio


async def merge_case(bench: Bench, kept: registry.Beneficiary, gone: registry.Beneficiary) -> cases.Case:
    """A case by the household of the kept record, which knows the other's secret code."""
    other = cases.OtherRecord(gone.reference_id, gone.secret_code)
    return await bench.raised(kept, CaseKind.MERGE, other=other)


async def test_two_first_doses_on_two_mobiles_become_a_final_certificate(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    one, two = await bench.person(), await bench.person("Asha Kumari")
    await bench.dose(one, 1, ago=100)
    await bench.dose(two, 1, ago=5)
    old = [(await bench.sheet(each)).statement.certificate_id for each in (one, two)]
    case = await merge_case(bench, one, two)
    await bench.accept(case)
    assert await bench.numbers(one.person) == [(1, bench.day(100).isoformat()), (2, bench.day(5).isoformat())]
    said = (await bench.sheet(one)).statement
    assert (said.stage.value, len(said.doses)) == ("final", 2)
    assert all([await bench.revoked(number) for number in old])
    assert (await bench.counted(dose=1), await bench.counted(dose=2)) == (1, 1)
    assert await registry.find_person(conn, two.reference_id) == one.person
    assert await registry.members(conn, floor, citizen(two.person.account_id)) == []
    merged = (await bench.sheet(one)).statement.certificate_id
    await cases.undo(conn, floor, officer(), case.case_number, "They are two people")
    assert await bench.revoked(merged)
    for each, ago in ((one, 100), (two, 5)):
        assert await bench.numbers(each.person) == [(1, bench.day(ago).isoformat())]
        assert (await bench.sheet(each)).statement.stage.value == "provisional"
    with pytest.raises(cases.NothingToUndo):
        await cases.undo(conn, floor, officer(), case.case_number, "Again")


async def test_the_same_dose_on_both_records_counts_once(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    one, two = await bench.person(), await bench.person()
    await bench.dose(one, 1, ago=5)
    await bench.dose(two, 1, ago=5)
    await bench.accept(await merge_case(bench, one, two))
    assert await bench.numbers(one.person) == [(1, bench.day(5).isoformat())]
    assert await bench.counted() == 1


async def test_a_merge_needs_the_other_records_code_and_an_officer(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    one, two = await bench.person(), await bench.person()
    wrong = cases.OtherRecord(two.reference_id, "none")
    with pytest.raises(registry.WrongSecretCode):
        await bench.raised(one, CaseKind.MERGE, other=wrong)
    with pytest.raises(registry.SameRecord):
        await bench.raised(one, CaseKind.MERGE, other=cases.OtherRecord(one.reference_id))
    case = await merge_case(bench, one, two)
    with pytest.raises(NotPermitted):
        await cases.accept(conn, floor, citizen(one.person.account_id), case.case_number, "Mine")
    assert await registry.find_person(conn, two.reference_id) == two.person


async def test_a_document_of_a_merged_record_stays_taken_and_goes_back(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    document = pan()
    one, two = await bench.person(), await bench.person(document_number=document)
    case = await merge_case(bench, one, two)
    await bench.accept(case)
    with pytest.raises(registry.DocumentRegistered):
        await bench.person("Ravi Kumar", document_number=document)
    await cases.undo(conn, floor, officer(), case.case_number, "Two people")
    with pytest.raises(registry.DocumentRegistered):
        await bench.person("Ravi Kumar", document_number=document)
    me = citizen(two.person.account_id)
    await registry.remove(conn, floor, me, two.reference_id)
    assert (await bench.person("Ravi Kumar", document_number=document)).reference_id


async def test_later_merges_are_undone_first(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    one, two, three = [await bench.person() for _ in range(3)]
    first = await merge_case(bench, one, two)
    await bench.accept(first)
    second = await merge_case(bench, three, one)
    await bench.accept(second)
    assert await registry.find_person(conn, two.reference_id) == three.person
    with pytest.raises(registry.NotMerged):
        await cases.undo(conn, floor, officer(), first.case_number, "No")
    await cases.undo(conn, floor, officer(), second.case_number, "No")
    await cases.undo(conn, floor, officer(), first.case_number, "No")
    for one_of in (one, two, three):
        assert await registry.find_person(conn, one_of.reference_id) == one_of.person


async def test_what_happened_after_a_merge_stays_when_it_is_undone(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    one, two = await bench.person(), await bench.person()
    await bench.dose(one, 1, ago=300)
    wrong = await bench.dose(two, 1, ago=200)
    case = await merge_case(bench, one, two)
    await bench.accept(case)
    await bench.dose(one, 3, ago=1)
    wish = cases.Wish(dose=vaccination.DoseCorrection(wrong.dose_id, batch_number="B-9"))
    await bench.accept(await bench.raised(one, CaseKind.DOSE_WRONG, wish))
    await cases.undo(conn, floor, officer(), case.case_number, "Two people")
    assert [number for number, _ in await bench.numbers(one.person)] == [1, 2]
    (back,) = await vaccination.doses_of(conn, two.person)
    assert (back.dose_number, back.batch_number) == (1, "B-9")


TABLES = ("beneficiary", "dose", "adverse_event", "identity_document", "beneficiary_reference")
NUMBERS = st.lists(
    st.tuples(st.sampled_from((1, 1, 2, 3)), st.integers(1, 400), st.sampled_from(("COVISHIELD", "COVAXIN"))),
    max_size=2,
)


async def everything(conn: Connection, *people: registry.Beneficiary) -> dict[str, list[dict[str, Any]]]:
    """All rows of these people, as they stand in the tables, and what the reports count."""
    found: dict[str, list[dict[str, Any]]] = {}
    ids = [one.person.beneficiary_id for one in people]
    async with conn.cursor(row_factory=dict_row) as cursor:
        for table in TABLES:
            query = psycopg.sql.SQL("SELECT * FROM {} WHERE beneficiary_id = ANY (%s) ORDER BY 1, 2, 3")
            await cursor.execute(query.format(psycopg.sql.Identifier(table)), [ids])
            found[table] = await cursor.fetchall()
        await cursor.execute(
            "SELECT keys, on_date, sum(amount) FROM measure_change GROUP BY 1, 2 HAVING sum(amount) <> 0"
        )
        found["counted"] = sorted(await cursor.fetchall(), key=str)
    return found


@settings(
    max_examples=8,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)
@given(first=NUMBERS, second=NUMBERS)
async def test_whatever_was_recorded_a_merge_undone_restores_both_exactly(
    conn: Connection, floor: Floor, first: list[tuple[int, int, str]], second: list[tuple[int, int, str]]
) -> None:
    bench = await Bench.of(conn, floor)
    one, two = await bench.person(), await bench.person(birth_year=1971, gender_id=1)
    for who, doses in ((one, first), (two, second)):
        for number, ago, vaccine in doses:
            await bench.dose(who, number, ago, vaccine=vaccine, certified=False)
    event = vaccination.AdverseEvent(
        two.person, two.person.beneficiary_id, bench.day(0), vaccination.Severity.MINOR, "A sore arm"
    )
    await vaccination.report_adverse_event(conn, floor, citizen(two.person.account_id), event)
    before = await everything(conn, one, two)
    case = await merge_case(bench, one, two)
    await bench.accept(case)
    merged = await vaccination.doses_of(conn, one.person)
    assert [dose.given_on for dose in merged] == sorted(dose.given_on for dose in merged)
    assert len({dose.dose_number for dose in merged}) == len(merged)
    assert await vaccination.doses_of(conn, two.person, every_state=True) == []
    await cases.undo(conn, floor, officer(), case.case_number, "Two people")
    assert await everything(conn, one, two) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Asha Kumari", "आशा कुमारी"),
        ("Lakshmi Narayanan", "Laxmi Narayanan"),
        ("Lakshmi", "లక్ష్మి"),
        ("Ravi Kumar", "Kumar Ravi"),
        ("Zakir Hussain", "Jakir Husain"),
        ("Sunita Sharma", "সুনীতা শর্মা"),
        ("R. Lakshmi", "Laxmi"),
    ],
)
def test_names_sound_alike_in_every_script(one: str, other: str) -> None:
    assert sound(one) == sound(other)
    assert sound(one) != sound("Rohit")


async def found(conn: Connection, floor: Floor) -> list[cases.Case]:
    """The merge cases that the platform opened."""
    listed = await cases.list_cases(conn, floor, officer(), cases.Search(kind=CaseKind.MERGE))
    return [one for one in listed if one.found_by_system]


async def test_the_platform_finds_a_person_with_two_first_doses(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    one, two = await bench.person("Sunita Sharma"), await bench.person("सुनीता शर्मा")
    other_year = await bench.person("Sunita Sharma", birth_year=1991)
    for who, ago in ((one, 90), (two, 4), (other_year, 4)):
        await bench.dose(who, 1, ago)
    assert await cases.find_merges(conn, floor) == 1
    assert await cases.find_merges(conn, floor) == 0
    (case,) = await found(conn, floor)
    assert case.district_id == bench.centre.district_id
    seen = await cases.look(conn, floor, officer(), case.case_number)
    assert {one.beneficiary.name for one in seen.records} == {"Sunita Sharma", "सुनीता शर्मा"}
    assert await cases.cases_of(conn, floor, citizen(one.person.account_id)) == []
    await bench.accept(case)
    assert await bench.state(case) is CaseState.DONE
    kept = await registry.find_person(conn, one.reference_id)
    assert kept == await registry.find_person(conn, two.reference_id)
    assert len(await vaccination.doses_of(conn, kept)) == 2


async def test_the_platform_finds_the_same_name_and_birth_date_and_a_refusal_is_remembered(
    conn: Connection, floor: Floor
) -> None:
    bench = await Bench.of(conn, floor)
    born = date(1985, 2, 3)
    one = await bench.person("Zakir Hussain", birth_year=1985, birth_date=born)
    await bench.person("Jakir Husain", birth_year=1985, birth_date=born)
    await bench.person("Jakir Husain", birth_year=1985, birth_date=date(1985, 2, 4))
    assert await cases.find_merges(conn, floor) == 1
    (case,) = await found(conn, floor)
    await cases.refuse(conn, floor, officer(), case.case_number, "Two brothers")
    await bench.dose(one, 1, 3)
    assert await cases.find_merges(conn, floor) == 0


async def test_people_registered_before_are_compared_too(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    for name, ago in (("Meena Rao", 50), ("மீனா ராவ்", 2)):
        await bench.dose(await bench.person(name), 1, ago)
    await conn.execute("UPDATE beneficiary SET likeness_hash = NULL")
    assert await cases.find_merges(conn, floor) == 1
    stored = await fetch_value(conn, "SELECT count(*) FROM beneficiary WHERE likeness_hash IS NULL")
    assert stored == 0


async def test_a_merge_ends_what_the_other_record_had_booked(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    one, two = await bench.person(), await bench.person()
    await bench.dose(one, 1, ago=200)
    new = a_session(bench.centre, bench.day(-1))
    session = await scheduling.publish_session(conn, floor, TEST, new)
    wish = scheduling.BookingWish(1, session, "09:00AM-11:00AM", (two.reference_id,))
    await scheduling.book(conn, floor, citizen(two.person.account_id), wish)
    await bench.accept(await merge_case(bench, one, two))
    assert await scheduling.appointments_of(conn, two.person.account_id) == []
    assert certificates.Format.DIVOC in (await bench.sheet(one)).payloads
