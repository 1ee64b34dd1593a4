"""Doses of two records put on one, and back; and a person's doses when the person moves to another household.

Counts follow: a dose counts once, by the number, gender and age of the record that it is on. The caller moves the
records themselves, and sees to the certificates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import Beneficiary, Person
from opencowin.vaccination import change_queries, queries
from opencowin.vaccination.change_queries import Gathered
from opencowin.vaccination.correcting import numbered
from opencowin.vaccination.counting import count_again
from opencowin.vaccination.model import Dose, DoseState


@dataclass(frozen=True, slots=True)
class TwoRecords:
    """Two records of one person: the one that is kept, and the one that goes into it (or came out of it)."""

    kept: Beneficiary
    gone: Beneficiary


async def move_doses_of(conn: Connection, person: Person, to: Person) -> None:
    """Put all that is recorded of a person's vaccination under a new key of the same person."""
    await queries.lock_person(conn, person)
    doses = await queries.doses_of(conn, person)
    await change_queries.move_doses(conn, [one.dose_id for one in doses], person, to)
    events = await change_queries.move_adverse_events(conn, person, to)
    await change_queries.move_reviews(conn, events, to)


async def gather(conn: Connection, floor: Floor, records: TwoRecords, merge_id: UUID) -> None:
    """Put the doses of both records on the kept one, numbered by day; the same dose recorded on both stands once.

    What each was before is kept under the merge's id.
    """
    kept, gone = records.kept.person, records.gone.person
    for one in sorted((kept, gone), key=lambda person: person.beneficiary_id):
        await queries.lock_person(conn, one)
    own, others = await queries.doses_of(conn, kept), await queries.doses_of(conn, gone)
    joined = [replace(one, person=kept) for one in others]
    after = {one.dose_id: one for one in numbered(_once([*own, *joined]))}
    await change_queries.step_aside(conn, kept, [one.dose_id for one in own])
    await change_queries.step_aside(conn, gone, [one.dose_id for one in others])
    await change_queries.move_doses(conn, [one.dose_id for one in others], gone, kept)
    for before, from_kept in [(one, True) for one in own] + [(one, False) for one in others]:
        became = after[before.dose_id]
        await change_queries.update_dose(conn, became)
        await change_queries.keep_gathered(conn, merge_id, _gathered(before, became, from_kept=from_kept))
        await _count(conn, floor, (before, records.kept if from_kept else records.gone), (became, records.kept))
    events = await change_queries.move_adverse_events(conn, gone, kept)
    await change_queries.move_reviews(conn, events, kept)
    await change_queries.keep_events(conn, merge_id, events)


async def scatter(conn: Connection, floor: Floor, records: TwoRecords, merge_id: UUID) -> None:
    """Put the doses of a merge back on their records, with the numbers and states that they had.

    What was decided of a dose since then stays decided; a dose recorded since then stays on the kept record, and is
    numbered after its others.
    """
    kept, gone = records.kept.person, records.gone.person
    for one in sorted((kept, gone), key=lambda person: person.beneficiary_id):
        await queries.lock_person(conn, one)
    known = {one.dose_id: one for one in await change_queries.gathered(conn, merge_id)}
    now = await queries.doses_of(conn, kept)
    back = [_as_before(one, known.get(one.dose_id), records) for one in now]
    after = {one.dose_id: one for one in _later_numbered(back, known, kept)}
    await change_queries.step_aside(conn, kept, [one.dose_id for one in now])
    leaving = [one.dose_id for one in now if after[one.dose_id].person == gone]
    await change_queries.move_doses(conn, leaving, kept, gone)
    for before in now:
        became = after[before.dose_id]
        await change_queries.update_dose(conn, became)
        whose = records.gone if became.person == gone else records.kept
        await _count(conn, floor, (before, records.kept), (became, whose))
    events = await change_queries.move_adverse_events(conn, kept, gone, only_of=merge_id)
    await change_queries.move_reviews(conn, events, gone)
    await change_queries.forget_gathered(conn, merge_id)
    await change_queries.forget_events(conn, merge_id)


def _once(doses: Sequence[Dose]) -> list[Dose]:
    """Two standing records of one dose (the same day and vaccine) are one: the other is revoked."""
    seen: set[tuple[object, str]] = set()
    result = []
    for dose in doses:
        twin = (dose.given_on, dose.vaccine_id)
        standing = dose.state is DoseState.VALID
        result.append(replace(dose, state=DoseState.REVOKED) if standing and twin in seen else dose)
        if standing:
            seen.add(twin)
    return result


def _gathered(before: Dose, became: Dose, *, from_kept: bool) -> Gathered:
    return Gathered(
        before.dose_id,
        from_kept,
        before.dose_number,
        before.state.value,
        became.dose_number,
        became.state.value,
    )


def _as_before(dose: Dose, known: Gathered | None, records: TwoRecords) -> Dose:
    if known is None:
        return dose
    whose = records.kept.person if known.from_kept else records.gone.person
    unchanged = dose.state.value == known.state_after
    state = DoseState(known.state_before) if unchanged else dose.state
    return replace(dose, person=whose, dose_number=known.number_before, state=state)


def _later_numbered(doses: Sequence[Dose], known: Mapping[UUID, Gathered], kept: Person) -> list[Dose]:
    """Doses recorded after the merge, numbered on from those that were on the kept record before it."""
    standing = [one for one in doses if one.person == kept and one.state is DoseState.VALID]
    highest = max((one.dose_number for one in standing if one.dose_id in known), default=0)
    later = sorted((one for one in standing if one.dose_id not in known), key=lambda one: (one.given_on, one.dose_id))
    numbers = {one.dose_id: highest + place for place, one in enumerate(later, 1)}
    return [replace(one, dose_number=numbers.get(one.dose_id, one.dose_number)) for one in doses]


async def _count(
    conn: Connection, floor: Floor, before: tuple[Dose, Beneficiary], after: tuple[Dose, Beneficiary]
) -> None:
    """Take a dose back as it counted before, and count it as it is now, unless both are the same."""
    if _counts(*before) == _counts(*after):
        return
    if before[0].state is DoseState.VALID:
        await count_again(conn, floor, *before, amount=-1)
    if after[0].state is DoseState.VALID:
        await count_again(conn, floor, *after)


def _counts(dose: Dose, whose: Beneficiary) -> tuple[object, ...]:
    return dose.state is DoseState.VALID, dose.dose_number, whose.gender_id, whose.birth_year
