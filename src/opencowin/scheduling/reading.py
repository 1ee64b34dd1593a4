"""Tells people of their appointments."""

from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.places import centres_with_ids, place_names
from opencowin.scheduling import seats
from opencowin.scheduling.model import AppointmentState, AppointmentView


async def appointments_of(conn: Connection, account_id: UUID) -> list[AppointmentView]:
    """The live appointments of a household, by day."""
    live = await seats.live_of_account(conn, account_id)
    centres = await centres_with_ids(conn, sorted({one.centre_id for one in live})) if live else {}
    names = await place_names(conn, {one.district_id for one in live}) if live else {}
    return [
        AppointmentView(
            booking_id=one.booking_id,
            beneficiary_id=one.beneficiary_id,
            session_id=one.session_id,
            slot=one.slot,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            dose_number=one.dose_number,
            held_on=one.held_on,
            vaccine_id=one.vaccine_id,
            state=AppointmentState.BOOKED,
            booked_at=one.booked_at,
            centre=centres[one.centre_id],
            place=names[one.district_id],
        )
        for one in live
    ]
