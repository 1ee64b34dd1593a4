"""Counts doses for the reports: when one is recorded, and back when its record is revoked."""

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.measures import Counted, count
from opencowin.places import Centre, find_centre
from opencowin.registry import Beneficiary, age_band
from opencowin.vaccination.model import Dose


async def count_dose(  # noqa: PLR0917 (a dose, whose and where)
    conn: Connection, floor: Floor, dose: Dose, beneficiary: Beneficiary, centre: Centre | None, amount: int = 1
) -> None:
    """Add `amount` (1, or -1 for one that is taken back) to what is counted of doses like this one."""
    keys = {
        "dose": dose.dose_number,
        "vaccine": dose.vaccine_id,
        "gender": beneficiary.gender_id,
        "age": age_band(beneficiary.birth_year, dose.given_on.year),
        "operator": centre.operator.value if centre else "unknown",
        "centre": centre.centre_id if centre else None,
    }
    where, on = dose.district_id or 0, dose.given_on
    counted = Counted(dose.recorded_at, keys, district_id=where, amount=amount, on_date=on)
    await count(conn, floor.clock, "dose", counted)


async def count_again(conn: Connection, floor: Floor, dose: Dose, whose: Beneficiary, *, amount: int = 1) -> None:
    """Count a dose that was recorded before, or take it back (amount -1), by the keys that it was counted with."""
    centre = None if dose.centre_id is None else await find_centre(conn, dose.centre_id)
    await count_dose(conn, floor, dose, whose, centre, amount)
