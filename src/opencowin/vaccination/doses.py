"""Recording doses: always kept; what a rule says against one is a flag, what contradicts another record a dispute.

Reports are worked on together, one as many: what they are judged by is read for all at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.audit import Entry, record_each
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Job
from opencowin.kit.sharing import Alone, Told, only
from opencowin.places import UnknownCentre
from opencowin.programme import current_programme, exemptions_of
from opencowin.registry import NoSuchBeneficiary, Person, hold_people, lock
from opencowin.vaccination import queries
from opencowin.vaccination.counting import count_doses
from opencowin.vaccination.judging import Case, Recorded, judged, same_record, sensible
from opencowin.vaccination.model import Dose, DoseState, GivenDose, Whereabouts


@dataclass(frozen=True, slots=True)
class Report:
    """A dose that somebody reports."""

    actor: Actor
    given: GivenDose


@dataclass(frozen=True, slots=True)
class DoseRecorded:
    """A dose that now stands: a certificate is due."""

    account_id: UUID
    beneficiary_id: UUID
    dose_id: UUID


DOSE_RECORDED = Job("vaccination.dose_recorded", DoseRecorded)


async def record_dose(conn: Connection, floor: Floor, actor: Actor, given: GivenDose) -> Dose:
    """Record a dose given; the same record again answers with the first one and changes nothing.

    No rule refuses it. Raises NotPermitted (also for a place outside the actor's scope), NoSuchBeneficiary,
    UnknownCentre, and for records that make no sense DateInFuture, UnknownVaccine, DoseNumberOutOfRange,
    TextUnreadable.
    """
    return await _record(conn, floor, Report(actor, given), Permission.VACCINATE)


async def import_dose(conn: Connection, floor: Floor, actor: Actor, given: GivenDose) -> Dose:
    """Record a dose that was given earlier or written on paper: as `record_dose`, for those who enter records."""
    return await _record(conn, floor, Report(actor, given), Permission.IMPORT_RECORDS)


async def _record(conn: Connection, floor: Floor, report: Report, permission: Permission) -> Dose:
    case = only(await receive_reports(conn, floor, [report], permission=permission, wait=True))
    return (await record_received(conn, floor, [case]))[0].dose


async def receive_reports(
    conn: Connection,
    floor: Floor,
    reports: Sequence[Report],
    *,
    wait: bool,
    permission: Permission = Permission.VACCINATE,
) -> list[Told[Case]]:
    """Reports that can be recorded, and why others can not, as `record_dose` says; each about another person.

    Their people are held until the transaction ends; unless one waits, those whom somebody else holds are left Alone.
    """
    told: list[Told[Case]] = [Alone()] * len(reports)
    rules = await current_programme(conn)
    sound: dict[int, GivenDose] = {}
    for at, one in enumerate(reports):
        try:
            one.actor.require(permission)
            sound[at] = sensible(floor, one.given, rules)
        except Refusal as no:
            told[at] = no
    places = await _whereabouts(conn, sound)
    within = dict[int, GivenDose]()
    for at, given in sound.items():
        refused = _out_of_scope(reports[at].actor, given, places.get(at))
        if refused is None:
            within[at] = given
        else:
            told[at] = refused
    looks = {given.person: reports[at].actor for at, given in within.items()}
    held = await hold_people(conn, floor, looks, "dose given", wait=wait) if looks else {}
    for at, given in within.items():
        if (who := held.get(given.person)) is not None:
            told[at] = Case(reports[at].actor, given, who, places.get(at), rules)
        elif wait:
            told[at] = NoSuchBeneficiary()
    return told


async def record_received(conn: Connection, floor: Floor, cases: Sequence[Case]) -> list[Recorded]:
    """Record what was received, in its order; a record that is there already stays as it is."""
    if not cases:
        return []
    people = [case.given.person for case in cases]
    earlier = defaultdict[Person, list[Dose]](list)
    for one in await queries.every_dose_of(conn, people):
        earlier[one.person].append(one)
    exemptions = await exemptions_of(conn, *sorted({person.account_id for person in people}))
    recorded, new = [], list[tuple[Case, Dose]]()
    for case in cases:
        known, exempt = earlier[case.given.person], exemptions.get(case.given.person.beneficiary_id, ())
        dose = same_record(known, case.given)
        if dose is None:
            dose = judged(floor, case, known, exempt)
            known.append(dose)
            new.append((case, dose))
        standing = sorted((one for one in known if one.state is DoseState.VALID), key=lambda one: one.dose_number)
        recorded.append(Recorded(dose, case.beneficiary, tuple(standing), exempt, case.rules))
    if new:
        await _keep(conn, floor, new)
    return recorded


async def _keep(conn: Connection, floor: Floor, new: Sequence[tuple[Case, Dose]]) -> None:
    """Write doses down, and what follows from those that stand."""
    by = [(dose, case.actor.actor_id) for case, dose in new]
    await queries.insert_doses(conn, by, new[0][0].rules.programme_id)
    trail = [Entry(case.actor, dose.person.beneficiary_id, _told(dose)) for case, dose in new]
    await record_each(conn, "vaccination.record_dose", trail, kind="beneficiary", reason="dose given")
    valid = [(case, dose) for case, dose in new if dose.state is DoseState.VALID]
    if not valid:
        return
    if first := [dose.person for case, dose in valid if case.beneficiary.locked_at is None]:
        await lock(conn, floor, *first)
    operators = [case.where.operator if case.where else None for case, _ in valid]
    counted = [(dose, case.beneficiary, operator) for (case, dose), operator in zip(valid, operators, strict=True)]
    await count_doses(conn, floor, counted)
    news = [DoseRecorded(one.person.account_id, one.person.beneficiary_id, one.dose_id) for _, one in valid]
    await DOSE_RECORDED.enqueue(conn, *news)


def _told(dose: Dose) -> Mapping[str, object]:
    return {"dose": dose.dose_number, "state": dose.state.value, "flags": sorted(dose.flags)}


async def _whereabouts(conn: Connection, reports: Mapping[int, GivenDose]) -> dict[int, Whereabouts]:
    """Where these doses were given, by their numbers; without those that name no centre, or one that nobody knows."""
    asked = [(at, given) for at, given in reports.items() if given.centre_id is not None]
    if not asked:
        return {}
    wanted = [(given.centre_id or 0, given.vaccine_id, given.batch_number) for _, given in asked]
    return {asked[number][0]: where for number, where in (await queries.whereabouts(conn, wanted)).items()}


def _out_of_scope(actor: Actor, given: GivenDose, where: Whereabouts | None) -> Refusal | None:
    """Why the actor may not record a dose there; one without a centre (an imported one) needs a national scope."""
    if given.centre_id is None:
        return None if actor.place == Place() else NotPermitted()
    if where is None:
        return UnknownCentre(field="centre_id", centre_id=given.centre_id)
    scope = {"state_id": where.state_id, "district_id": where.district_id, "centre_id": where.centre_id}
    return None if actor.covers(**scope) else NotPermitted()
