"""Draws what a centre of the demo offers on a day; pure, the same for the same seed, centre and day."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from opencowin.demo.recipe import Form, Offer, Recipe
from opencowin.scheduling import BulkSession, BulkSlot, new_session_id

SLOT_HOURS = 2
FREE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Stall:
    """A centre with what the demo needs to know of it."""

    district_id: int
    centre_id: int
    form: Form
    crowded: bool
    """Whether its crowded sessions are to be filled."""


def is_crowded_day(recipe: Recipe, on: date) -> bool:
    """Whether crowded sessions of this day are filled."""
    return on.toordinal() % recipe.crowd.every_days == 0


def draw_sessions(recipe: Recipe, seed: str, stall: Stall, on: date) -> Iterator[BulkSession]:
    """The sessions that the centre holds on a day."""
    dice = random.Random(f"{seed}/sessions/{stall.centre_id}/{on}")  # noqa: S311 - invented data, no secret
    for offer in recipe.offers_of(stall.form):
        if dice.random() * 10 < offer.days:
            yield _session(recipe, stall, offer, on, dice)


def _session(recipe: Recipe, stall: Stall, offer: Offer, on: date, dice: random.Random) -> BulkSession:
    vaccine_id = dice.choices(list(offer.vaccines), weights=list(offer.vaccines.values()))[0]
    filled = offer.crowded and stall.crowded and is_crowded_day(recipe, on)
    seats = {1: recipe.crowd.seats} if filled else _seats(offer, dice)
    slots = _slots(stall.form, seats)
    return BulkSession(
        session_id=new_session_id(on, dice),
        district_id=stall.district_id,
        centre_id=stall.centre_id,
        operator=stall.form.operator,
        held_on=on,
        vaccine_id=vaccine_id,
        min_age=offer.min_age,
        max_age=offer.max_age,
        fee=recipe.fees.get(vaccine_id, FREE) if stall.form.is_paid else FREE,
        slots=slots,
        doses=sum(sum(slot.seats.values()) for slot in slots),
    )


def _seats(offer: Offer, dice: random.Random) -> dict[int, int]:
    """Seats of the day by dose class; dose 1 always has some."""
    first = dice.randint(*offer.first_doses)
    return {1: first} | {dose: round(first * share) for dose, share in offer.shares.items() if share}


def _slots(form: Form, seats: dict[int, int]) -> tuple[BulkSlot, ...]:
    """The day's seats spread evenly over slots of two hours, the earlier ones with what is over."""
    hours = range(form.opens_at.hour, form.closes_at.hour, SLOT_HOURS)
    return tuple(
        BulkSlot(
            starts_at=time(hour),
            ends_at=min(time(hour + SLOT_HOURS), form.closes_at),
            seats={dose: _part(whole, at, len(hours)) for dose, whole in seats.items()},
        )
        for at, hour in enumerate(hours)
    )


def _part(whole: int, at: int, parts: int) -> int:
    return whole // parts + (at < whole % parts)
