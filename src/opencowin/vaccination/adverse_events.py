"""Adverse events following immunisation: reported by staff or the person, counted, never refused for what they say."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.measures import Counted, count
from opencowin.registry import Person
from opencowin.vaccination import queries
from opencowin.vaccination.model import Dose
from opencowin.vaccination.queries import AdverseEventRow
from opencowin.vaccination.refusals import DateInFuture, NoSuchDose
from opencowin.vaccination.text import readable

LONGEST_DESCRIPTION = 4000
DESCRIPTION = "adverse_event.description"


class Severity(StrEnum):
    """WHO's three classes."""

    MINOR = "minor"
    SEVERE = "severe"
    SERIOUS = "serious"


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """What was noticed. `adverse_event_id` is made where it was noticed, so that a report sent twice is one."""

    person: Person
    adverse_event_id: UUID
    noticed_on: date
    severity: Severity
    description: str
    dose_id: UUID | None = None
    district_id: int | None = None
    wants_call: bool = False


async def report_adverse_event(conn: Connection, floor: Floor, actor: Actor, event: AdverseEvent) -> bool:
    """Report an adverse event; whether it was new. It counts for the day of the dose that it followed, where known.

    Raises NotPermitted, DateInFuture, TextUnreadable, NoSuchDose.
    """
    own = actor.account_id is not None and actor.account_id == event.person.account_id
    actor.require(Permission.MANAGE_OWN_MEMBERS if own else Permission.VACCINATE)
    if event.noticed_on > floor.clock.today():
        raise DateInFuture(field="noticed_on")
    description = readable(event.description, "description", LONGEST_DESCRIPTION)
    dose = await _dose(conn, event)
    district_id = event.district_id or (dose.district_id if dose else None)
    row = AdverseEventRow(
        account_id=event.person.account_id,
        beneficiary_id=event.person.beneficiary_id,
        adverse_event_id=event.adverse_event_id,
        dose_id=event.dose_id,
        district_id=district_id,
        noticed_on=event.noticed_on,
        severity=event.severity.value,
        description_sealed=floor.keyring.seal(description, DESCRIPTION),
        reported_by=actor.actor_id,
        reported_at=floor.clock.now(),
        wants_call=event.wants_call,
    )
    if not await queries.insert_adverse_event(conn, row):
        return False
    counted_on = dose.given_on if dose else event.noticed_on
    await _follow_up(conn, floor, actor, row, counted_on)
    return True


async def _dose(conn: Connection, event: AdverseEvent) -> Dose | None:
    if event.dose_id is None:
        return None
    for dose in await queries.doses_of(conn, event.person):
        if dose.dose_id == event.dose_id:
            return dose
    raise NoSuchDose(field="dose_id")


async def _follow_up(conn: Connection, floor: Floor, actor: Actor, row: AdverseEventRow, counted_on: date) -> None:
    subject, detail = ("beneficiary", row.beneficiary_id), {"severity": row.severity}
    await record(conn, actor, "vaccination.report_adverse_event", subject=subject, reason="AEFI", detail=detail)
    counted = Counted(row.reported_at, {}, district_id=row.district_id or 0, on_date=counted_on)
    await count(conn, floor.clock, "aefi", counted)
