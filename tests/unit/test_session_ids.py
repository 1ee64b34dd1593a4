"""Ids of sessions begin with their day, and are ids of version 7 otherwise."""

import random
from datetime import UTC, date, datetime, timedelta

from opencowin.scheduling import new_session_id

DAY = date(2027, 2, 28)


def test_an_id_begins_with_midnight_of_its_day() -> None:
    made = new_session_id(DAY)
    assert datetime.fromtimestamp((made.int >> 80) / 1000, UTC) == datetime(2027, 2, 28, tzinfo=UTC)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_ids_lie_in_the_order_of_days_and_no_two_are_the_same() -> None:
    days = [DAY + timedelta(days=number) for number in range(400)]
    made = [new_session_id(day) for day in days]
    assert made == sorted(made)
    assert len({new_session_id(DAY) for _ in range(5000)}) == 5000


def test_the_same_dice_make_the_same_id() -> None:
    assert new_session_id(DAY, random.Random(1)) == new_session_id(DAY, random.Random(1))
