"""Doses are kept whatever the rules say; what does not fit is flagged, what contradicts is disputed."""

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID, uuid4

import pytest

from opencowin import places, programme, registry, vaccination
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place, system
from opencowin.kit.db import Connection, Pool, fetch_value, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Beneficiary
from opencowin.vaccination import AdverseEvent, DoseState, GivenDose, Severity, VaccinationStatus

pytestmark = pytest.mark.anyio
DESK = system("test")


async def someone(conn: Connection, floor: Floor, birth_year: int = 1980) -> Beneficiary:
    """A registered person with a passport of their own."""
    registration = registry.Registration(
        "Asha Example", birth_year, 2, 8, f"Q{uuid4().int % 9_000_000 + 1_000_000}", False, "1"
    )
    return await registry.register(conn, floor, DESK, uuid4(), registration, channel=registry.Channel.IMPORT)


async def centre_in(conn: Connection, district_id: int, operator: str = "government") -> places.Centre:
    """A centre of the district."""
    pin_code = await fetch_value(conn, "SELECT min(pin_code) FROM pin_code WHERE district_id = %(d)s", d=district_id)
    new = places.NewCentre(
        district_id=district_id,
        name="Test Centre",
        address="1 Test Road",
        pin_code=pin_code,
        opens_at=time(9),
        closes_at=time(17),
        operator=places.Operator(operator),
    )
    return await places.read_centre(conn, await places.add_centre(conn, new))


async def some_districts(conn: Connection, how_many: int) -> list[int]:
    """Districts with postal codes, of different states."""
    cursor = await conn.execute(
        """SELECT min(district_id) FROM district JOIN pin_code USING (district_id)
           WHERE district.latitude IS NOT NULL GROUP BY state_id ORDER BY 1 LIMIT %s""",
        (how_many,),
    )
    return [row[0] for row in await cursor.fetchall()]


def dose(floor: Floor, person: Beneficiary, number: int = 1, *, days_ago: int = 0, **other: object) -> GivenDose:
    """A dose of Covishield, so many days ago."""
    given = GivenDose(
        person=person.person,
        dose_id=uuid4(),
        dose_number=number,
        vaccine_id="COVISHIELD",
        batch_number="B1",
        given_on=floor.clock.today() - timedelta(days=days_ago),
        vaccinator_name="Nurse Example",
    )
    return replace(given, **other)  # type: ignore[arg-type]


async def dose_jobs(conn: Connection, person: Beneficiary) -> int:
    """How many certificates were asked for."""
    found = await fetch_value(
        conn,
        "SELECT count(*) FROM pgqueuer WHERE entrypoint = %(name)s AND convert_from(payload, 'UTF8') LIKE %(who)s",
        name=vaccination.DOSE_RECORDED.name,
        who=f"%{person.person.beneficiary_id}%",
    )
    return int(found)


async def counted(conn: Connection, measure: str) -> int:
    """What waits to be folded of a measure."""
    return int(
        await fetch_value(
            conn, "SELECT coalesce(sum(amount), 0) FROM measure_change WHERE measure = %(measure)s", measure=measure
        )
    )


async def test_a_dose_is_recorded_counted_audited_and_a_certificate_asked_for(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    recorded = await vaccination.record_dose(conn, floor, DESK, dose(floor, person))
    assert recorded.state is DoseState.VALID
    assert recorded.flags == frozenset()
    assert await vaccination.doses_of(conn, person.person) == [recorded]
    assert vaccination.vaccinator_name(floor, recorded) == "Nurse Example"
    assert await dose_jobs(conn, person) == 1
    assert await counted(conn, "dose") == 1
    keys = await fetch_value(conn, "SELECT keys FROM measure_change WHERE measure = 'dose'")
    named = {"dose": 1, "vaccine": "COVISHIELD", "gender": 2, "operator": "unknown", "centre": None}
    assert keys == named | {"age": keys["age"]}
    trail = "SELECT count(*) FROM audit WHERE action = 'vaccination.record_dose' AND subject_id = %(id)s"
    assert await fetch_value(conn, trail, id=str(person.person.beneficiary_id)) == 1
    locked = await registry.read_person(conn, floor, DESK, person.person, reason="test")
    assert locked.locked_at is not None


async def test_the_same_record_twice_is_one_dose(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    given = dose(floor, person)
    first = await vaccination.record_dose(conn, floor, DESK, given)
    assert await vaccination.record_dose(conn, floor, DESK, given) == first
    assert await vaccination.record_dose(conn, floor, DESK, replace(given, dose_id=uuid4())) == first
    assert await counted(conn, "dose") == 1
    assert await dose_jobs(conn, person) == 1


async def test_a_dose_too_early_is_kept_with_the_reason_as_a_flag(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    await vaccination.record_dose(conn, floor, DESK, dose(floor, person, 1, days_ago=10))
    second = await vaccination.record_dose(conn, floor, DESK, dose(floor, person, 2))
    assert second.state is DoseState.VALID
    assert programme.Reason.INTERVAL_TOO_SHORT in second.flags


async def test_a_child_is_not_turned_away_after_the_fact(conn: Connection, floor: Floor) -> None:
    child = await someone(conn, floor, floor.clock.today().year - 5)
    recorded = await vaccination.record_dose(conn, floor, DESK, dose(floor, child))
    assert recorded.state is DoseState.VALID
    assert recorded.flags & {"too_young", "vaccine_not_for_age", "not_yet_open_for_group"}


async def test_a_dose_from_before_registration_is_flagged(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    recorded = await vaccination.record_dose(conn, floor, DESK, dose(floor, person, days_ago=3))
    assert recorded.flags == {"before_registration"}


async def test_a_first_dose_that_arrives_after_the_second_is_judged_by_its_own_day(
    conn: Connection, floor: Floor
) -> None:
    person = await someone(conn, floor)
    second = await vaccination.record_dose(conn, floor, DESK, dose(floor, person, 2))
    assert "wrong_dose_number" in second.flags
    first = await vaccination.record_dose(conn, floor, DESK, dose(floor, person, 1, days_ago=100))
    assert first.flags == {"before_registration"}
    assert [one.dose_number for one in await vaccination.doses_of(conn, person.person)] == [1, 2]


async def test_another_record_of_the_same_dose_number_is_disputed_not_counted(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    await vaccination.record_dose(conn, floor, DESK, dose(floor, person))
    other = dose(floor, person, vaccine_id="COVAXIN")
    disputed = await vaccination.record_dose(conn, floor, DESK, other)
    assert disputed.state is DoseState.DISPUTED
    assert "dose_number_conflict" in disputed.flags
    assert await vaccination.record_dose(conn, floor, DESK, other) == disputed
    assert [one.vaccine_id for one in await vaccination.doses_of(conn, person.person)] == ["COVISHIELD"]
    assert len(await vaccination.doses_of(conn, person.person, every_state=True)) == 2
    assert await counted(conn, "dose") == 1
    assert await dose_jobs(conn, person) == 1


async def test_a_batch_the_centre_never_received_is_flagged(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    centre = await centre_in(conn, (await some_districts(conn, 1))[0], "private")
    await conn.execute(
        "INSERT INTO batch (district_id, centre_id, vaccine_id, batch_number, expires_on, received) "
        "VALUES (%s, %s, 'COVISHIELD', 'OLD', %s, 10)",
        (centre.district_id, centre.centre_id, floor.clock.today() - timedelta(days=1)),
    )
    given = dose(floor, person, centre_id=centre.centre_id)
    unknown = await vaccination.record_dose(conn, floor, DESK, given)
    assert unknown.flags == {"unknown_batch"}
    assert unknown.district_id == centre.district_id
    other = await someone(conn, floor)
    expired = await vaccination.record_dose(
        conn, floor, DESK, dose(floor, other, centre_id=centre.centre_id, batch_number="OLD")
    )
    assert expired.flags == {"expired_batch"}


async def test_what_makes_no_sense_is_refused(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    given = dose(floor, person)
    nonsense: list[tuple[GivenDose, type[Exception]]] = [
        (replace(given, given_on=floor.clock.today() + timedelta(days=1)), vaccination.DateInFuture),
        (replace(given, vaccine_id="WATER"), vaccination.UnknownVaccine),
        (replace(given, dose_number=0), vaccination.DoseNumberOutOfRange),
        (replace(given, dose_number=21), vaccination.DoseNumberOutOfRange),
        (replace(given, vaccinator_name=" "), vaccination.TextUnreadable),
        (replace(given, batch_number="B\x00"), vaccination.TextUnreadable),
        (replace(given, person=registry.Person(uuid4(), uuid4())), registry.NoSuchBeneficiary),
        (replace(given, centre_id=2_000_000_000), places.UnknownCentre),
    ]
    for wrong, refusal in nonsense:
        with pytest.raises(refusal):
            await vaccination.record_dose(conn, floor, DESK, wrong)
    assert await vaccination.doses_of(conn, person.person, every_state=True) == []


async def test_a_vaccinator_records_only_within_the_own_scope(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    here, there = [await centre_in(conn, district) for district in await some_districts(conn, 2)]
    scope = Place((await places.district(conn, here.district_id)).state_id, here.district_id)
    nurse = Actor(ActorKind.STAFF, "nurse", frozenset({Permission.VACCINATE}), place=scope)
    for outside in (dose(floor, person, centre_id=there.centre_id), dose(floor, person)):
        with pytest.raises(NotPermitted):
            await vaccination.record_dose(conn, floor, nurse, outside)
    with pytest.raises(NotPermitted):
        await vaccination.record_dose(conn, floor, replace(nurse, permissions=frozenset()), dose(floor, person))
    recorded = await vaccination.record_dose(conn, floor, nurse, dose(floor, person, centre_id=here.centre_id))
    assert recorded.centre_id == here.centre_id


async def test_status_and_next_due_follow_from_the_doses(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    rules = await programme.current_programme(conn)
    assert vaccination.status([], rules) is VaccinationStatus.NOT_VACCINATED
    first = await vaccination.record_dose(conn, floor, DESK, dose(floor, person))
    assert vaccination.status([first], rules) is VaccinationStatus.PARTIALLY_VACCINATED
    due = await vaccination.due(conn, floor, person)
    assert due is not None
    assert due.dose == 2
    assert due.from_date > floor.clock.today()
    second = await vaccination.record_dose(conn, floor, DESK, dose(floor, person, 2))
    assert vaccination.status([first, second], rules) is VaccinationStatus.VACCINATED
    household = await vaccination.doses_of_account(conn, person.person.account_id)
    assert household == {person.person.beneficiary_id: [first, second]}


async def test_two_records_of_one_dose_at_once_leave_one_standing(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        person = await someone(conn, floor)

    async def record(vaccine_id: str) -> vaccination.Dose:
        async with transaction(pool) as conn:
            return await vaccination.record_dose(conn, floor, DESK, dose(floor, person, vaccine_id=vaccine_id))

    doses = await asyncio.gather(*(record(name) for name in ("COVISHIELD", "COVAXIN") * 4))
    assert len({one.dose_id for one in doses}) == 2
    assert sorted(one.state for one in {one.dose_id: one for one in doses}.values()) == ["disputed", "valid"]
    async with transaction(pool) as conn:
        await audit.chain(conn)


async def test_an_adverse_event_is_reported_once_and_counts_for_the_day_of_its_dose(
    conn: Connection, floor: Floor
) -> None:
    person = await someone(conn, floor)
    recorded = await vaccination.record_dose(conn, floor, DESK, dose(floor, person, days_ago=2))
    event = AdverseEvent(
        person.person, uuid4(), floor.clock.today(), Severity.MINOR, "Fever for a day", dose_id=recorded.dose_id
    )
    assert await vaccination.report_adverse_event(conn, floor, DESK, event) is True
    assert await vaccination.report_adverse_event(conn, floor, DESK, event) is False
    on: date = await fetch_value(conn, "SELECT on_date FROM measure_change WHERE measure = 'aefi'")
    assert on == recorded.given_on
    sealed = await fetch_value(
        conn,
        "SELECT description_sealed FROM adverse_event WHERE adverse_event_id = %(id)s",
        id=event.adverse_event_id,
    )
    assert b"Fever" not in bytes(sealed)


async def test_an_adverse_event_of_a_dose_the_person_never_had_is_refused(conn: Connection, floor: Floor) -> None:
    person = await someone(conn, floor)
    event = AdverseEvent(person.person, uuid4(), floor.clock.today(), Severity.SEVERE, "Rash", dose_id=UUID(int=7))
    with pytest.raises(vaccination.NoSuchDose):
        await vaccination.report_adverse_event(conn, floor, DESK, event)
    early = replace(event, noticed_on=floor.clock.today() + timedelta(days=1))
    with pytest.raises(vaccination.DateInFuture):
        await vaccination.report_adverse_event(conn, floor, DESK, early)
    with pytest.raises(NotPermitted):
        await vaccination.report_adverse_event(conn, floor, Actor(ActorKind.PUBLIC, "x"), event)
