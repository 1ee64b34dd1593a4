"""Correcting records of doses after a decision: date, vaccine, batch; a dose that never happened; whose they are.

Nothing is deleted: what a record was is kept beside it. Counts of the reports are taken back and made anew. The caller
has checked the officer's scope, and sees to the certificates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import current_programme
from opencowin.registry import Beneficiary, Person, read_person
from opencowin.vaccination import change_queries, queries
from opencowin.vaccination.counting import count_again
from opencowin.vaccination.model import Dose, DoseState
from opencowin.vaccination.refusals import DateInFuture, DoseRevoked, NoSuchDose, UnknownVaccine
from opencowin.vaccination.text import readable

LONGEST_BATCH = 50


@dataclass(frozen=True, slots=True)
class DoseCorrection:
    """A dose as it should be; what stays is None."""

    dose_id: UUID
    given_on: date | None = None
    vaccine_id: str | None = None
    batch_number: str | None = None


async def check_dose_correction(conn: Connection, floor: Floor, person: Person, asked: DoseCorrection) -> Dose:
    """The dose that a correction is about, if it could be made. Raises as `correct_dose`."""
    dose = await _standing(conn, person, asked.dose_id)
    if asked.given_on is not None and asked.given_on > floor.clock.today():
        raise DateInFuture(field="given_on")
    if asked.vaccine_id is not None and asked.vaccine_id not in (await current_programme(conn)).vaccines:
        raise UnknownVaccine(field="vaccine", vaccine_id=asked.vaccine_id)
    if asked.batch_number is not None:
        readable(asked.batch_number, "vaccine_batch", LONGEST_BATCH)
    return dose


async def correct_dose(
    conn: Connection, floor: Floor, actor: Actor, person: Person, asked: DoseCorrection, *, reason: str
) -> None:
    """Put right when, with what and from which batch a dose was given; doses that stand are numbered by day again.

    Raises NotPermitted, NoSuchBeneficiary, NoSuchDose, DoseRevoked, DateInFuture, UnknownVaccine, TextUnreadable.
    """
    actor.require(Permission.ANSWER_CASES)
    await queries.lock_person(conn, person)
    dose = await check_dose_correction(conn, floor, person, asked)
    after = replace(
        dose,
        given_on=asked.given_on or dose.given_on,
        vaccine_id=asked.vaccine_id or dose.vaccine_id,
        batch_number=asked.batch_number.strip() if asked.batch_number is not None else dose.batch_number,
    )
    others = [one for one in await queries.doses_of(conn, person) if one.dose_id != dose.dose_id]
    await apply(conn, floor, actor, person, [*others, after], reason=reason)


async def revoke_dose(
    conn: Connection, floor: Floor, actor: Actor, person: Person, dose_id: UUID, *, reason: str
) -> None:
    """Let a dose that never happened stand no longer; those after it are numbered anew, and the person may book again.

    Raises NotPermitted, NoSuchBeneficiary, NoSuchDose, DoseRevoked.
    """
    actor.require(Permission.ANSWER_CASES)
    await queries.lock_person(conn, person)
    dose = await _standing(conn, person, dose_id)
    wanted = [_without(one, dose) for one in await queries.doses_of(conn, person)]
    await apply(conn, floor, actor, person, wanted, reason=reason)


async def accept_dose(
    conn: Connection, floor: Floor, actor: Actor, person: Person, dose_id: UUID, *, reason: str
) -> None:
    """Let a disputed record stand beside the others; all are numbered by day.

    Raises NotPermitted, NoSuchBeneficiary, NoSuchDose.
    """
    actor.require(Permission.ANSWER_CASES)
    await queries.lock_person(conn, person)
    doses = await queries.doses_of(conn, person)
    if not any(one.dose_id == dose_id and one.state is DoseState.DISPUTED for one in doses):
        raise NoSuchDose(field="dose_id")
    after = [replace(one, state=DoseState.VALID) if one.dose_id == dose_id else one for one in doses]
    await apply(conn, floor, actor, person, after, reason=reason)


async def recount_doses(conn: Connection, floor: Floor, before: Beneficiary, after: Beneficiary) -> None:
    """Count a person's standing doses by another gender or birth year than before."""
    if (before.gender_id, before.birth_year) == (after.gender_id, after.birth_year):
        return
    for dose in await queries.doses_of(conn, after.person):
        if dose.state is DoseState.VALID:
            await count_again(conn, floor, dose, before, amount=-1)
            await count_again(conn, floor, dose, after)


def numbered(doses: Sequence[Dose]) -> list[Dose]:
    """These doses, those that stand numbered in the order of their days; a number is there once, gaps stay gaps."""
    standing = [one for one in doses if one.state is DoseState.VALID]
    order = sorted(standing, key=lambda one: (one.given_on, one.dose_number, one.recorded_at, one.dose_id))
    numbers: dict[UUID, int] = {}
    last = 0
    for dose, number in zip(order, sorted(one.dose_number for one in standing), strict=True):
        last = max(number, last + 1)
        numbers[dose.dose_id] = last
    return [replace(one, dose_number=numbers.get(one.dose_id, one.dose_number)) for one in doses]


async def apply(
    conn: Connection, floor: Floor, actor: Actor, person: Person, wanted: Sequence[Dose], *, reason: str
) -> None:
    """Bring a person's records to this; numbers follow the days. What changes is kept, counted and written down."""
    whose = await read_person(conn, floor, actor, person, reason)
    before = {one.dose_id: one for one in await queries.doses_of(conn, person)}
    changed = [(before[one.dose_id], one) for one in numbered(wanted) if one != before[one.dose_id]]
    await change_queries.step_aside(conn, person, [after.dose_id for _, after in changed])
    for old, new in changed:
        await change_queries.update_dose(conn, new)
        await change_queries.keep_change(conn, old, new, reason=reason, by=actor.actor_id, at=floor.clock.now())
        if old.state is DoseState.VALID:
            await count_again(conn, floor, old, whose, amount=-1)
        if new.state is DoseState.VALID:
            await count_again(conn, floor, new, whose)
        detail = {"dose": new.dose_number, "state": new.state.value}
        subject = ("beneficiary", person.beneficiary_id)
        await record(conn, actor, "vaccination.change_dose", subject=subject, reason=reason, detail=detail)


def _without(one: Dose, gone: Dose) -> Dose:
    """A record once another one is revoked: what stands after that moves up by one."""
    if one.dose_id == gone.dose_id:
        return replace(one, state=DoseState.REVOKED)
    follows = one.dose_number > gone.dose_number and DoseState.VALID is one.state is gone.state
    return replace(one, dose_number=one.dose_number - 1) if follows else one


async def _standing(conn: Connection, person: Person, dose_id: UUID) -> Dose:
    for dose in await queries.doses_of(conn, person):
        if dose.dose_id == dose_id:
            if dose.state is DoseState.REVOKED:
                raise DoseRevoked(field="dose_id")
            return dose
    raise NoSuchDose(field="dose_id")
