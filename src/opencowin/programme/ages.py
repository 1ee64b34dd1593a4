"""Ages as vaccination programmes count them: by the year of birth, or by completed years."""

from datetime import date


def age_in_year(birth_year: int, on: date) -> int:
    """The age that the person reaches in the year of this day."""
    return on.year - birth_year


def first_day_at(age: int, birth_year: int) -> date:
    """The first day on which the age, counted by the year of birth, is reached."""
    return date(birth_year + age, 1, 1)


def anniversary(age: int, birth_year: int, birth_date: date | None) -> date:
    """The birthday on which the age is completed; without a full date of birth, the latest day it can be.

    Who was born on 29 February completes a year on 1 March where the year has no such day.
    """
    month, day = (birth_date.month, birth_date.day) if birth_date else (12, 31)
    year = (birth_date.year if birth_date else birth_year) + age
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, 3, 1)


def has_reached(age: int, birth_year: int, birth_date: date | None, on: date) -> bool:
    """Whether the age is certainly completed on this day."""
    return on >= anniversary(age, birth_year, birth_date)
