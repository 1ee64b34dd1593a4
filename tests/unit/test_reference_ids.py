"""Reference ids: 14 digits, random, with a check digit that finds the slips people make."""

from opencowin.registry import is_reference_id
from opencowin.registry.reference_ids import new_reference_id


def test_every_id_has_14_digits_a_leading_digit_and_a_fitting_check_digit() -> None:
    for _ in range(300):
        number = new_reference_id()
        assert len(str(number)) == 14
        assert is_reference_id(number)


def test_ids_do_not_follow_each_other() -> None:
    made = [new_reference_id() for _ in range(300)]
    assert len(set(made)) == 300
    assert made != sorted(made)


def test_one_wrong_digit_is_found() -> None:
    text = str(new_reference_id())
    for place in range(len(text)):
        for digit in "0123456789":
            if digit != text[place]:
                assert not is_reference_id(int(text[:place] + digit + text[place + 1 :]))


def test_swapped_neighbours_are_found() -> None:
    text = str(new_reference_id())
    for place in range(len(text) - 1):
        if text[place] != text[place + 1]:
            swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
            assert not is_reference_id(int(swapped))


def test_other_numbers_are_no_reference_ids() -> None:
    for number in (0, -10_000_000_000_001, 1, 9_999_999_999_999, 10**15):
        assert not is_reference_id(number)
