"""Integrity flags: a dose that does not fit is kept, raised to the district, and reviewed with an outcome."""

from dataclasses import replace
from datetime import datetime, time
from uuid import uuid4

import pytest

from opencowin import cases, identity, vaccination
from opencowin.cases import CaseKind, FlagKind, FlagState
from opencowin.kit.actor import NotPermitted, Place
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from tests.builders import TEST
from tests.rooms.case_scene import Bench, officer

pytestmark = pytest.mark.anyio


def at(floor: Floor, hour: int) -> Floor:
    """The floor at this hour of today."""
    instant = datetime.combine(floor.clock.today(), time(hour), tzinfo=floor.clock.zone)
    return replace(floor, clock=Clock(floor.clock.zone, lambda: instant))


async def raised(bench: Bench, kind: FlagKind, floor: Floor | None = None) -> list[cases.Flag]:
    """The open flags of this kind in the centre's district."""
    await cases.raise_flags(bench.conn, floor or bench.floor)
    here = officer(district_id=bench.centre.district_id)
    return await cases.list_flags(bench.conn, bench.floor, here, kind=kind)


async def test_a_dose_within_everything_raises_nothing(conn: Connection, floor: Floor) -> None:
    noon = at(floor, 12)
    bench = await Bench.of(conn, noon)
    await bench.dose(await bench.person())
    assert await cases.raise_flags(conn, noon) == 0


async def test_a_dose_after_a_reported_death(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    recorded_before = await bench.dose(who, ago=1)
    await bench.accept(await bench.raised(who, CaseKind.DEATH, cases.Wish(died_on=bench.day(10))))
    recorded_after = await bench.dose(who, 2)
    flags = await raised(bench, FlagKind.AFTER_DEATH)
    assert {one.dose_id for one in flags} == {recorded_before.dose_id, recorded_after.dose_id}
    assert {one.reference_id for one in flags} == {who.reference_id}
    assert recorded_after.state is vaccination.DoseState.VALID


async def test_a_first_dose_of_somebody_who_has_one(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    await bench.dose(who, 1, ago=9)
    second = await bench.dose(who, 1, ago=2)
    (flag,) = await raised(bench, FlagKind.NUMBER_THERE_ALREADY)
    assert flag.dose_id == second.dose_id


async def test_a_dose_recorded_at_night(conn: Connection, floor: Floor) -> None:
    night = at(floor, 23)
    bench = await Bench.of(conn, night)
    await bench.dose(await bench.person(), ago=3)
    assert await raised(bench, FlagKind.OUTSIDE_HOURS, night) == [], "entered late, not given at night"
    dose = await bench.dose(await bench.person("Ravi Kumar"))
    (flag,) = await raised(bench, FlagKind.OUTSIDE_HOURS, night)
    assert flag.dose_id == dose.dose_id


async def test_a_dose_recorded_far_from_a_fixed_site(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who, centre = await bench.person(), bench.centre
    points = ((centre.latitude + 0.01, centre.longitude), (centre.latitude + 1, centre.longitude))
    doses = []
    for number, point in enumerate(points, 1):
        given = vaccination.GivenDose(
            person=who.person,
            dose_id=uuid4(),
            dose_number=number,
            vaccine_id="COVISHIELD",
            batch_number="B-1",
            given_on=bench.day(),
            vaccinator_name="Sister Mary",
            centre_id=centre.centre_id,
            recorded_at_point=point,
        )
        doses.append(await vaccination.record_dose(conn, floor, TEST, given))
    (flag,) = await raised(bench, FlagKind.FAR_FROM_SITE)
    assert flag.dose_id == doses[1].dose_id


async def test_more_doses_than_a_sites_staff_can_give(conn: Connection, floor: Floor) -> None:
    slow = replace(floor, settings=floor.settings.model_copy(update={"doses_per_vaccinator_per_hour": 1}))
    bench = await Bench.of(conn, slow)
    await identity.create_staff(
        conn,
        slow,
        TEST,
        "mary.site",
        name="Mary",
        password="a long enough secret",
        role=identity.Role.VACCINATOR,
        place=Place(None, None, bench.centre.centre_id),
    )
    for number in range(9):
        await bench.dose(await bench.person(f"Person {'abcdefghi'[number]}"))
        flags = await raised(bench, FlagKind.TOO_FAST)
        assert bool(flags) == (number >= 8), "eight hours, one vaccinator"
    assert (flags[0].counted, flags[0].allowed, flags[0].on_date) == (9, 8, bench.day())
    await bench.dose(await bench.person("Person jay"))
    (again,) = await raised(bench, FlagKind.TOO_FAST)
    assert (again.flag_id, again.counted) == (flags[0].flag_id, 10)


async def test_more_doses_than_a_site_received(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    await conn.execute("UPDATE batch SET received = 1 WHERE centre_id = %s", [bench.centre.centre_id])
    await bench.dose(await bench.person())
    assert await raised(bench, FlagKind.BEYOND_STOCK) == []
    await bench.dose(await bench.person("Ravi Kumar"))
    await bench.dose(await bench.person("Meena Rao"), batch="NEVER-CAME")
    flags = {one.subject: (one.counted, one.allowed) for one in await raised(bench, FlagKind.BEYOND_STOCK)}
    assert flags == {"COVISHIELD B-1": (2, 1), "COVISHIELD NEVER-CAME": (1, 0)}


async def test_a_flag_is_reviewed_within_its_district_with_an_outcome(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    who = await bench.person()
    await bench.dose(who, 1, ago=9)
    await bench.dose(who, 1, ago=2)
    (flag,) = await raised(bench, FlagKind.NUMBER_THERE_ALREADY)
    district_id = bench.centre.district_id
    elsewhere = int(
        await fetch_value(conn, "SELECT min(district_id) FROM district WHERE district_id <> %(d)s", d=district_id)
    )
    theirs = officer(district_id=elsewhere)
    assert await cases.list_flags(conn, floor, theirs) == []
    with pytest.raises(cases.NoSuchFlag):
        await cases.review_flag(conn, floor, theirs, flag.flag_id, FlagState.DISMISSED, "Mine")
    with pytest.raises(NotPermitted):
        await cases.list_flags(conn, floor, officer(centre_id=1))
    with pytest.raises(cases.CaseEmpty):
        await cases.review_flag(conn, floor, officer(), flag.flag_id, FlagState.DISMISSED, " ")
    await cases.review_flag(conn, floor, officer(), flag.flag_id, FlagState.UPHELD, "Never given", revoke=True)
    assert flag.dose_id not in {one.dose_id for one in await vaccination.doses_of(conn, who.person)}
    every = await vaccination.doses_of(conn, who.person, every_state=True)
    assert {one.state.value for one in every} == {"valid", "revoked"}
    (seen,) = await cases.list_flags(conn, floor, officer(), state=FlagState.UPHELD)
    assert (seen.flag_id, seen.note) == (flag.flag_id, "Never given")
    with pytest.raises(cases.NoSuchFlag):
        await cases.review_flag(conn, floor, officer(), flag.flag_id, FlagState.DISMISSED, "Again")


async def test_only_a_flag_about_one_dose_can_revoke_it(conn: Connection, floor: Floor) -> None:
    bench = await Bench.of(conn, floor)
    await bench.dose(await bench.person(), batch="NEVER-CAME")
    (flag,) = await raised(bench, FlagKind.BEYOND_STOCK)
    with pytest.raises(cases.NoDoseToRevoke):
        await cases.review_flag(conn, floor, officer(), flag.flag_id, FlagState.UPHELD, "Fake camp", revoke=True)
