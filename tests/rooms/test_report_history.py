"""Reports: historic series are read with care, kept apart, and replaced as a whole."""

from datetime import date
from pathlib import Path

import pytest

from opencowin import reports
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor

pytestmark = pytest.mark.anyio
REAL = Path(__file__).resolve().parents[3] / "shared/data/cowin_statewise_cumulative.csv"
HEAD = (
    "Updated On,State,Total,Sessions,Sites,First Dose,Second Dose,Male,Female,Transgender,Covaxin,CoviShield,"
    "Sputnik V,AEFI,18-44 Years,45-60 Years,60+ Years"
)


def line(day: str, state: str, total: str) -> str:
    return f"{day},{state},{total}" + "," * 14


async def read(conn: Connection, floor: Floor, *lines: str) -> reports.History:
    layout = reports.layout_called(floor.pack, "statewise")
    return reports.read_history([HEAD, *lines], layout, await reports.known_states(conn))


async def test_a_series_is_told_day_by_day_and_a_fall_shows_no_negative_day(conn: Connection, floor: Floor) -> None:
    sums = ((8, "10"), (9, "7"), (10, "30"))
    days = [line(f"{day}/3/2021", place, total) for day, total in sums for place in ("India", "Kerala")]
    history = await read(conn, floor, *days)
    assert history.problems == []
    layout = reports.layout_called(floor.pack, "statewise")
    for _ in range(2):
        series = await reports.import_history(conn, floor.clock, layout, history)
    assert (series.first_day, series.last_day) == (date(2021, 3, 8), date(2021, 3, 10))
    told = await reports.history_day(conn, "statewise", None, None)
    assert [amount for _, amount in told.days] == [10, 0, 23]
    assert told.figures["doses"] == 30
    assert list(told.by_state.values()) == [30]
    assert (await reports.history_day(conn, "statewise", None, date(2021, 3, 9))).figures["doses"] == 7
    assert await fetch_value(conn, "SELECT count(*) FROM report_total") == 0
    await reports.remove_history(conn, "statewise")
    with pytest.raises(reports.NoSuchSeries):
        await reports.history_day(conn, "statewise", None, None)
    with pytest.raises(reports.NoSuchSeries):
        await reports.remove_history(conn, "statewise")


async def test_what_cannot_be_read_is_told_by_line_and_column(conn: Connection, floor: Floor) -> None:
    wrong = await read(
        conn,
        floor,
        line("2021-03-08", "India", "1"),
        line("8/3/2021", "Atlantis", "1"),
        line("8/3/2021", "Kerala", "many"),
        line("8/3/2021", "Kerala", "2"),
        line("9/3/2021", "Kerala", "-5"),
    )
    assert [(one.line, one.column) for one in wrong.problems] == [
        (2, "Updated On"),
        (3, "State"),
        (4, "Total"),
        (5, "Updated On"),
        (6, "Total"),
    ]
    layout = reports.layout_called(floor.pack, "statewise")
    headless = reports.read_history(["a,b", "1,2"], layout, await reports.known_states(conn))
    assert {one.line for one in headless.problems} == {1}
    with pytest.raises(reports.NoSuchLayout):
        reports.layout_called(floor.pack, "nowhere")


@pytest.mark.skipif(not REAL.is_file(), reason="the real series is not beside the checkout")
async def test_the_real_campaign_is_read_as_published(conn: Connection, floor: Floor) -> None:
    layout = reports.layout_called(floor.pack, "statewise")
    lines = REAL.read_text(encoding="utf-8-sig").splitlines()
    history = reports.read_history(lines, layout, await reports.known_states(conn))
    assert history.problems == []
    await reports.import_history(conn, floor.clock, layout, history)
    told = await reports.history_day(conn, "statewise", None, date(2021, 10, 31))
    assert told.figures["doses"] == 1_063_441_000
    assert told.figures["first"] + told.figures["second"] == told.figures["doses"]
    assert len(told.days) == 289
    assert max(told.days, key=lambda pair: pair[1])[0] == date(2021, 9, 17)
    assert sum(told.by_state.values()) == 1_059_261_872
