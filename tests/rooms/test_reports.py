"""The dashboard's figures: folded once, summed right, in the very shape that clients read."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest

from opencowin import places, reports
from opencowin.kit import measures
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor

pytestmark = pytest.mark.anyio
DOSE = {"dose": 1, "vaccine": "COVISHIELD", "gender": 1, "age": "18_44", "operator": "government"}


async def districts(conn: Connection) -> tuple[places.District, places.District, places.District]:
    """Two districts of one state, and one of another."""
    first, second = [one for one in await places.all_states(conn) if one.name in {"Kerala", "Maharashtra"}]
    mine = await places.districts_of(conn, first.state_id)
    return mine[0], mine[1], (await places.districts_of(conn, second.state_id))[0]


async def count(
    conn: Connection,
    floor: Floor,
    measure: str,
    district_id: int,
    *,
    keys: Mapping[str, object],
    amount: int = 1,
    on: date | None = None,
) -> None:
    """One counted change, now."""
    now = floor.clock.now()
    counted = measures.Counted(now, keys, district_id=district_id, amount=amount, on_date=on)
    await measures.count(conn, floor.clock, measure, counted)


async def seven_doses(conn: Connection, floor: Floor) -> tuple[int, int]:
    """Doses in two districts of one state and one of another; yesterday's second dose. The state and a district."""
    one, two, three = await districts(conn)
    yesterday = floor.clock.today() - timedelta(days=1)
    await count(conn, floor, "dose", one.district_id, keys=DOSE, amount=3)
    second = {**DOSE, "dose": 2, "gender": 2, "vaccine": "COVAXIN", "age": "60_up"}
    await count(conn, floor, "dose", one.district_id, keys=second, on=yesterday)
    await count(conn, floor, "dose", two.district_id, keys={**DOSE, "dose": 3, "gender": 3, "age": "12_14"})
    await count(conn, floor, "dose", three.district_id, keys={**DOSE, "vaccine": "SPUTNIK V", "age": "45_59"})
    await count(conn, floor, "dose", 0, keys={**DOSE, "age": "15_17"})
    return one.state_id, one.district_id


async def report(conn: Connection, floor: Floor, state: int | None = None, district: int | None = None) -> Any:
    """Today's report as it goes over the wire."""
    return asdict(await reports.public_report(conn, floor, state, district, floor.clock.today()))


async def test_the_nation_counts_every_dose(conn: Connection, floor: Floor) -> None:
    await seven_doses(conn, floor)
    await reports.fold(conn)
    found = await report(conn, floor)
    expected = {"total": 7, "male": 5, "female": 1, "others": 1, "covishield": 5, "covaxin": 1, "sputnik": 1}
    expected |= {"today": 6, "tot_dose_1": 5, "tot_dose_2": 1, "tot_pd": 1, "total_doses": 7, "aefi": 0}
    assert found["topBlock"]["vaccination"] == expected | {"today_dose_one": 5, "today_dose_two": 0}
    by_age = {"total": 7, "vac_18_45": 3, "vac_45_60": 1, "above_60": 1, "vac_15_17": 1, "vac_12_14": 1}
    assert found["vaccinationByAge"] == by_age
    states = {row["title"]: row for row in found["getBeneficiariesGroupBy"]}
    assert len(states) == len(await places.all_states(conn))
    kerala = states["Kerala"]
    assert (kerala["total"], kerala["partial_vaccinated"], kerala["totally_vaccinated"]) == (5, 3, 1)
    assert (kerala["precaution_dose"], kerala["today"], kerala["id"]) == (1, 4, kerala["state_id"])
    assert await reports.doses_so_far(conn) == 7


async def test_a_state_lists_its_districts_and_a_district_itself(conn: Connection, floor: Floor) -> None:
    state_id, district_id = await seven_doses(conn, floor)
    await reports.fold(conn)
    state = await report(conn, floor, state_id)
    assert state["topBlock"]["vaccination"]["total"] == 5
    rows = {row["district_id"]: row for row in state["getBeneficiariesGroupBy"]}
    assert len(rows) == len(await places.districts_of(conn, state_id))
    assert rows[district_id]["total"] == 4
    assert rows[district_id]["title"] == rows[district_id]["district_name"]
    district = await report(conn, floor, state_id, district_id)
    assert district["topBlock"]["vaccination"]["total"] == 4
    assert [row["district_id"] for row in district["getBeneficiariesGroupBy"]] == [district_id]


async def test_yesterdays_report_knows_nothing_of_today(conn: Connection, floor: Floor) -> None:
    await seven_doses(conn, floor)
    await reports.fold(conn)
    yesterday = await reports.public_report(conn, floor, None, None, floor.clock.today() - timedelta(days=1))
    assert yesterday.topBlock.vaccination.total == 1
    assert yesterday.topBlock.vaccination.today == 1
    assert len(yesterday.vaccinationDoneByTime) == 24


async def test_unknown_places_are_refused(conn: Connection, floor: Floor) -> None:
    one, _, three = await districts(conn)
    today = floor.clock.today()
    with pytest.raises(reports.UnknownState):
        await reports.public_report(conn, floor, 999, None, today)
    with pytest.raises(places.UnknownDistrict):
        await reports.public_report(conn, floor, None, 99_999_999, today)
    with pytest.raises(places.UnknownDistrict):
        await reports.vaccination_report(conn, floor, three.state_id, one.district_id, today)


async def test_sites_and_sessions_count_what_was_published_and_not_withdrawn(conn: Connection, floor: Floor) -> None:
    one, two, _ = await districts(conn)
    today, keys = floor.clock.today(), {"operator": "government", "centre": 11, "state": "published"}
    for _ in range(2):
        await count(conn, floor, "session", one.district_id, keys=keys, on=today)
    private = {**keys, "operator": "private", "centre": 12}
    await count(conn, floor, "session", two.district_id, keys=private, on=today)
    gone = {**keys, "centre": 13}
    await count(conn, floor, "session", one.district_id, keys=gone, on=today)
    await count(conn, floor, "session", one.district_id, keys={**gone, "state": "withdrawn"}, amount=-1, on=today)
    await count(conn, floor, "session", one.district_id, keys=keys, on=today - timedelta(days=1))
    await count(conn, floor, "session", one.district_id, keys=keys, on=today + timedelta(days=1))
    await reports.fold(conn)
    found = await report(conn, floor)
    assert found["topBlock"]["sites"] == {"total": 2, "govt": 1, "pvt": 1, "today": 2}
    assert found["topBlock"]["sessions"] == {"total": 4, "govt": 3, "pvt": 1, "today": 3}
    days = found["last5daySessionStatus"]
    assert len(days) == 5
    assert days[-1] == {"session_date": str(today), "total": 3, "planned": 0, "ongoing": 3, "completed": 0}
    assert (days[-2]["total"], days[-2]["completed"]) == (1, 1)
    tomorrow = await reports.public_report(conn, floor, None, None, today + timedelta(days=1))
    assert tomorrow.last5daySessionStatus[-1].planned == 1


async def test_registrations_by_age_day_and_hour(conn: Connection, floor: Floor) -> None:
    for age, gender, amount in (("18_44", 1, 2), ("60_up", 2, 1), ("12_14", 3, 1), ("other", 1, 1)):
        await count(conn, floor, "registration", 0, keys={"age": age, "gender": gender}, amount=amount)
    await reports.fold(conn)
    found = await report(conn, floor)
    expected = {"total": 5, "cit_18_45": 2, "cit_45_above": 1, "cit_15_17": 0, "cit_12_14": 1, "today": 5}
    assert found["topBlock"]["registration"] == expected
    week = found["last7DaysRegistration"]
    assert len(week) == 7
    assert week[-1] == {"reg_date": str(floor.clock.today()), "total": 5, "male": 3, "female": 1, "others": 1}
    local = floor.clock.local(floor.clock.now())
    hours = found["timeWiseTodayRegReport"]
    assert len(hours) - 1 <= local.hour
    assert sum(int(hour["total"]) for hour in hours) == 5
    counts = {key: value for key, value in hours[-1].items() if key not in {"ts", "timestamps", "label"}}
    assert all(isinstance(value, str) for value in counts.values())
    assert [hour["label"] for hour in hours][:1] == ["12 AM"]


async def test_hours_are_labelled_as_people_say_them(conn: Connection, floor: Floor) -> None:
    past = await reports.public_report(conn, floor, None, None, floor.clock.today() - timedelta(days=3))
    labels = [hour.label for hour in past.vaccinationDoneByTimeAgeWise]
    assert (labels[9], labels[12], labels[13], labels[23]) == ("9 AM", "12 PM", "1 PM", "11 PM")


async def test_adverse_events_and_their_share(conn: Connection, floor: Floor) -> None:
    await seven_doses(conn, floor)
    one, _, _ = await districts(conn)
    await count(conn, floor, "aefi", one.district_id, keys={}, on=floor.clock.today() - timedelta(days=29))
    await reports.fold(conn)
    found = await report(conn, floor)
    assert found["topBlock"]["vaccination"]["aefi"] == 1
    assert found["aefiPercentage"] == pytest.approx(100 / 7, abs=0.001)
    assert len(found["last30DaysAefi"]) == 30
    assert found["last30DaysAefi"][0]["aefi"] == 1


async def test_the_vaccination_report_by_day_and_week(conn: Connection, floor: Floor) -> None:
    await seven_doses(conn, floor)
    await reports.fold(conn)
    today = floor.clock.today()
    found = await reports.vaccination_report(conn, floor, None, None, today)
    assert len(found.last30DaysVaccination) == 30
    assert (found.last30DaysVaccination[-1].total, found.last30DaysVaccination[-2].dose_two) == (6, 1)
    assert found.last30DaysAgeWiseVaccination[-2].vac_60_above == 1
    assert (len(found.weeklyReport), found.weeklyReport[-1].total) == (12, 7)
    assert found.weeklyVacAgeWiseReport[-1].label.endswith(f"{today:%d-%m-%Y}")


async def test_what_waits_to_be_folded_is_not_called_fresh(conn: Connection, floor: Floor) -> None:
    await reports.fold(conn)
    before = (await reports.public_report(conn, floor, None, None, floor.clock.today())).timestamp
    assert before <= floor.clock.local(floor.clock.now()).isoformat()
    await seven_doses(conn, floor)
    assert await reports.doses_so_far(conn) == 0


async def test_a_change_of_a_district_that_is_gone_still_counts_in_the_nation(conn: Connection, floor: Floor) -> None:
    await count(conn, floor, "dose", 99_999_999, keys=DOSE)
    assert await reports.fold(conn) == 1
    assert await reports.doses_so_far(conn) == 1


async def test_several_workers_fold_each_change_once(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        places_of = await districts(conn)

    async def work(number: int) -> None:
        for turn in range(10):
            async with transaction(pool) as conn:
                for place in places_of[:: 1 if number % 2 else -1]:
                    await count(conn, floor, "dose", place.district_id, keys={**DOSE, "dose": turn % 3 + 1})
            async with transaction(pool) as conn:
                await reports.fold(conn)

    await asyncio.gather(*(work(number) for number in range(8)))
    async with transaction(pool) as conn:
        await reports.fold(conn)
        assert await reports.doses_so_far(conn) == 8 * 10 * 3
        daily = await fetch_value(conn, "SELECT sum(amount) FROM report_daily WHERE measure = 'dose'")
        hourly = await fetch_value(conn, "SELECT sum(amount) FROM report_hourly WHERE measure = 'dose'")
        assert daily == hourly == 240
        await conn.execute("TRUNCATE report_daily, report_total, report_hourly")


async def test_old_hours_are_forgotten(conn: Connection, floor: Floor) -> None:
    await run(
        conn,
        """INSERT INTO report_hourly (on_date, hour, measure, keys, amount)
           VALUES (%(old)s, 1, 'dose', '{}', 1), (%(new)s, 1, 'dose', '{}', 1)""",
        old=floor.clock.today() - timedelta(days=46),
        new=floor.clock.today(),
    )
    assert await reports.forget_old_hours(conn, floor.clock) == 1


WIRE: dict[str, Any] = {
    "topBlock": {
        "sites": {"total": 0, "govt": 0, "pvt": 0, "today": 0},
        "sessions": {"total": 0, "govt": 0, "pvt": 0, "today": 0},
        "registration": dict.fromkeys(("total", "cit_18_45", "cit_45_above", "cit_15_17", "cit_12_14", "today"), 0),
        "vaccination": dict.fromkeys(
            ("total", "male", "female", "others", "covishield", "covaxin", "sputnik", "today", "tot_dose_1"), 0
        )
        | dict.fromkeys(("tot_dose_2", "tot_pd", "total_doses", "aefi", "today_dose_one", "today_dose_two"), 0),
    },
    "vaccinationDoneByTime": [{"ts": "", "timestamps": "", "label": "", "count": 0, "dose_one": 0, "dose_two": 0}],
    "last7DaysRegistration": [{"reg_date": "", "total": 0, "male": 0, "female": 0, "others": 0}],
    "last30DaysAefi": [{"vaccine_date": "", "aefi": 0}],
    "last5daySessionStatus": [{"session_date": "", "total": 0, "planned": 0, "ongoing": 0, "completed": 0}],
    "getBeneficiariesGroupBy": [
        {"state_id": 0, "id": 0, "title": "", "state_name": "", "total": 0, "partial_vaccinated": 0}
        | {"totally_vaccinated": 0, "precaution_dose": 0, "today": 0}
    ],
    "aefiPercentage": 0.0,
    "vaccinationByAge": dict.fromkeys(("total", "vac_18_45", "vac_45_60", "above_60", "vac_15_17", "vac_12_14"), 0),
    "timeWiseTodayRegReport": [
        dict.fromkeys(("ts", "timestamps", "label", "total", "age18", "age45", "age60", "male", "female", "others"), "")
    ],
    "vaccinationDoneByTimeAgeWise": [
        {"ts": "", "timestamps": "", "label": "", "total": 0, "vac_18_45": 0, "vac_45_60": 0, "vac_60_above": 0}
    ],
    "timestamp": "",
}


def shape(value: Any) -> Any:
    """Keys and types of JSON, of lists the first element's."""
    if isinstance(value, Mapping):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [shape(value[0])]
    return type(value)


async def test_the_report_has_the_very_keys_and_types_of_the_wire(conn: Connection, floor: Floor) -> None:
    assert shape(await report(conn, floor)) == shape(WIRE)
