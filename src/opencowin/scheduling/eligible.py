"""Who of these people may have this dose in this session: their facts, read for all at once, and the rules asked."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.places import district
from opencowin.programme import Facts, NotEligible, Programme, Wish, exemptions_of, refuse_unless_eligible
from opencowin.registry import Beneficiary
from opencowin.scheduling.model import Session
from opencowin.vaccination import doses_of_people, facts_of

KnownFacts = Mapping[UUID, Facts]
"""What the rules need to know of people, by beneficiary."""


async def facts_of_members(conn: Connection, members: Sequence[Beneficiary]) -> KnownFacts:
    """What the rules need to know of these people, of whatever households."""
    doses = await doses_of_people(conn, [member.person for member in members])
    exempt = await exemptions_of(conn, *sorted({member.person.account_id for member in members}))
    return {
        who: facts_of(member, doses.get(who, ()), exempt.get(who, ()))
        for member in members
        for who in [member.person.beneficiary_id]
    }


async def wish_of(conn: Connection, session: Session, dose: int, booked_on: date, rules: Programme) -> Wish:
    """What somebody who books this dose in this session asks of the rules of the booking day."""
    return Wish(
        state_id=(await district(conn, session.district_id)).state_id if rules.differs_by_state else None,
        dose=dose,
        vaccine_id=session.vaccine_id,
        on=session.held_on,
        booked_on=booked_on,
        min_age=session.min_age,
        max_age=session.max_age,
    )


def refuse_unless_all(members: Sequence[Beneficiary], facts: KnownFacts, wish: Wish, rules: Programme) -> None:
    """Refuse with the reason unless each of them may have what is wished.

    Raises one of the kinds of NotEligible; its details name the `reference_id`.
    """
    for member in members:
        try:
            refuse_unless_eligible(facts[member.person.beneficiary_id], wish, rules)
        except NotEligible as no:
            details = {**no.details, "reference_id": str(member.reference_id)}
            raise type(no)(field=no.field, **details) from no


async def check_eligible(  # noqa: PLR0917 (said in one breath: may these have this dose there, booked on that day)
    conn: Connection, members: Sequence[Beneficiary], session: Session, dose: int, booked_on: date, rules: Programme
) -> KnownFacts:
    """The facts of these people, each of whom may have this dose in this session.

    Raises what `refuse_unless_all` raises.
    """
    facts = await facts_of_members(conn, members)
    refuse_unless_all(members, facts, await wish_of(conn, session, dose, booked_on, rules), rules)
    return facts
