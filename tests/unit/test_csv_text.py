"""CSV that spreadsheets read as a table and never run."""

import csv
import io

import pytest

from opencowin.kit.csv_text import csv_text


@pytest.mark.parametrize("risky", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_a_text_that_would_be_run_is_quoted(risky: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(csv_text(["name"], [[risky]]), newline=""))
    assert cell == f"'{risky}"


def test_numbers_names_and_nothing_stay_as_they_are() -> None:
    assert csv_text(["a", "b", "c"], [[-1, 'Ward 7 = east, "old"', None]]) == (
        'a,b,c\r\n-1,"Ward 7 = east, ""old""",\r\n'
    )
