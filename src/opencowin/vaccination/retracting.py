"""Takes back the record of a dose that was entered by mistake: it stays readable as revoked, and counts no more."""

from uuid import UUID

from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import in_scope
from opencowin.registry import Person, read_person
from opencowin.vaccination import queries
from opencowin.vaccination.counting import count_again
from opencowin.vaccination.model import Dose, DoseState
from opencowin.vaccination.refusals import LaterDoseStands, NoSuchDose


async def retract_dose(  # noqa: PLR0917 (said in one breath)
    conn: Connection, floor: Floor, actor: Actor, person: Person, dose_id: UUID, reason: str
) -> Dose:
    """Revoke the record of a dose within one's scope; doing it again changes nothing.

    For who imports records, and for who gives doses and recorded one by mistake.

    Raises NotPermitted, NoSuchDose, and LaterDoseStands while a later dose builds on it.
    """
    if not actor.permissions & {Permission.IMPORT_RECORDS, Permission.VACCINATE}:
        raise NotPermitted
    await queries.lock_person(conn, person)
    doses = await queries.doses_of(conn, person)
    dose = next((one for one in doses if one.dose_id == dose_id), None)
    if dose is None:
        raise NoSuchDose(field="dose_id")
    if not await _is_near(conn, actor, dose):
        raise NotPermitted
    if dose.state is DoseState.REVOKED:
        return dose
    if any(one.state is DoseState.VALID and one.dose_number > dose.dose_number for one in doses):
        raise LaterDoseStands(field="dose_id")
    await queries.revoke_dose(conn, person, dose_id)
    subject, detail = ("beneficiary", person.beneficiary_id), {"dose": dose.dose_number}
    await record(conn, actor, "vaccination.retract_dose", subject=subject, reason=reason, detail=detail)
    if dose.state is DoseState.VALID:
        await _uncount(conn, floor, actor, dose)
    return dose


async def _is_near(conn: Connection, actor: Actor, dose: Dose) -> bool:
    if dose.district_id is None:
        return actor.place == Place()
    return await in_scope(conn, actor, district_id=dose.district_id, centre_id=dose.centre_id)


async def _uncount(conn: Connection, floor: Floor, actor: Actor, dose: Dose) -> None:
    """Take the dose back out of what was counted when it was recorded."""
    beneficiary = await read_person(conn, floor, actor, dose.person, "vaccination.retract_dose")
    await count_again(conn, floor, dose, beneficiary, amount=-1)
