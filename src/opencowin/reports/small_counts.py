"""Small counts are withheld, so that nobody can be recognised in a table. Pure."""

from collections.abc import Sequence

HIDDEN_BELOW = 5


def hide_small(counts: Sequence[int]) -> list[int | None]:
    """Counts that add up to a published total, with those of one to four as None.

    If only one were hidden, the total would tell it: then the smallest of the others is hidden too.
    """
    shown: list[int | None] = [None if 0 < count < HIDDEN_BELOW else count for count in counts]
    if shown.count(None) == 1:
        others = [(count, place) for place, count in enumerate(shown) if count]
        if others:
            shown[min(others)[1]] = None
    return shown


def unless_small(count: int) -> int | None:
    """A count that stands alone; None if it is one to four."""
    return None if 0 < count < HIDDEN_BELOW else count


def consistent(total: int | None, *parts: int | None) -> tuple[int | None, ...]:
    """A row's total and the parts that add up to it; None for the total where it would tell its one withheld part."""
    return (None if parts.count(None) == 1 else total, *parts)
