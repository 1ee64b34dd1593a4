"""Marks of secret codes: they tell most wrong codes from the right one, and the right one from nobody's."""

import pytest

from opencowin.registry import MARKS, code_mark

CODES = [f"{number:04}" for number in range(10_000)]


@pytest.mark.parametrize("reference", [12345678901234, 98765432109876])
def test_who_has_a_mark_has_hundreds_of_codes_to_choose_from(reference: int) -> None:
    counted = [0] * MARKS
    for code in CODES:
        counted[code_mark(reference, code)] += 1
    assert min(counted) > 500, "10,000 tries against a mark leave one in 500 at best"
    assert max(counted) < 750, "and more than nine in ten wrong codes are noticed"


def test_a_mark_is_of_one_person() -> None:
    same = sum(code_mark(12345678901234, code) == code_mark(98765432109876, code) for code in CODES)
    assert 400 < same < 900, "marks of two people agree by chance only"


def test_a_mark_stays_as_tablets_count_it() -> None:
    assert [code_mark(12345678901234, code) for code in ("0000", "1234", "9999")] == [6, 7, 13]
