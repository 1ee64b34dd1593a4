"""The vaccination desk: in each process, doses that are reported together share a transaction.

The rules are those of `vaccinate`. What only few calls meet (a second dose of the same person at once, somebody whom
another transaction holds) is left to it, each call in a transaction of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.sharing import Alone, Sharing, Told, Transaction
from opencowin.registry import NoSuchBeneficiary, Person, find_people, find_person
from opencowin.scheduling.attendance import vaccinate, vaccinate_each
from opencowin.vaccination import GivenDose, Recorded, Report


@dataclass(frozen=True, slots=True)
class _Call:
    """A dose that somebody tells of a person with this reference."""

    actor: Actor
    reference_id: int
    given_to: Callable[[Person], GivenDose]


class VaccinationDesk:
    """Records doses as `vaccinate` does, each in a transaction that it shares with those that came meanwhile.

    A centre has its lane. A call in an idle lane waits for no other; one that must, waits beside it.
    """

    def __init__(self, floor: Floor, transaction: Transaction) -> None:
        """A desk whose transactions are these; the settings say how many lanes, and how many calls may wait."""
        room, lanes = floor.settings.booking_room, floor.settings.booking_lanes
        self._calls = Sharing(
            floor, transaction, _vaccinate_together, _vaccinate_alone, room=room, lanes=lanes, wait_in_lane=False
        )

    async def vaccinate(
        self, actor: Actor, reference_id: int, given_to: Callable[[Person], GivenDose], *, centre_id: int
    ) -> Recorded:
        """Record a dose given to who has this reference, and commit.

        Raises what `find_person` and `scheduling.vaccinate` raise, and Unavailable when too many wait.
        """
        return await self._calls(_Call(actor, reference_id, given_to), lane=centre_id)


async def _vaccinate_alone(conn: Connection, floor: Floor, one: _Call) -> Recorded:
    person = await find_person(conn, one.reference_id)
    return await vaccinate(conn, floor, one.actor, one.given_to(person))


async def _vaccinate_together(conn: Connection, floor: Floor, calls: Sequence[_Call]) -> list[Told[Recorded]]:
    """Record the first dose of each person; in their order."""
    told: list[Told[Recorded]] = [Alone()] * len(calls)
    people = await find_people(conn, [one.reference_id for one in calls])
    first: dict[Person, int] = {}
    for at, one in enumerate(calls):
        person = people.get(one.reference_id)
        if person is None:
            told[at] = NoSuchBeneficiary(field="beneficiary_reference_id")
        else:
            first.setdefault(person, at)
    reports = [Report(calls[at].actor, calls[at].given_to(person)) for person, at in first.items()]
    for at, answer in zip(first.values(), await vaccinate_each(conn, floor, reports, wait=False), strict=True):
        told[at] = answer
    return told
