"""Adverse events are reviewed within the area by WHO's classes; batches that stand out; exports name nobody."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from opencowin import bulk, identity, places, reports, vaccination
from opencowin.bulk.exports import make_export
from opencowin.identity import Role
from opencowin.kit.actor import Actor, NotPermitted, Place
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.places import Centre
from opencowin.reports.signals import chance_of
from opencowin.vaccination import Causality, Findings, Outcome, ReviewState, Severity
from tests.builders import TEST, member, mobile, new_centre

pytestmark = pytest.mark.anyio
FOUND = Findings(ReviewState.CLOSED, Severity.SERIOUS, Causality.COINCIDENTAL, Outcome.RECOVERED, True, "City Hospital")


async def an_officer(conn: Connection, floor: Floor, place: Place, role: Role = Role.DISTRICT_OFFICER) -> Actor:
    staff, _ = await identity.create_staff(
        conn, floor, TEST, f"aefi-{mobile()}", name="Officer", role=role, place=place
    )
    return await identity.actor_of_staff(conn, staff.staff_id, "10.0.0.1")


async def event_after(
    conn: Connection, floor: Floor, centre: Centre, batch: str, severity: Severity = Severity.SEVERE
) -> UUID:
    person = (await member(conn, floor)).person
    given = vaccination.GivenDose(
        person=person,
        dose_id=uuid4(),
        dose_number=1,
        vaccine_id="COVISHIELD",
        batch_number=batch,
        given_on=floor.clock.today(),
        vaccinator_name="Meera Nair",
        centre_id=centre.centre_id,
    )
    dose = await vaccination.record_dose(conn, floor, TEST, given)
    event_id = uuid4()
    event = vaccination.AdverseEvent(person, event_id, floor.clock.today(), severity, "Fainted", dose_id=dose.dose_id)
    await vaccination.report_adverse_event(conn, floor, TEST, event)
    return event_id


async def test_a_review_is_kept_sealed_and_within_the_area(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    state_id = (await places.district(conn, centre.district_id)).state_id
    officer = await an_officer(conn, floor, Place(state_id, centre.district_id))
    event_id = await event_after(conn, floor, centre, "B-9")
    assert event_id in {one.adverse_event_id for one in await vaccination.adverse_events(conn, officer)}
    await vaccination.review_event(conn, floor, officer, event_id, FOUND)
    file = await vaccination.open_event(conn, floor, officer, event_id)
    assert (file.description, file.event.batch_number, file.event.state) == ("Fainted", "B-9", ReviewState.CLOSED)
    assert [one.notes for one in file.reviews] == ["City Hospital"]
    notes = await fetch_value(conn, "SELECT notes_sealed FROM adverse_event_review")
    assert b"Hospital" not in bytes(notes)
    looks = await fetch_value(
        conn,
        "SELECT count(*) FROM audit WHERE actor_id = %(id)s AND action = 'registry.read_person'",
        id=officer.actor_id,
    )
    assert looks == 1, "a look at a person is an audit row"

    far = await an_officer(conn, floor, Place(27, (await places.districts_of(conn, 27))[0].district_id))
    assert event_id not in {one.adverse_event_id for one in await vaccination.adverse_events(conn, far)}
    with pytest.raises(vaccination.NoSuchAdverseEvent):
        await vaccination.review_event(conn, floor, far, event_id, FOUND)
    worker = await an_officer(conn, floor, Place(state_id, centre.district_id, centre.centre_id), Role.VACCINATOR)
    with pytest.raises(NotPermitted):
        await vaccination.open_event(conn, floor, worker, event_id)


async def test_findings_that_contradict_who_are_refused(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    nation = await an_officer(conn, floor, Place(), Role.NATION_OFFICER)
    event_id = await event_after(conn, floor, centre, "B-8")
    died = Findings(ReviewState.INVESTIGATING, Severity.MINOR, None, Outcome.DIED, in_hospital=False, notes="x")
    with pytest.raises(vaccination.SeriousByWho):
        await vaccination.review_event(conn, floor, nation, event_id, died)
    bare = Findings(ReviewState.CLOSED, Severity.MINOR, None, Outcome.RECOVERED, in_hospital=False, notes="x")
    with pytest.raises(vaccination.FindingsMissing):
        await vaccination.review_event(conn, floor, nation, event_id, bare)


async def test_a_batch_stands_out_by_events_and_not_by_doses(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    for _ in range(4):
        await event_after(conn, floor, centre, "BAD-1")
    await event_after(conn, floor, centre, "FINE-1", Severity.MINOR)
    await reports.fold(conn)
    await conn.execute(
        """
        INSERT INTO report_total (district_id, measure, keys, amount)
        VALUES (NULL, 'dose', '{"vaccine": "COVISHIELD"}', 100000)
        """
    )
    assert await reports.find_signals(conn, floor.clock) >= 1
    found = {one.batch_number: one for one in await reports.batch_signals(conn, [centre.district_id])}
    assert found["BAD-1"].events == 4
    assert "FINE-1" not in found
    assert await reports.batch_signals(conn, [1]) == []
    assert chance_of(3, 1.0) == pytest.approx(0.0803, abs=1e-4)
    assert chance_of(0, 5.0) == 1.0


async def test_an_export_names_nobody_and_only_who_asked_may_fetch_it(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    state_id = (await places.district(conn, centre.district_id)).state_id
    officer = await an_officer(conn, floor, Place(state_id, centre.district_id))
    colleague = await an_officer(conn, floor, Place(state_id, centre.district_id))
    event_id = await event_after(conn, floor, centre, "B-7")
    await reports.fold(conn)
    today = floor.clock.today()
    texts = {}
    for kind in bulk.exports_for(officer):
        export_id = await bulk.ask_export(conn, floor, officer, kind, today - timedelta(days=1), today)
        with pytest.raises(bulk.NoSuchExport):
            await bulk.fetch_export(conn, floor, officer, export_id)
        await make_export(conn, floor, export_id)
        await make_export(conn, floor, export_id)
        _, content = await bulk.fetch_export(conn, floor, officer, export_id)
        texts[kind.value] = content.decode()
        with pytest.raises(bulk.NoSuchExport):
            await bulk.fetch_export(conn, floor, colleague, export_id)
    assert set(texts) == {"doses", "sessions", "stock", "adverse_events", "coverage"}
    assert "B-7" in texts["doses"]
    assert str(event_id) in texts["adverse_events"]
    assert "<5" in texts["coverage"], "small counts of the public table are hidden"
    everything = "".join(texts.values())
    for told in ("Asha", "reference", "account", "beneficiary", "Fainted", "Meera"):
        assert told not in everything
    assert len(await bulk.exports_of(conn, floor, officer)) == 5
    with pytest.raises(bulk.DaysReversed):
        await bulk.ask_export(conn, floor, officer, bulk.ExportKind.DOSES, today, date(2021, 1, 1))
    await conn.execute("UPDATE bulk_export SET expires_at = now() - interval '1 minute'")
    assert await bulk.forget_old_exports(conn, floor) == 5
    assert await bulk.exports_of(conn, floor, officer) == []
