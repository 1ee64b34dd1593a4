"""Priority lists: puts people on the list of a group, registering those who are not registered, and takes them off."""

from dataclasses import dataclass, replace
from uuid import UUID

from opencowin.kit import audit
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import directory, queries
from opencowin.registry.checks import check
from opencowin.registry.household import erase, register
from opencowin.registry.model import Channel, Person, Registration
from opencowin.registry.names import same_name
from opencowin.registry.refusals import MemberLocked, NoSuchBeneficiary
from opencowin.registry.sealing import NAME


@dataclass(frozen=True, slots=True)
class Enlisted:
    """Who is on the list now, and whether that, and the registration, is new."""

    person: Person
    registered: bool
    added: bool


async def enlist(  # noqa: PLR0917 (said in one breath)
    conn: Connection, floor: Floor, actor: Actor, account_id: UUID, registration: Registration, group_id: str
) -> Enlisted:
    """Put the holder of a document on a group's list; who is not registered is, in the household of this account.

    Raises NotPermitted, DocumentRegistered (keeps the attempt) when the document is somebody else's, TooManyMembers,
    and what `checks.check` raises.
    """
    actor.require(Permission.IMPORT_RECORDS)
    facts = check(floor, registration)
    holder = await queries.holder_of_document(conn, facts.document_hash) if facts.document_hash else None
    if holder is None:
        before = floor.clock.now()
        asked = replace(registration, priority_groups=(group_id,))
        made = await register(conn, floor, actor, account_id, asked, channel=Channel.IMPORT)
        is_new = made.priority_groups == (group_id,) and made.registered_at >= before
        added = is_new or await queries.add_to_group(conn, made.person, group_id, floor.clock.now())
        return Enlisted(made.person, is_new, added)
    row = await queries.beneficiary_of(conn, holder)
    known = row is not None and row.birth_year == facts.birth_year
    if row is None or not known or not same_name(floor.keyring.open(row.name_sealed, NAME), facts.name):
        raise await directory.duplicate(conn, floor, actor, account_id, facts)
    added = await queries.add_to_group(conn, holder, group_id, floor.clock.now())
    subject = ("beneficiary", holder.beneficiary_id)
    await audit.record(conn, actor, "registry.enlist", subject=subject, reason=group_id, detail={"new": added})
    return Enlisted(holder, registered=False, added=added)


async def delist(
    conn: Connection, floor: Floor, actor: Actor, person: Person, group_id: str, *, remove: bool = False
) -> None:
    """Take a person off a group's list; `remove`: overwrite the person too, who was registered for the list only.

    Raises NotPermitted, NoSuchBeneficiary, and MemberLocked for removing who has had a dose.
    """
    actor.require(Permission.IMPORT_RECORDS)
    row = await queries.beneficiary_of(conn, person)
    if row is None:
        raise NoSuchBeneficiary
    if remove:
        if row.locked_at is not None:
            raise MemberLocked
        await erase(conn, floor, row)
    else:
        await queries.take_from_group(conn, person, group_id, floor.clock.now())
    subject = ("beneficiary", person.beneficiary_id)
    await audit.record(conn, actor, "registry.delist", subject=subject, reason=group_id, detail={"removed": remove})


async def who_shows(conn: Connection, floor: Floor, shown: Registration) -> Person | None:
    """Who is registered with this document, if name and year of birth are the document's; None for all else.

    Raises what `checks.check` raises.
    """
    facts = check(floor, shown)
    holder = await queries.holder_of_document(conn, facts.document_hash) if facts.document_hash else None
    row = await queries.beneficiary_of(conn, holder) if holder else None
    if row is None or row.birth_year != facts.birth_year:
        return None
    return holder if same_name(floor.keyring.open(row.name_sealed, NAME), facts.name) else None
