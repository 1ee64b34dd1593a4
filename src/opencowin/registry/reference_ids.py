"""Reference ids: the 14 digits that people are given; random, so that none leads to another, with a check digit."""

import secrets

from stdnum import verhoeff

DIGITS = 14
_LEAST = 10 ** (DIGITS - 2)


def new_reference_id() -> int:
    """A random reference id; its last digit finds every single wrong digit and every swap of neighbours."""
    digits = str(_LEAST + secrets.randbelow(9 * _LEAST))
    return int(digits + str(verhoeff.calc_check_digit(digits)))


def is_reference_id(number: int) -> bool:
    """Whether the number has the form of a reference id and its check digit fits."""
    text = str(number)
    return number > 0 and len(text) == DIGITS and bool(verhoeff.is_valid(text))
