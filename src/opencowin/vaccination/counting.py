"""Counts doses for the reports: when they are recorded, and back when a record is revoked."""

from collections.abc import Sequence

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.measures import Counted, count
from opencowin.places import find_centre
from opencowin.registry import Beneficiary, age_band
from opencowin.vaccination.model import Dose


async def count_doses(
    conn: Connection, floor: Floor, doses: Sequence[tuple[Dose, Beneficiary, str | None]], amount: int = 1
) -> None:
    """Add `amount` (1, or -1 for what is taken back) to what is counted of doses like these.

    With each come whose it is, and who operates its centre; None where no centre is known.
    """
    changes = [
        Counted(
            dose.recorded_at,
            {
                "dose": dose.dose_number,
                "vaccine": dose.vaccine_id,
                "gender": whose.gender_id,
                "age": age_band(whose.birth_year, dose.given_on.year),
                "operator": operator or "unknown",
                "centre": dose.centre_id if operator else None,
            },
            district_id=dose.district_id or 0,
            on_date=dose.given_on,
            amount=amount,
        )
        for dose, whose, operator in doses
    ]
    await count(conn, floor.clock, "dose", *changes)


async def count_again(conn: Connection, floor: Floor, dose: Dose, whose: Beneficiary, *, amount: int = 1) -> None:
    """Count a dose that was recorded before, or take it back (amount -1), by the keys that it was counted with."""
    centre = None if dose.centre_id is None else await find_centre(conn, dose.centre_id)
    await count_doses(conn, floor, [(dose, whose, centre.operator.value if centre else None)], amount)
