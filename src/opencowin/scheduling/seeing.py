"""A worker sees one person who is booked here today, or who shows the secret code; each look is counted and written."""

from dataclasses import dataclass

from opencowin import registry
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import Beneficiary, Person
from opencowin.scheduling import seats
from opencowin.scheduling.attendance import booked_here
from opencowin.scheduling.refusals import ProofNeeded
from opencowin.vaccination import Dose, doses_of


@dataclass(frozen=True, slots=True)
class Seen:
    """A person whom a worker may see, and why."""

    person: Beneficiary
    doses: tuple[Dose, ...]
    reason: str


async def see_person(conn: Connection, floor: Floor, actor: Actor, reference_id: int, secret_code: str = "") -> Seen:
    """The person with this reference: by the secret code, or booked or vaccinated today at the actor's centre.

    Raises NotPermitted, ProofNeeded (the same whether or not there is such a person), WrongSecretCode,
    TooManyWrongCodes, TooManyLooks. All but the first keep what was counted.
    """
    actor.require(Permission.FIND_BENEFICIARIES)
    centre_id = actor.place.centre_id
    person, reason = await prove_presence(conn, floor, actor, reference_id, secret_code, centre_id)
    read = await registry.read_person(conn, floor, actor, person, reason)
    return Seen(read, tuple(await doses_of(conn, person)), reason)


async def prove_presence(  # noqa: PLR0917 (said in one breath: this person, by this code, at this centre)
    conn: Connection, floor: Floor, actor: Actor, reference_id: int, secret_code: str, centre_id: int | None
) -> tuple[Person, str]:
    """The person who is shown to be present, and how; counted against what one worker sees in an hour.

    The centre is the caller's to know within the actor's scope. Raises ProofNeeded, WrongSecretCode,
    TooManyWrongCodes, TooManyLooks, all of which keep what was counted.
    """
    await registry.refuse_beyond_budget(conn, floor, actor)
    if secret_code:
        proof = await registry.prove(conn, floor, actor, reference_id, secret_code), "secret code"
    else:
        proof = await _here_today(conn, floor, actor, reference_id, centre_id)
    await registry.count_look(conn, floor, actor, far=await _is_far(conn, actor, proof[0]))
    return proof


async def _here_today(
    conn: Connection, floor: Floor, actor: Actor, reference_id: int, centre_id: int | None
) -> tuple[Person, str]:
    try:
        person = await registry.find_person(conn, reference_id)
    except registry.NoSuchBeneficiary:
        person = None
    today = floor.clock.today()
    if person is not None and centre_id is not None:
        if await booked_here(conn, person, centre_id, today):
            return person, "booked here today"
        if any(dose.centre_id == centre_id and dose.given_on == today for dose in await doses_of(conn, person)):
            return person, "vaccinated here today"
    await registry.count_refused_look(conn, floor, actor)
    raise ProofNeeded(field="secret_code")


async def _is_far(conn: Connection, actor: Actor, person: Person) -> bool:
    """Whether all that is known of where the person goes lies outside the actor's district."""
    if actor.place.district_id is None:
        return False
    known = {one.district_id for one in await seats.live(conn, [person])}
    known |= {dose.district_id for dose in await doses_of(conn, person) if dose.district_id is not None}
    return bool(known) and actor.place.district_id not in known
