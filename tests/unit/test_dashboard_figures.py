"""What the dashboard draws: nobody can be recognised, and the drawing is in proportion."""

from hypothesis import given
from hypothesis import strategies as st

from opencowin.reports import HIDDEN_BELOW, hide_small
from opencowin.web.pages.figures import bars, tiles


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
