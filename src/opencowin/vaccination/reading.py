"""Reading doses: a person's, a household's, the next one due, and who gave one."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import Due, current_programme, exemptions_of, next_due
from opencowin.registry import Beneficiary, Person
from opencowin.vaccination import queries
from opencowin.vaccination.model import Dose, DoseState, facts_of

VACCINATOR = "dose.vaccinator_name"


async def doses_of(conn: Connection, person: Person, *, every_state: bool = False) -> list[Dose]:
    """A person's doses by number: those that stand, or also those disputed and revoked."""
    doses = await queries.doses_of(conn, person)
    return [dose for dose in doses if every_state or dose.state is DoseState.VALID]


async def doses_of_account(conn: Connection, account_id: UUID) -> dict[UUID, list[Dose]]:
    """The standing doses of an account's members, by beneficiary; who has none is not in it."""
    found: dict[UUID, list[Dose]] = defaultdict(list)
    for dose in await queries.doses_of_account(conn, account_id):
        found[dose.person.beneficiary_id].append(dose)
    return dict(found)


async def due(
    conn: Connection, floor: Floor, beneficiary: Beneficiary, doses: Sequence[Dose] | None = None
) -> Due | None:
    """The next dose that the person may have, by the rules known today; None when no rule offers one.

    `doses` are the person's standing ones, where the caller has read them already.
    """
    person = beneficiary.person
    exemptions = (await exemptions_of(conn, person.account_id)).get(person.beneficiary_id, ())
    facts = facts_of(beneficiary, await doses_of(conn, person) if doses is None else doses, exemptions)
    return next_due(facts, await current_programme(conn), floor.clock.today())


def vaccinator_name(floor: Floor, dose: Dose) -> str:
    """Who gave the dose."""
    return floor.keyring.open(dose.vaccinator_name_sealed, VACCINATOR)


async def doses_of_people(conn: Connection, people: Sequence[Person]) -> dict[UUID, list[Dose]]:
    """The standing doses of these people, by beneficiary; who has none is not in it."""
    found: dict[UUID, list[Dose]] = defaultdict(list)
    for dose in await queries.doses_of_people(conn, people):
        found[dose.person.beneficiary_id].append(dose)
    return dict(found)
