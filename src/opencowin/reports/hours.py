"""The day by the hour: doses and registrations, up to the present hour of today, or all hours of a past day."""

from collections.abc import Iterator
from datetime import date, datetime, time

from opencowin.kit.clock import Clock
from opencowin.reports.public_shape import HourOfDoses, HourOfDosesByAge, HourOfRegistration
from opencowin.reports.queries import HourFigure
from opencowin.reports.tally import Tally, hour_label


def _hours(clock: Clock, figures: list[HourFigure], measure: str, on: date) -> Iterator[tuple[datetime, Tally]]:
    last = clock.local(clock.now()).hour if on == clock.today() else 23
    for hour in range(last + 1):
        mine = (figure for figure in figures if figure.measure == measure and figure.hour == hour)
        yield datetime.combine(on, time(hour), clock.zone), Tally.of(mine)


def _written(instant: datetime) -> tuple[str, str, str]:
    """The instant as the wire's ts, timestamps and label."""
    return instant.isoformat(), instant.strftime("%Y-%m-%d %H:%M:%S"), hour_label(instant)


def hours_of_doses(clock: Clock, figures: list[HourFigure], on: date) -> tuple[HourOfDoses, ...]:
    """Doses by hour."""
    return tuple(
        HourOfDoses(*_written(instant), doses.total, doses.dose(1), doses.dose(2))
        for instant, doses in _hours(clock, figures, "dose", on)
    )


def hours_of_doses_by_age(clock: Clock, figures: list[HourFigure], on: date) -> tuple[HourOfDosesByAge, ...]:
    """Doses by hour and age."""
    return tuple(
        HourOfDosesByAge(*_written(instant), doses.total, doses.age("18_44"), doses.age("45_59"), doses.age("60_up"))
        for instant, doses in _hours(clock, figures, "dose", on)
    )


def hours_of_registration(clock: Clock, figures: list[HourFigure], on: date) -> tuple[HourOfRegistration, ...]:
    """Registrations by hour."""
    return tuple(
        HourOfRegistration(
            *_written(instant),
            total=str(people.total),
            age18=str(people.age("18_44")),
            age45=str(people.age("45_59")),
            age60=str(people.age("60_up")),
            male=str(people.male),
            female=str(people.female),
            others=str(people.others),
        )
        for instant, people in _hours(clock, figures, "registration", on)
    )
