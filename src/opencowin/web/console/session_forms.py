"""The fields of a session and of a weekly template: for whom, how many doses, and its times with their seats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from opencowin.kit.clock import Clock
from opencowin.places import Centre
from opencowin.programme import Programme
from opencowin.scheduling import RESERVED, WALK_IN, NewSession, NewSlot, Round, Session, SlotChange, Template
from opencowin.web.console.shown import ConsoleReader
from opencowin.web.console.typed import FieldEmpty, Typed
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Fields, Filled, first, number

MOST_SLOTS, FIRST_SLOTS = 24, 3
MOST_SEATS = 100_000
OLDEST = 150
DEAREST = 100_000
NOW, AT, BY_HAND = "now", "at", "by_hand"
WHEN = (NOW, AT, BY_HAND)
"""When a session is published."""
FIELDS = {
    name: name
    for name in (
        *("vaccine_id", "held_on", "doses", "min_age", "fee", "reserved_for", "round"),
        *("slots", "weekdays", "weeks", "name", "reason"),
    )
} | {"seats": "slots", "bookable_from": "bookable_day"}
"""Fields of the forms, by those that refusals name."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be chosen in the form of a session: by values and names in the reader's language."""

    vaccines: list[tuple[str, str]]
    groups: list[tuple[str, str]]
    classes: list[int]
    """Dose classes of seats for all, then walk-ins."""
    reserved: list[int]


def offered(reader: ConsoleReader, rules: Programme) -> Offered:
    """What a programme offers."""
    code = reader.language.code
    doses = range(1, 1 + max((one.dose for one in rules.steps), default=1))
    return Offered(
        [(key, vaccine_name(reader, rules, key)) for key in rules.vaccines],
        [(one.group_id, one.name_l.get(code) or one.name) for one in rules.groups.values()],
        [*doses, WALK_IN],
        [RESERVED + dose for dose in doses],
    )


def rows_of(fields: Fields) -> int:
    """How many times the form shows: those that it showed, and three more where more were asked for."""
    shown = number(first(fields, "rows")) or FIRST_SLOTS
    return max(1, min(shown + (3 if first(fields, "more") else 0), MOST_SLOTS))


def with_more_rows(fields: Fields) -> Filled:
    """The form again, with room for more times."""
    return Filled(
        {name: values for name, values in fields.items() if name != "more"} | {"rows": [f"{rows_of(fields)}"]}
    )


def read_for_whom(typed: Typed, centre: Centre, rules: Programme) -> dict[str, Any]:
    """What the form says beside days, times and seats."""
    return {
        "centre_id": centre.centre_id,
        "vaccine_id": typed.choice("vaccine_id", rules.vaccines),
        "min_age": typed.number("min_age", 0, OLDEST),
        "max_age": typed.number("max_age", 0, OLDEST) if typed.has("max_age") else None,
        "fee": typed.money("fee", DEAREST) if centre.is_paid else Decimal(0),
        "doses": typed.number("doses", 0, MOST_SEATS),
        "round": typed.choice("round", set(Round)),
        "closed": typed.has("closed"),
        "reserved_for": typed.choice("reserved_for", rules.groups, optional=True) or None,
    }


def read_slots(typed: Typed, classes: Iterable[int]) -> tuple[NewSlot, ...]:
    """The times that are filled in, with their seats."""
    every, slots = list(classes), []
    for at in range(1, rows_of(typed.fields) + 1):
        names = [f"starts_at-{at}", f"ends_at-{at}", *(_seats(at, one) for one in every)]
        if any(typed.has(name) for name in names):
            slots.append(NewSlot(typed.time(names[0]), typed.time(names[1]), _seats_of(typed, at, every)))
    if not slots:
        typed.blame(FieldEmpty(field="slots"), FIELDS)
    return tuple(slots)


def read_changes(typed: Typed, numbers: Iterable[int], classes: Sequence[int]) -> dict[int, SlotChange]:
    """What the times of a session are to be, by number."""
    return {
        at: SlotChange(
            typed.time(f"starts_at-{at}"),
            typed.time(f"ends_at-{at}"),
            {
                one: typed.number(_seats(at, one), 0, MOST_SEATS, 0)
                for one in classes
                if _seats(at, one) in typed.fields
            },
        )
        for at in numbers
    }


def read_publishing(typed: Typed, clock: Clock) -> tuple[str, datetime | None]:
    """When to publish: the choice, and the instant where one is set."""
    when = typed.choice("when", WHEN)
    return when, typed.instant(clock, "publish_day", "publish_time") if when == AT else None


def written_slots(slots: Iterable[tuple[int, time, time, dict[int, int]]]) -> dict[str, list[str]]:
    """Times, by number, as the form holds them."""
    fields: dict[str, list[str]] = {}
    count = 0
    for at, starts_at, ends_at, seats in slots:
        count = max(count, at)
        fields |= {f"starts_at-{at}": [f"{starts_at:%H:%M}"], f"ends_at-{at}": [f"{ends_at:%H:%M}"]}
        fields |= {_seats(at, one): [str(amount)] for one, amount in seats.items()}
    return fields | {"rows": [str(count)]}


def written_facts(one: Session | Template) -> dict[str, list[str]]:
    """What a session or a template is, beside days, times and seats, as the form holds it."""
    return {
        "vaccine_id": [one.vaccine_id],
        "min_age": [str(one.min_age)],
        "max_age": ["" if one.max_age is None else str(one.max_age)],
        "fee": [str(one.fee)],
        "doses": [str(one.doses)],
        "round": [one.round],
        "closed": ["Y" if one.closed else ""],
        "reserved_for": [one.reserved_for or ""],
    }


def read_new_session(typed: Typed, clock: Clock, centre: Centre, rules: Programme, offer: Offered) -> NewSession:
    """The session that the form describes."""
    facts = read_for_whom(typed, centre, rules)
    reserved = offer.reserved if facts["reserved_for"] else []
    return NewSession(
        held_on=typed.needed_day("held_on"),
        slots=read_slots(typed, [*offer.classes, *reserved]),
        opens_to_all_at=instant_of(typed, clock, "opens_day", "opens_time"),
        bookable_from=instant_of(typed, clock, "bookable_day", "bookable_time"),
        **facts,
    )


def instant_of(typed: Typed, clock: Clock, day: str, at: str) -> datetime | None:
    """The instant of two fields, where one of them is filled in."""
    return typed.instant(clock, day, at) if typed.has(day) or typed.has(at) else None


def _seats_of(typed: Typed, at: int, classes: Iterable[int]) -> dict[int, int]:
    amounts = {one: typed.number(_seats(at, one), 0, MOST_SEATS, 0) for one in classes}
    return {one: amount for one, amount in amounts.items() if amount}


def _seats(at: int, dose_class: int) -> str:
    return f"seats-{at}-{dose_class}"
