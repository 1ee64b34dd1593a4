"""The dashboard: figures follow a dose within seconds, in the very types that its readers expect."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, refused

pytestmark = pytest.mark.anyio

R1, R2, R3 = "/v1/reports/v2/getPublicReports", "/v1/reports/v2/getVacPublicReports", "/v1/reports/getLiveVaccination"
WORDS = {"title", "state_name", "district_name", "label", "ts", "timestamps", "timestamp"}
DAYS = {"reg_date", "vaccine_date", "session_date"}


async def read(platform: Surface, path: str, **query: Any) -> Any:
    answer = await platform.get(path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def leaves(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no list and no object, with its key."""
    if isinstance(tree, dict):
        for name, branch in tree.items():
            yield from leaves(branch, name)
    elif isinstance(tree, list):
        for branch in tree:
            yield from leaves(branch, key)
    else:
        yield key, tree


async def until_counted(platform: Surface, doses: int) -> None:
    for _ in range(100):
        if (await read(platform, R3))["count"] >= doses:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the doses were not counted within five seconds")


async def test_a_dose_is_counted_everywhere_within_seconds(clinic: Clinic) -> None:
    platform, centre = clinic.platform, clinic.centre
    so_far = (await read(platform, R3))["count"]
    home = await a_home(platform)
    assert (await clinic.vaccinate(home.first)).status_code == 200
    await until_counted(platform, so_far + 1)
    report = await read(platform, R1, state_id="", district_id="", date="")
    given = report["topBlock"]["vaccination"]
    assert given["total"] == given["covishield"] == given["tot_dose_1"] == given["female"] == so_far + 1
    assert given["today"] == report["vaccinationByAge"]["total"] == so_far + 1
    assert report["topBlock"]["registration"]["total"] >= 1
    assert report["topBlock"]["sessions"]["total"] >= 1
    assert sum(hour["dose_one"] for hour in report["vaccinationDoneByTime"]) == so_far + 1
    states = {row["state_id"]: row for row in report["getBeneficiariesGroupBy"]}
    assert len(states) == 37
    district_of = await read(platform, R1, district_id=centre.district_id)
    (row,) = district_of["getBeneficiariesGroupBy"]
    assert (row["district_id"], row["total"]) == (centre.district_id, so_far + 1)
    assert states[row["state_id"]]["total"] == so_far + 1
    vaccinations = await read(platform, R2)
    assert vaccinations["last30DaysVaccination"][-1]["total"] == so_far + 1


async def test_numbers_are_numbers_but_for_one_table_whose_counts_are_words(clinic: Clinic) -> None:
    await clinic.vaccinate((await a_home(clinic.platform)).first)
    report = await read(clinic.platform, R1)
    by_hour = report.pop("timeWiseTodayRegReport")
    assert by_hour
    assert {type(value) for _, value in leaves(by_hour)} == {str}
    assert type(report.pop("aefiPercentage")) is float
    for key, value in leaves(report):
        assert type(value) is (str if key in WORDS | DAYS else int), key
    for key, value in leaves(await read(clinic.platform, R2)):
        assert type(value) is (str if key in WORDS | DAYS else int), key


async def test_with_a_state_the_rows_are_its_districts(platform: Surface) -> None:
    rows = (await read(platform, R1, state_id=17))["getBeneficiariesGroupBy"]
    names = {row["district_id"]: row["district_name"] for row in rows}
    assert names[307] == "Ernakulam"
    assert {row["state_id"] for row in rows} == {17}


@pytest.mark.parametrize(
    "query",
    [
        {"state_id": "x"},
        {"district_id": "-1"},
        {"date": "05-07-2026"},
        {"date": "2026-02-31"},
        {"date": "0001-01-01"},
        {"state_id": "²"},
    ],
)
async def test_a_bad_question_is_refused_by_name(platform: Surface, query: dict[str, str]) -> None:
    for path in (R1, R2):
        assert refused(await platform.get(path, **query), 400, "REPORT0002")["field"] == next(iter(query))


@pytest.mark.parametrize("query", [{"state_id": "999"}, {"district_id": "99999999"}])
async def test_an_unknown_place_is_refused(platform: Surface, query: dict[str, str]) -> None:
    for path in (R1, R2):
        assert (await platform.get(path, **query)).status_code == 400


@pytest.mark.parametrize("day", ["9999-12-31", "2020-01-01"])
async def test_a_day_without_figures_of_its_own_is_answered(platform: Surface, day: str) -> None:
    for path in (R1, R2):
        assert (await read(platform, path, date=day))["timestamp"]


async def test_the_dashboards_list_has_every_district(platform: Surface) -> None:
    rows = (await platform.http.get("/assets/json/csvjson.json")).json()
    assert len(rows) > 700
    assert {"state_id": 17, "state_name": "Kerala", "district_id": 307, "district_name": "Ernakulam"} in rows
