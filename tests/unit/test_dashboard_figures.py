"""What the dashboard draws: nobody can be recognised, and the drawing is in proportion."""

from hypothesis import given
from hypothesis import strategies as st

from opencowin.reports import HIDDEN_BELOW, hide_small
from opencowin.web.pages.figures import average_line, bars, legend, ticks, tiles


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6))
def test_no_small_count_is_shown_nor_told_by_the_total(counts: list[int]) -> None:
    shown = hide_small(counts)
    assert all(count is None or count == 0 or count >= HIDDEN_BELOW for count in shown)
    assert all(count is None or count == real for count, real in zip(shown, counts, strict=True))
    if shown.count(None) == 1:
        assert sum(1 for count in counts if count) == 1


def test_large_counts_are_all_shown() -> None:
    assert hide_small([5, 0, 700]) == [5, 0, 700]


def test_one_small_count_hides_the_next_one_too() -> None:
    assert hide_small([100, 3, 40]) == [100, None, None]


def test_the_largest_bar_is_full_and_the_others_in_proportion() -> None:
    assert [bar.height for bar in bars([10, 5, 0])] == [100, 50, 0]
    assert [bar.y for bar in bars([10, 5, 0])] == [0, 50, 100]
    assert [bar.height for bar in bars([0, 0])] == [0, 0]


def test_tiles_are_shaded_by_rank_and_those_without_doses_are_blank() -> None:
    grid = [{"state_id": str(n), "letters": f"S{n}", "across": str(2 * n), "down": "0"} for n in range(6)]
    made = tiles(grid, {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5_000})
    assert [tile.shade for tile in made] == [0, 1, 2, 3, 4, 5]
    assert len({tile.outline for tile in made}) == 6


@given(st.integers(0, 10**10))
def test_a_scale_is_round_and_reaches_the_largest(most: int) -> None:
    scale = ticks(most)
    assert scale[0] == 0
    assert scale[-1] >= most
    assert 2 <= len(scale) <= 6
    assert str(scale[1]).rstrip("0") in {"1", "2", "5"}


def test_the_average_runs_through_whole_weeks_only() -> None:
    assert average_line([70] * 6, 100) == ""
    assert average_line([70] * 7 + [140], 100) == "M64 30.0L74 20.0"
    assert average_line([70] * 7 + [None] + [70] * 7, 100).count("M") == 2, "a withheld day cannot be read off the line"


def test_a_legend_tells_only_what_may_be_shown() -> None:
    amounts = {1: 3, 2: 10, 3: 500, 4: 9_000}
    told = legend(amounts, {1: None, 2: None, 3: 500, 4: 9_000})
    assert {one.least for one in told} == {500, 9_000}
    assert all(one.least <= one.most for one in told)
