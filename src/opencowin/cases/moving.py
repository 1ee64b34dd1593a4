"""Whole records: a person goes to another household with everything recorded; two records become one, and two again."""

from uuid import UUID

from opencowin import certificates, programme, registry, scheduling, vaccination
from opencowin.identity import open_closed_account
from opencowin.kit.actor import Actor, system
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from opencowin.vaccination import TwoRecords


async def move_person(
    conn: Connection, floor: Floor, actor: Actor, person: Person, account_id: UUID, *, reason: str
) -> Person:
    """Put a person under another account, with appointments, doses, exemptions and certificates; the new key.

    Whoever knew the secret code knows it no more. Raises NoSuchBeneficiary, TooManyMembers.
    """
    await scheduling.move_appointments(conn, person, account_id)
    moved = await registry.move_member(conn, floor, actor, person, account_id, reason=reason)
    await programme.move_exemptions(conn, person.beneficiary_id, person.account_id, account_id)
    await vaccination.move_doses_of(conn, person, moved)
    await certificates.move_certificates(conn, person, moved)
    return moved


async def detach(conn: Connection, floor: Floor, actor: Actor, person: Person, *, reason: str) -> Person:
    """Take a person out of a household that does not know them, into an account that nobody can sign in to."""
    nobody = await open_closed_account(conn, floor)
    return await move_person(conn, floor, actor, person, nobody, reason=reason)


async def merge(
    conn: Connection, floor: Floor, actor: Actor, kept: Person, gone: Person, *, merge_id: UUID, reason: str
) -> None:
    """Two records of one person become one: doses of both by day, certificates issued anew.

    Live appointments of the record that goes end, and those of the kept one if doses joined it.
    Raises NotPermitted, NoSuchBeneficiary, SameRecord.
    """
    joined = await vaccination.doses_of(conn, gone)
    for one in (kept, gone) if joined else (gone,):
        await scheduling.end_appointments(conn, floor, one)
    records = TwoRecords(
        await registry.read_person(conn, floor, actor, kept, reason),
        await registry.read_person(conn, floor, actor, gone, reason),
    )
    await certificates.end_all(conn, floor, actor, gone, reason)
    await vaccination.gather(conn, floor, records, merge_id)
    await registry.merge_records(conn, floor, actor, kept, gone, reason=reason)
    await certificates.renew(conn, floor, actor, kept, reason)


async def part(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    *,
    kept_reference: int,
    gone_reference: int,
    merge_id: UUID,
    reason: str,
) -> None:
    """Undo a merge: both records as they were, each with certificates of its own. Raises NotPermitted, NotMerged."""
    parted = await registry.part_records(conn, floor, actor, gone_reference, kept_reference, reason=reason)
    records = TwoRecords(
        await registry.read_person(conn, floor, actor, parted.kept, reason),
        await registry.read_person(conn, floor, actor, parted.gone, reason),
    )
    await certificates.end_all(conn, floor, actor, parted.kept, reason)
    await vaccination.scatter(conn, floor, records, merge_id)
    for one in (parted.kept, parted.gone):
        await certificates.renew(conn, floor, actor, one, reason)


PLATFORM = system("cases")
"""Who carries out what officers decided some days before."""
