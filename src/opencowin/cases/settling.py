"""Carrying out what was decided, each kind of case by its own verb, in the transaction of the decision."""

from collections.abc import Awaitable, Callable, Mapping

from opencowin import certificates, registry, scheduling, vaccination
from opencowin.cases import queries
from opencowin.cases.model import Case, CaseKind
from opencowin.cases.moving import detach, merge, move_person
from opencowin.cases.queries import CaseRow
from opencowin.cases.refusals import MemberNeeded, WishMissing
from opencowin.cases.rules import refuse_too_often
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import Person, find_person

Effect = Callable[[Connection, Floor, Actor, CaseRow, Case], Awaitable[None]]


def why(row: CaseRow) -> str:
    """The reason that is written beside each change of a case."""
    return f"case {row.case_number}"


async def carry_out(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    """Do what the case asks for. Raises what the kind's verbs raise; then nothing is done."""
    effect = EFFECTS.get(case.kind)
    if effect is not None:
        await effect(conn, floor, actor, row, case)


async def person_of(conn: Connection, case: Case) -> Person:
    """Whom a case is about, wherever the record is by now. Raises MemberNeeded, NoSuchBeneficiary."""
    if case.reference_id is None:
        raise MemberNeeded(field="who")
    return await find_person(conn, case.reference_id)


async def _facts(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    person, asked = await person_of(conn, case), case.wish.facts
    if asked is None or case.reference_id is None:
        raise WishMissing
    await refuse_too_often(conn, floor, case.reference_id, asked.facts)
    before = await registry.read_person(conn, floor, actor, person, why(row))
    after = await registry.correct(conn, floor, actor, person, asked)
    await vaccination.recount_doses(conn, floor, before, after)
    await queries.note_corrected(conn, case.reference_id, asked.facts, row.case_id, floor.clock.now())
    await certificates.renew(conn, floor, actor, person, why(row))


async def _passport(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    person, asked = await person_of(conn, case), case.wish.passport
    if asked is None or case.reference_id is None:
        raise WishMissing
    await refuse_too_often(conn, floor, case.reference_id, ["passport"])
    await registry.add_passport(conn, floor, actor, person, asked.type_id, asked.number)
    await queries.note_corrected(conn, case.reference_id, ["passport"], row.case_id, floor.clock.now())
    await certificates.renew(conn, floor, actor, person, why(row))


async def _dose(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    person, asked = await person_of(conn, case), case.wish.dose
    if asked is None:
        raise WishMissing
    if case.kind is CaseKind.DOSE_WRONG:
        await vaccination.correct_dose(conn, floor, actor, person, asked, reason=why(row))
    elif case.kind is CaseKind.DOSE_NOT_MINE:
        await vaccination.revoke_dose(conn, floor, actor, person, asked.dose_id, reason=why(row))
    else:
        await vaccination.accept_dose(conn, floor, actor, person, asked.dose_id, reason=why(row))
    await certificates.renew(conn, floor, actor, person, why(row))


async def _missing(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    """A disputed record is let stand; a dose that nobody recorded is recorded by its site."""
    if case.wish.dose is not None:
        await _dose(conn, floor, actor, row, case)


async def _merge(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    kept = await person_of(conn, case)
    if case.other_reference_id is None:
        raise WishMissing
    gone = await find_person(conn, case.other_reference_id)
    await merge(conn, floor, actor, kept, gone, merge_id=row.case_id, reason=why(row))


async def _unknown(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    await detach(conn, floor, actor, await person_of(conn, case), reason=why(row))


async def _old_number(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    """The member goes to whoever proved to be the person."""
    person = await person_of(conn, case)
    to = row.account_id if case.kind is CaseKind.OLD_NUMBER else row.other_account_id
    if to is not None and to != person.account_id:
        await move_person(conn, floor, actor, person, to, reason=why(row))


async def _death(conn: Connection, floor: Floor, actor: Actor, row: CaseRow, case: Case) -> None:
    person = await person_of(conn, case)
    if case.wish.died_on is None:
        raise WishMissing
    await registry.confirm_death(conn, floor, actor, person, case.wish.died_on)
    await scheduling.end_appointments(conn, floor, person)
    del row


EFFECTS: Mapping[CaseKind, Effect] = {
    CaseKind.FACTS_WRONG: _facts,
    CaseKind.PASSPORT: _passport,
    CaseKind.DOSE_MISSING: _missing,
    CaseKind.DOSE_WRONG: _dose,
    CaseKind.DOSE_NOT_MINE: _dose,
    CaseKind.MERGE: _merge,
    CaseKind.UNKNOWN_MEMBER: _unknown,
    CaseKind.OLD_NUMBER: _old_number,
    CaseKind.SAME_DOCUMENT: _old_number,
    CaseKind.DEATH: _death,
}
"""What accepting does; other kinds are answered with words."""
