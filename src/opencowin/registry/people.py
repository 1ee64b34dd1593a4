"""One person at a time: found by reference, proven by secret code, read with a reason, locked by the first dose."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.throttle import DAY, HOUR, Limit, count_all, wait_for
from opencowin.registry import queries
from opencowin.registry.checks import check
from opencowin.registry.documents import DocumentType
from opencowin.registry.lists import document_types
from opencowin.registry.model import Beneficiary, Person, Registration
from opencowin.registry.names import same_name
from opencowin.registry.reference_ids import is_reference_id
from opencowin.registry.refusals import NoSuchBeneficiary, TooManyWrongCodes, WrongSecretCode
from opencowin.registry.sealing import DOCUMENT, NAME, PASSPORT, SECRET_CODE, BeneficiaryRow, open_row
from opencowin.registry.watching import count_code

OF_HOUSEHOLDS = frozenset({ActorKind.PUBLIC, ActorKind.CITIZEN, ActorKind.OPERATOR})
"""Those who see one household, or none."""
WRONG_CODES_PER_DAY = 3
"""Times the hourly limit: a four-digit code stands 15 tries a day, not 120."""
WRONG_CODES_PER_ACTOR = 10
"""Times the hourly limit of one beneficiary."""


async def find_person(conn: Connection, reference_id: int) -> Person:
    """Whom a reference id names; tells nothing about the person. Raises NoSuchBeneficiary."""
    person = (await find_people(conn, [reference_id])).get(reference_id)
    if person is None:
        raise NoSuchBeneficiary(field="beneficiary_reference_id")
    return person


async def find_people(conn: Connection, reference_ids: Sequence[int]) -> dict[int, Person]:
    """Whom these reference ids name, by id; tells nothing about them, and leaves out ids that name nobody."""
    wanted = [one for one in reference_ids if is_reference_id(one)]
    return await queries.people_of_references(conn, wanted) if wanted else {}


async def first_reference(conn: Connection, account_id: UUID) -> int | None:
    """The reference of a household's first member; None while it has none."""
    members = await queries.live_members(conn, account_id)
    return min(members, key=lambda one: one.member_number).reference_id if members else None


async def read_person(conn: Connection, floor: Floor, actor: Actor, person: Person, reason: str) -> Beneficiary:
    """A person's facts. Everybody but the own household leaves an audit row with the reason.

    A citizen finds nobody outside the own household. Raises NoSuchBeneficiary, NotPermitted (the public).
    """
    if actor.kind is ActorKind.PUBLIC:
        raise NotPermitted
    own = actor.kind is ActorKind.CITIZEN
    if (own or actor.kind is ActorKind.OPERATOR) and actor.account_id != person.account_id:
        raise NoSuchBeneficiary
    row = await queries.beneficiary_of(conn, person)
    if row is None:
        raise NoSuchBeneficiary
    if not own:
        subject = ("beneficiary", person.beneficiary_id)
        await audit.record(conn, actor, "registry.read_person", subject=subject, reason=reason)
    return open_row(floor.keyring, row)


async def read_people(
    conn: Connection, floor: Floor, actor: Actor, people: Sequence[Person], reason: str
) -> dict[UUID, Beneficiary]:
    """The facts of several people, by beneficiary; each look leaves an audit row with the reason.

    Raises NotPermitted for anybody but staff and the platform itself.
    """
    if actor.kind not in {ActorKind.STAFF, ActorKind.SYSTEM}:
        raise NotPermitted
    rows = await queries.beneficiaries_of(conn, people)
    await _note(conn, "registry.read_person", [(actor, row.person) for row in rows], reason)
    return {row.beneficiary_id: open_row(floor.keyring, row) for row in rows}


async def hold_people(
    conn: Connection, floor: Floor, looks: Mapping[Person, Actor], reason: str, *, wait: bool
) -> dict[Person, Beneficiary]:
    """The facts of these people, each for one who looks, kept as they are until the transaction ends.

    Each look leaves an audit row with the reason. Who was removed is left out; unless one waits, so is who is held by
    somebody else. Raises NotPermitted where a citizen or an operator looks.
    """
    if any(actor.kind in OF_HOUSEHOLDS for actor in looks.values()):
        raise NotPermitted
    rows = await queries.hold_beneficiaries(conn, list(looks), wait=wait)
    await _note(conn, "registry.read_person", [(looks[row.person], row.person) for row in rows], reason)
    return {row.person: open_row(floor.keyring, row) for row in rows}


async def _note(conn: Connection, action: str, looks: Sequence[tuple[Actor, Person]], reason: str) -> None:
    entries = [audit.Entry(actor, person.beneficiary_id) for actor, person in looks]
    await audit.record_each(conn, action, entries, kind="beneficiary", reason=reason)


async def holder_of(conn: Connection, floor: Floor, actor: Actor, registration: Registration) -> Beneficiary | None:
    """Who is registered with the document that a person shows here, whatever the household; None where nobody is.

    For vaccination staff, who see the document; the look leaves an audit row. Raises NotPermitted and what
    `checks.check` raises.
    """
    actor.require(Permission.REGISTER_BENEFICIARIES)
    document_hash = check(floor, registration).document_hash
    person = await queries.holder_of_document(conn, document_hash) if document_hash is not None else None
    if person is None:
        return None
    return await read_person(conn, floor, actor, person, "identity document shown")


@dataclass(frozen=True, slots=True)
class Traveller:
    """A person's facts with the whole number of the passport; empty where none is recorded."""

    beneficiary: Beneficiary
    passport: str


async def read_travellers(
    conn: Connection, floor: Floor, actor: Actor, persons: Sequence[Person], reason: str
) -> dict[Person, Traveller]:
    """The facts of many people at once, for a system's own work; who was removed is left out.

        Each look leaves an audit row with the reason, each at a passport's number one more. Raises NotPermitted for
    anybody else.
    """
    if actor.kind is not ActorKind.SYSTEM:
        raise NotPermitted
    rows, kinds = await queries.beneficiaries_of(conn, persons), document_types(floor.pack).types
    travel = {row.person: _passport(floor, row) for row in rows if _travels(row, kinds)}
    for action, looked_at in (
        ("registry.read_person", [row.person for row in rows]),
        ("registry.travel_document", sorted(travel, key=lambda one: one.beneficiary_id)),
    ):
        await _note(conn, action, [(actor, one) for one in looked_at], reason)
    return {row.person: Traveller(open_row(floor.keyring, row), travel.get(row.person, "")) for row in rows}


def _travels(row: BeneficiaryRow, kinds: Mapping[int, DocumentType]) -> bool:
    """Whether a passport is recorded: added later, or shown at the registration."""
    return row.passport_sealed is not None or (row.document_type_id in kinds and kinds[row.document_type_id].travel)


def _passport(floor: Floor, row: BeneficiaryRow) -> str:
    if row.passport_sealed is not None:
        return floor.keyring.open(row.passport_sealed, PASSPORT)
    return floor.keyring.open(row.document_sealed, DOCUMENT)


async def member_named(conn: Connection, floor: Floor, account_id: UUID, name: str) -> Person | None:
    """The one member of a household with this name, as a person who consented wrote it; None if none or several."""
    rows = await queries.live_members(conn, account_id)
    found = [row.person for row in rows if same_name(floor.keyring.open(row.name_sealed, NAME), name)]
    return found[0] if len(found) == 1 else None


async def prove(conn: Connection, floor: Floor, actor: Actor, reference_id: int, secret_code: str) -> Person:
    """The person who showed a reference id with its secret code. Every try leaves an audit row.

    Raises WrongSecretCode (keeps the count; the same for an unknown reference id) and TooManyWrongCodes.
    """
    person = (await queries.people_of_references(conn, [reference_id])).get(reference_id)
    sealed = await queries.hold_secret_code(conn, person) if person else None
    limits = _limits(floor, actor, reference_id)
    if wait := await wait_for(conn, floor, limits):
        raise TooManyWrongCodes(retry_after=wait)
    expected = floor.keyring.open(sealed, SECRET_CODE) if sealed else "none"
    right = hmac.compare_digest(secret_code.strip().encode(), expected.encode())
    subject = ("beneficiary", str(person.beneficiary_id)) if person else ("reference", "unknown")
    if person is not None and sealed is not None and right:
        await audit.record(conn, actor, "registry.prove", subject=subject, reason="secret code")
        await count_code(conn, floor, actor, right=True)
        return person
    await count_all(conn, floor, limits)
    await count_code(conn, floor, actor, right=False)
    await audit.record(conn, actor, "registry.prove", subject=subject, reason="wrong secret code")
    raise WrongSecretCode(field="secret_code")


async def has_secret_code(conn: Connection, floor: Floor, person: Person, secret_code: str) -> bool:
    """Whether this is the person's secret code. The caller counts tries and keeps them few."""
    sealed = await queries.hold_secret_code(conn, person)
    expected = floor.keyring.open(sealed, SECRET_CODE) if sealed else "none"
    return hmac.compare_digest(secret_code.strip().encode(), expected.encode())


async def lock(conn: Connection, floor: Floor, *people: Person) -> None:
    """Lock people's facts against the household's changes, as the first dose does. Raises NoSuchBeneficiary."""
    if await queries.set_locked(conn, people, floor.clock.now()) != len(people):
        raise NoSuchBeneficiary


def _limits(floor: Floor, actor: Actor, reference_id: int) -> tuple[Limit, ...]:
    tries = floor.settings.secret_code_tries
    who = f"{actor.kind}:{actor.actor_id}:{actor.address if actor.kind is ActorKind.PUBLIC else ''}"
    return (
        Limit(f"secret-code:{reference_id}", tries, HOUR),
        Limit(f"secret-code-day:{reference_id}", tries * WRONG_CODES_PER_DAY, DAY),
        Limit(f"secret-code-by:{who}", tries * WRONG_CODES_PER_ACTOR, HOUR),
    )
