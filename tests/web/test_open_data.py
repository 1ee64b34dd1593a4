"""Open data and the history's dashboard, as their readers get them."""

import csv
import io

import pyarrow.parquet as pq
import pytest

from opencowin import reports
from opencowin.kit.db import transaction
from tests.rooms.test_report_history import HEAD, line
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home
from tests.web.test_reports import until_counted

pytestmark = pytest.mark.anyio
PEOPLE = {"Accept": "text/html"}
RECORDED = """SELECT count(*), count(*) FILTER (WHERE dose_number = 1), count(*) FILTER (WHERE dose_number = 2),
       count(*) FILTER (WHERE dose_number > 2)
    FROM dose JOIN centre c USING (centre_id) JOIN district d ON d.district_id = c.district_id
    WHERE dose.state = 'valid' AND dose.given_on = %(day)s AND CASE %(part)s WHEN 'state' THEN d.state_id
        WHEN 'district' THEN d.district_id ELSE c.centre_id END = %(place)s"""


@pytest.mark.parametrize("part", ["state", "district", "site"])
async def test_both_forms_say_the_same_and_small_counts_are_withheld(clinic: Clinic, part: str) -> None:
    platform = clinic.platform
    so_far = (await platform.get("/v1/reports/getLiveVaccination")).json()["count"]
    for _ in range(6):
        assert (await clinic.vaccinate((await a_home(platform)).first)).status_code == 200
    await until_counted(platform, so_far + 6)
    text = await platform.http.get(f"/open-data/doses-by-{part}.csv")
    rows = list(csv.DictReader(io.StringIO(text.text)))
    table = pq.read_table(io.BytesIO((await platform.http.get(f"/open-data/doses-by-{part}.parquet")).content))
    assert table.num_rows == len(rows) > 0
    assert table.column("doses").to_pylist() == [int(row["doses"]) if row["doses"] else None for row in rows]
    counts = [int(row[name]) for row in rows for name in ("doses", "first", "second", "precaution") if row[name]]
    assert all(count == 0 or count >= 5 for count in counts)
    assert max(counts) >= 6
    for row in rows:
        told = [row[name] for name in ("doses", "first", "second", "precaution")]
        recorded = await recorded_doses(platform, part, row)
        assert all(count in ("", str(truth)) for count, truth in zip(told, recorded, strict=True)), (row, recorded)
    again = await platform.http.get(f"/open-data/doses-by-{part}.csv", headers={"If-None-Match": text.headers["etag"]})
    assert again.status_code == 304
    assert all(bool(row["pin_code"]) for row in rows) if part == "site" else "site" not in rows[0]
    which = "day" if part == "site" else "since"
    later = await platform.http.get(f"/open-data/doses-by-{part}.csv?{which}=2999-01-01")
    assert later.text.count("\n") == 1


async def recorded_doses(platform: Surface, part: str, row: dict[str, str]) -> tuple[int, ...]:
    """What the records of doses say of a row's day and place, without what is folded from them."""
    async with transaction(platform.pool) as conn:
        asked = {"day": row["day"], "part": part, "place": int(row[f"{part}_id"])}
        found = await (await conn.execute(RECORDED, asked)).fetchone()
    assert found is not None
    return tuple(found)


async def test_a_historic_campaign_has_a_dashboard_of_its_own(platform: Surface) -> None:
    lines = [HEAD] + [line(f"{day}/3/2021", place, str(1000 * day)) for day in (8, 9) for place in ("India", "Kerala")]
    async with transaction(platform.pool) as conn:
        layout = reports.layout_called(platform.floor.pack, "statewise")
        history = reports.read_history(lines, layout, await reports.known_states(conn))
        await reports.import_history(conn, platform.floor.clock, layout, history)
    assert "series=statewise" in (await platform.http.get("/dashboard", headers=PEOPLE)).text
    page = await platform.http.get("/dashboard/history?series=statewise", headers=PEOPLE)
    assert page.status_code == 200
    assert '<dt>Doses given</dt><dd>9,000</dd><dd class="day">On this day: 1,000</dd>' in page.text
    assert "live.js" not in page.text
    assert "As published for 9 March 2021" in page.text
    state = await platform.http.get("/dashboard/history?series=statewise&state_id=17&on=2021-03-08", headers=PEOPLE)
    assert "<dt>Doses given</dt><dd>8,000</dd>" in state.text
    days = await platform.http.get("/dashboard/history/days.csv?series=statewise")
    assert days.text.splitlines()[1:] == ["2021-03-08,8000,2021-03-09", "2021-03-09,1000,2021-03-09"]
    groups = await platform.http.get("/dashboard/history/groups.csv?series=statewise&by=vaccine")
    assert groups.text.splitlines()[0] == "vaccine,doses,as_of"
    assert "Kerala,9000" in (await platform.http.get("/dashboard/history/places.csv?series=statewise")).text
    assert (await platform.http.get("/dashboard/history?series=none", headers=PEOPLE)).status_code == 400


async def test_a_site_whose_name_is_a_formula_is_harmless_to_spreadsheets(clinic: Clinic) -> None:
    platform = clinic.platform
    so_far = (await platform.get("/v1/reports/getLiveVaccination")).json()["count"]
    async with transaction(platform.pool) as conn:
        await conn.execute("UPDATE centre SET name = '=1+1' WHERE centre_id = %s", (clinic.centre.centre_id,))
    assert (await clinic.vaccinate((await a_home(platform)).first)).status_code == 200
    await until_counted(platform, so_far + 1)
    text = (await platform.http.get("/open-data/doses-by-site.csv")).text
    assert "'=1+1" in text
    assert ",=1+1" not in text
