"""Doses that tablets send, and what follows them: undone by whoever recorded them, or followed by an adverse event."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid5

from opencowin import certificates, identity, registry, scheduling, vaccination
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from opencowin.tablets import queries
from opencowin.tablets.model import (
    Answer,
    Kept,
    Outcome,
    Sent,
    SentAdverseEvent,
    SentDose,
    SentUndo,
    Tablet,
    TabletFlag,
)
from opencowin.tablets.refusals import DocumentOfAnother, DoseUnknown, TooLateToUndo

LATE = timedelta(hours=24)
AHEAD = timedelta(minutes=10)
UNDONE = "The dose was recorded by mistake and undone at the centre."
"""What others are told; in the worker's own words it stands sealed in the record."""


async def take_dose(conn: Connection, floor: Floor, tablet: Tablet, sent: SentDose, entry: Kept) -> Kept:
    """A dose given: kept with all that does not fit as flags.

    Raises NoSuchBeneficiary, DocumentOfAnother, UnknownVaccine and what a registration is refused for: then a human
    is asked.
    """
    person, flags = await _whom(conn, floor, tablet, sent)
    flags |= await _flags(conn, floor, tablet, sent)
    given = vaccination.GivenDose(
        person=person,
        dose_id=sent.record_id,
        dose_number=sent.dose_number,
        vaccine_id=sent.vaccine_id,
        batch_number=sent.batch_number,
        given_on=_day(floor, sent),
        vaccinator_name=tablet.worker_name,
        district_id=tablet.district_id,
        centre_id=tablet.centre_id,
        session_id=sent.session_id,
        flags=frozenset(str(flag) for flag in flags),
    )
    recorded = await scheduling.vaccinate(conn, floor, tablet.actor, given)
    dose = recorded.dose
    told = set(dose.flags) | {str(flag) for flag in flags}
    if dose.dose_id != sent.record_id:
        told.add(str(TabletFlag.RECORDED_TWICE))
    if sent.instead_of is not None:
        await _replace(conn, tablet, sent.instead_of, sent.record_id)
    reference = str(recorded.beneficiary.reference_id)
    answer = Answer(sent.record_id, Outcome.KEPT, flags=tuple(sorted(told)), reference_id=reference)
    return replace(
        entry,
        answer=answer.stored(),
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        dose_id=dose.dose_id,
    )


async def take_undo(conn: Connection, floor: Floor, tablet: Tablet, sent: SentUndo, entry: Kept) -> Kept:
    """A dose that was recorded and not given: it is revoked, with its certificate, and the appointment lives again.

    Raises DoseUnknown, TooLateToUndo, LaterDoseStands.
    """
    known = await queries.hold_record(conn, sent.dose)
    if known is None:
        return replace(entry, outcome=Outcome.WAITING.value)
    if known.kind != "dose" or known.centre_id != tablet.centre_id:
        raise DoseUnknown(field="dose")
    if _day(floor, sent) != floor.clock.local(known.made_at).date():
        raise TooLateToUndo(field="dose")
    if known.outcome == Outcome.KEPT and known.dose_id == known.record_id:
        await _undo(conn, floor, tablet, known)
    await queries.conclude(conn, replace(known, outcome=Outcome.UNDONE.value, content_sealed=None))
    return entry


async def take_adverse_event(
    conn: Connection, floor: Floor, tablet: Tablet, sent: SentAdverseEvent, entry: Kept
) -> Kept:
    """What followed a dose; it waits until the dose is known. Raises DoseUnknown, TextUnreadable."""
    known = await queries.record_of(conn, sent.dose)
    if known is not None and known.outcome == Outcome.REPLACED:
        known = await queries.replacement_of(conn, sent.dose)
    if known is None or known.outcome == Outcome.ATTENTION:
        return replace(entry, outcome=Outcome.WAITING.value)
    if known.centre_id != tablet.centre_id or known.account_id is None or known.beneficiary_id is None:
        raise DoseUnknown(field="dose")
    event = vaccination.AdverseEvent(
        person=Person(known.account_id, known.beneficiary_id),
        adverse_event_id=sent.record_id,
        noticed_on=_day(floor, sent),
        severity=sent.severity,
        description=sent.description,
        dose_id=known.dose_id,
        district_id=tablet.district_id,
    )
    await vaccination.report_adverse_event(conn, floor, tablet.actor, event)
    return replace(
        entry, account_id=known.account_id, beneficiary_id=known.beneficiary_id, dose_id=known.dose_id, session_id=None
    )


def _day(floor: Floor, sent: Sent) -> date:
    """The day on which it happened; a tablet's clock that is ahead does not make it tomorrow."""
    return min(floor.clock.local(sent.made_at).date(), floor.clock.today())


async def _flags(conn: Connection, floor: Floor, tablet: Tablet, sent: SentDose) -> set[TabletFlag]:
    now, flags = floor.clock.now(), set[TabletFlag]()
    if now - sent.made_at > LATE:
        flags.add(TabletFlag.RECORDED_LATE)
    if sent.made_at - now > AHEAD:
        flags.add(TabletFlag.CLOCK_DIFFERS)
    if tablet.left:
        flags.add(TabletFlag.WORKER_LEFT)
    if await queries.is_settled(conn, sent.session_id):
        flags.add(TabletFlag.AFTER_CLOSING)
    return flags


async def _whom(conn: Connection, floor: Floor, tablet: Tablet, sent: SentDose) -> tuple[Person, set[TabletFlag]]:
    """To whom it was given, and what about that does not fit."""
    if sent.reference_id is None:
        return await _walked_in(conn, floor, tablet, sent)
    person, flags = await registry.find_person(conn, sent.reference_id), set[TabletFlag]()
    seats = await scheduling.expected_in(conn, tablet.district_id, sent.session_id)
    if person not in {seat.person for seat in seats}:
        flags.add(TabletFlag.NOT_BOOKED)
    if not sent.secret_code:
        flags.add(TabletFlag.SECRET_CODE_UNCHECKED)
        return person, flags
    try:
        await registry.prove(conn, floor, tablet.actor, sent.reference_id, sent.secret_code)
    except registry.WrongSecretCode:
        flags.add(TabletFlag.SECRET_CODE_WRONG)
    except registry.TooManyWrongCodes:
        flags.add(TabletFlag.SECRET_CODE_UNCHECKED)
    return person, flags


async def _walked_in(conn: Connection, floor: Floor, tablet: Tablet, sent: SentDose) -> tuple[Person, set[TabletFlag]]:
    asked = sent.walk_in
    if asked is None:
        raise registry.NoSuchBeneficiary(field="beneficiary_reference_id")
    holder = await registry.holder_of(conn, floor, tablet.actor, asked)
    if holder is not None:
        if (
            not registry.same_name(holder.name, registry.clean_name(asked.name))
            or holder.birth_year != asked.birth_year
        ):
            raise DocumentOfAnother(field="photo_id_number")
        return holder.person, {TabletFlag.NOT_BOOKED, TabletFlag.REGISTERED_BEFORE}
    account = await _account(conn, floor, sent)
    member = await registry.register(conn, floor, tablet.actor, account, asked, channel=registry.Channel.ON_THE_SPOT)
    return member.person, {TabletFlag.NOT_BOOKED}


async def _account(conn: Connection, floor: Floor, sent: SentDose) -> UUID:
    """The account of the number that was given; without one, or with one that is full, an account of their own."""
    if sent.mobile.strip():
        account = await identity.open_account(conn, floor, sent.mobile)
        if await registry.has_room(conn, floor, account):
            return account
    own = uuid5(sent.record_id, "account")
    await identity.open_account_without_mobile(conn, floor, own)
    return own


async def _replace(conn: Connection, tablet: Tablet, record_id: UUID, by: UUID) -> None:
    """A record that needed attention was corrected by another one."""
    known = await queries.hold_record(conn, record_id)
    if known is None or known.outcome != Outcome.ATTENTION or known.centre_id != tablet.centre_id:
        return
    answer = Answer(record_id, Outcome.REPLACED, code=str(by))
    replaced = replace(known, outcome=answer.outcome.value, answer=answer.stored(), content_sealed=None)
    await queries.conclude(conn, replaced)


async def _undo(conn: Connection, floor: Floor, tablet: Tablet, known: Kept) -> None:
    if known.account_id is None or known.beneficiary_id is None:
        raise DoseUnknown(field="dose")
    person = Person(known.account_id, known.beneficiary_id)
    dose = await vaccination.retract_dose(conn, floor, tablet.actor, person, known.record_id, UNDONE)
    await certificates.revoke_of_dose(conn, floor, tablet.actor, person, known.record_id, why=UNDONE)
    if dose.session_id is not None:
        await scheduling.reopen(conn, floor, person, tablet.district_id, dose.session_id)
