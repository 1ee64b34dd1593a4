"""Sessions and centres as the Co-WIN API writes them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import Field

from opencowin import places, scheduling
from opencowin.web.cowin.wire import Answer, in_language, write_date

UP_TO_ANY_AGE = 18
WHOLE_DEGREES = Field(description="Whole degrees, cut off: typed clients decode an integer. findByLatLong tells more.")


class VaccineFee(Answer):
    """What a vaccine costs at a centre."""

    vaccine: str
    fee: str


class SessionInCalendar(Answer):
    """A session of a centre."""

    session_id: str
    date: str
    available_capacity: int
    available_capacity_dose1: int
    available_capacity_dose2: int
    min_age_limit: int
    max_age_limit: int | None = Field(None, description="Only for a closed age band.")
    allow_all_age: bool
    vaccine: str
    slots: list[str]
    bookable_from: str | None = Field(
        None, description="ISO 8601. When booking opens; only until then, and nothing counts as available before."
    )
    draw_id: str | None = Field(
        None, description="The draw that allots its seats (`/api/open/v1/draws`); only while it lasts."
    )


class CentreFacts(Answer):
    """Where a centre is and when it is open."""

    center_id: int
    name: str
    address: str
    state_name: str
    district_name: str
    block_name: str
    pincode: int | str
    lat: int = WHOLE_DEGREES
    long: int = WHOLE_DEGREES
    from_: str = Field(alias="from")
    to: str
    fee_type: str


class Centre(CentreFacts):
    """A centre with its sessions."""

    vaccine_fees: list[VaccineFee] | None = Field(None, description="Only where a dose costs money.")
    sessions: list[SessionInCalendar]


class Centres(Answer):
    """A calendar."""

    centers: list[Centre]
    as_of: str = Field(description="When the figures were read.")


class NoCentre(Answer):
    """A centre without sessions: an empty object."""


class OneCentre(Answer):
    """A calendar of one centre; `{}` when it has no sessions in these days."""

    centers: Centre | NoCentre
    as_of: str


class Session(SessionInCalendar, CentreFacts):
    """A session with its centre's facts."""

    fee: str


class Sessions(Answer):
    """Sessions of one day."""

    sessions: list[Session]
    as_of: str


class CentreLite(Answer):
    """A centre near a position."""

    center_id: int
    name: str
    district_name: str
    state_name: str
    location: str
    pincode: str
    block_name: str
    lat: str
    long: str


class CentresNear(Answer):
    """Centres near a position."""

    centers: list[CentreLite]
    as_of: str


def _rupees(fee: Decimal) -> str:
    return str(int(fee)) if fee == int(fee) else str(fee)


def _pin(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _place(found: scheduling.CentreSessions, language: str) -> dict[str, Any]:
    centre, names = found.centre, found.place
    return {
        "center_id": centre.centre_id,
        "name": centre.name,
        **in_language("name", centre.names, centre.name, language),
        "address": centre.address,
        **in_language("address", {}, centre.address, language),
        "state_name": names.state_name,
        **in_language("state_name", names.state_names, names.state_name, language),
        "district_name": names.district_name,
        **in_language("district_name", names.district_names, names.district_name, language),
        "block_name": centre.block_name,
        **in_language("block_name", {}, centre.block_name, language),
        "pincode": _pin(centre.pin_code),
        "lat": int(centre.latitude),
        "long": int(centre.longitude),
        "from": centre.opens_at.strftime("%H:%M:%S"),
        "to": centre.closes_at.strftime("%H:%M:%S"),
        "fee_type": "Paid" if centre.is_paid else "Free",
    }


def _session(view: scheduling.SessionView) -> dict[str, Any]:
    written: dict[str, Any] = {
        "session_id": str(view.session_id),
        "date": write_date(view.held_on),
        "available_capacity": view.free_total,
        "available_capacity_dose1": view.free_by_dose.get(1, 0),
        "available_capacity_dose2": view.free_by_dose.get(2, 0),
        "min_age_limit": view.min_age,
        "allow_all_age": view.min_age == UP_TO_ANY_AGE and view.max_age is None,
        "vaccine": view.vaccine_id,
        "slots": [slot.label for slot in view.slots],
    }
    if view.max_age is not None:
        written["max_age_limit"] = view.max_age
    if view.bookable_from is not None:
        written["bookable_from"] = view.bookable_from.isoformat(timespec="seconds")
    if view.draw_id is not None:
        written["draw_id"] = str(view.draw_id)
    return written


def centre(found: scheduling.CentreSessions, language: str) -> dict[str, Any]:
    """A centre and its sessions, as in a calendar."""
    fees = {view.vaccine_id: _rupees(view.fee) for view in found.sessions} if found.centre.is_paid else {}
    priced = [{"vaccine": vaccine, "fee": fee} for vaccine, fee in sorted(fees.items())]
    return {
        **_place(found, language),
        **({"vaccine_fees": priced} if priced else {}),
        "sessions": [_session(view) for view in found.sessions],
    }


def flat_sessions(found: scheduling.CentreSessions, language: str) -> Iterator[dict[str, Any]]:
    """Each session with its centre's facts, as in a find."""
    for view in found.sessions:
        yield {**_place(found, language), "fee": _rupees(view.fee), **_session(view)}


def centre_lite(one: places.Centre, names: places.PlaceNames, language: str) -> dict[str, Any]:
    """A centre as in findByLatLong: numbers are text there."""
    return {
        "center_id": one.centre_id,
        "name": one.name,
        **in_language("name", one.names, one.name, language),
        "district_name": names.district_name,
        "state_name": names.state_name,
        "location": one.address,
        "pincode": one.pin_code,
        "block_name": one.block_name,
        "lat": str(round(one.latitude, 4)),
        "long": str(round(one.longitude, 4)),
    }
