"""A change as programs are told it, in the open feed and in the calls to their addresses alike."""

from typing import Any

from opencowin.scheduling import CentreSessions, Change


def written(change: Change) -> dict[str, Any]:
    """The change and the session as it stands now; no session where it cannot be found any more."""
    noted = change.noted
    return {
        "number": noted.change_number,
        "kind": noted.kind,
        "at": noted.happened_at.isoformat(timespec="milliseconds"),
        "session_id": str(noted.session_id),
        "center_id": noted.centre_id,
        "district_id": noted.district_id,
        "pincode": noted.pin_code,
        "session": _session(change.session) if change.session else None,
    }


def _session(found: CentreSessions) -> dict[str, Any]:
    (view,), centre, place = found.sessions, found.centre, found.place
    return {
        "date": view.held_on.isoformat(),
        "vaccine": view.vaccine_id,
        "min_age_limit": view.min_age,
        "max_age_limit": view.max_age,
        "fee": str(view.fee),
        "available_capacity": view.free_total,
        "available_capacity_by_dose": {str(dose): seats for dose, seats in sorted(view.free_by_dose.items())},
        "slots": [slot.label for slot in view.slots],
        "bookable_from": view.bookable_from.isoformat(timespec="seconds") if view.bookable_from else None,
        "draw_id": str(view.draw_id) if view.draw_id else None,
        "center": {
            "name": centre.name,
            "address": centre.address,
            "block_name": centre.block_name,
            "district_name": place.district_name,
            "state_name": place.state_name,
            "latitude": centre.latitude,
            "longitude": centre.longitude,
        },
    }
