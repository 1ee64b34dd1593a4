"""People raise cases: each kind with what it must say, checked before anybody spends time on it."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from opencowin.cases import evidence, queries
from opencowin.cases.evidence import Shown
from opencowin.cases.model import BY_CONSENT, FOUND, OPEN, WORDS_ALONE, Case, CaseKind, CaseState, NewCase, Wish
from opencowin.cases.proving import owner_of
from opencowin.cases.queries import CaseRow
from opencowin.cases.refusals import CaseEmpty, MemberNeeded, TooManyCases, WishMissing
from opencowin.cases.rules import refuse_too_often
from opencowin.cases.steps import DETAILS, opened, sealed_wish, step
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import (
    Beneficiary,
    InvalidDeathDate,
    Person,
    SameRecord,
    accept_passport,
    check_correction,
    find_person,
    own_members,
    prove,
)
from opencowin.scheduling import appointments_of
from opencowin.vaccination import DoseState, check_dose_correction, doses_of

LONGEST = 1000
MOST_OPEN = 5


async def raise_case(conn: Connection, floor: Floor, actor: Actor, new: NewCase, files: Sequence[Shown] = ()) -> Case:
    """Raise a case for the actor's household; the same case sent again is the same.

    Raises NotPermitted, CaseEmpty, TooManyCases, MemberNeeded, NoSuchBeneficiary, WishMissing, CorrectedAlready,
    ProofNotFitting and WrongSecretCode (which keep the count), what the wished change itself would raise, and
    EvidenceUnreadable, TooMuchEvidence.
    """
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    if new.kind in FOUND | BY_CONSENT:
        raise NotPermitted
    details = new.details.strip()
    if not 0 < len(details) <= LONGEST:
        raise CaseEmpty(field="details", most=LONGEST)
    await queries.hold_account(conn, account)
    known = await queries.of_account(conn, account)
    for row in known:
        if row.case_id == new.case_id:
            return opened(floor, row)
    refuse_too_many(known)
    row = await _row(conn, floor, actor, replace(new, details=details))
    await queries.insert(conn, row)
    await evidence.keep(conn, floor, row.case_id, files)
    await step(conn, floor, actor, row, CaseState.RAISED)
    return opened(floor, await queries.identified(conn, row.case_id) or row)


def refuse_too_many(known: Sequence[CaseRow]) -> None:
    """Raise TooManyCases when an account has as many open cases as it may."""
    mine = [row for row in known if row.source == "person" and row.state in {one.value for one in OPEN}]
    if len(mine) >= MOST_OPEN:
        raise TooManyCases(most=MOST_OPEN)


def new_number() -> int:
    """A random number of eight digits; it opens nothing by itself."""
    return 10_000_000 + secrets.randbelow(90_000_000)


def new_row(floor: Floor, account_id: UUID, new: NewCase, wish: Wish) -> CaseRow:
    """The row of a new case that is about nobody yet."""
    return CaseRow(
        account_id=account_id,
        case_id=new.case_id,
        case_number=new_number(),
        beneficiary_id=None,
        reference_id=None,
        other_account_id=None,
        other_reference_id=None,
        district_id=None,
        kind=new.kind.value,
        state=CaseState.RAISED.value,
        source="person",
        details_sealed=floor.keyring.seal(new.details, DETAILS),
        wish_sealed=sealed_wish(floor, wish),
        raised_at=floor.clock.now(),
        changed_at=floor.clock.now(),
        takes_effect_at=None,
        undone_at=None,
    )


async def district_of(conn: Connection, person: Person) -> int | None:
    """Whose officers a person's case is for: of the last dose, or else of the booked one; None for the nation."""
    if doses := await doses_of(conn, person):
        return doses[-1].district_id
    views = await appointments_of(conn, person.account_id)
    return next((one.centre.district_id for one in views if one.beneficiary_id == person.beneficiary_id), None)


async def _row(conn: Connection, floor: Floor, actor: Actor, new: NewCase) -> CaseRow:
    """The row of a new case, once all that it says fits."""
    row = new_row(floor, actor.own_account(), new, new.wish or Wish())
    if new.kind is CaseKind.OLD_NUMBER:
        return await _lost_number(conn, floor, actor, row, new)
    if new.reference_id is None:
        if new.kind not in WORDS_ALONE:
            raise MemberNeeded(field="who")
        return row
    (member,) = await own_members(conn, floor, actor, [new.reference_id])
    row = await about(conn, row, member.person, new.reference_id)
    if new.kind is CaseKind.MERGE:
        return await _two_records(conn, floor, actor, row, new)
    await _check_wish(conn, floor, member, new)
    return row


async def about(conn: Connection, row: CaseRow, person: Person, reference_id: int) -> CaseRow:
    """The row of a case about this person."""
    district_id = await district_of(conn, person)
    return replace(row, beneficiary_id=person.beneficiary_id, reference_id=reference_id, district_id=district_id)


async def _lost_number(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, new: NewCase) -> CaseRow:
    if new.proof is None:
        raise WishMissing(field="reference")
    person, proved_by = await owner_of(conn, floor, actor, new.proof)
    row = await about(conn, row, person, new.proof.reference_id)
    return replace(row, other_account_id=person.account_id, wish_sealed=sealed_wish(floor, Wish(proved_by=proved_by)))


async def _two_records(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, new: NewCase) -> CaseRow:
    """The other record is of the own household too, or its secret code is known."""
    if new.other is None:
        raise WishMissing(field="other")
    other = await find_person(conn, new.other.reference_id)
    if other.account_id != actor.own_account():
        other = await prove(conn, floor, actor, new.other.reference_id, new.other.secret_code)
    if other.beneficiary_id == row.beneficiary_id:
        raise SameRecord(field="other")
    district_id = row.district_id if row.district_id is not None else await district_of(conn, other)
    return replace(
        row, other_account_id=other.account_id, other_reference_id=new.other.reference_id, district_id=district_id
    )


async def _check_wish(conn: Connection, floor: Floor, member: Beneficiary, new: NewCase) -> None:
    """Raise what carrying out the wish would raise, and what the country's rules say against it."""
    wish = new.wish or Wish()
    if new.kind is CaseKind.FACTS_WRONG:
        if wish.facts is None or not wish.facts.facts:
            raise WishMissing(field="name")
        await refuse_too_often(conn, floor, member.reference_id, wish.facts.facts)
        await check_correction(conn, floor, member.person, wish.facts)
    elif new.kind is CaseKind.PASSPORT:
        if wish.passport is None:
            raise WishMissing(field="number")
        await refuse_too_often(conn, floor, member.reference_id, ["passport"])
        accept_passport(floor, wish.passport.type_id, wish.passport.number)
    elif new.kind in {CaseKind.DOSE_WRONG, CaseKind.DOSE_NOT_MINE}:
        if wish.dose is None:
            raise WishMissing(field="dose")
        asked = wish.dose
        if new.kind is CaseKind.DOSE_WRONG and not (asked.given_on or asked.vaccine_id or asked.batch_number):
            raise WishMissing(field="given_on")
        await check_dose_correction(conn, floor, member.person, asked)
    elif new.kind is CaseKind.DOSE_MISSING and wish.dose is not None:
        disputed = [
            one for one in await doses_of(conn, member.person, every_state=True) if one.state is DoseState.DISPUTED
        ]
        if wish.dose.dose_id not in {one.dose_id for one in disputed}:
            raise WishMissing(field="dose")
    elif new.kind is CaseKind.DEATH and not _may_have_died(floor, member, wish.died_on):
        raise InvalidDeathDate(field="died_on")


def _may_have_died(floor: Floor, member: Beneficiary, on: date | None) -> bool:
    return on is not None and member.birth_year <= on.year and on <= floor.clock.today()
