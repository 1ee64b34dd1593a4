"""Records as a whole: put into another household, merged into another record, and parted again.

Other rooms keep rows under the person's key: whoever calls these verbs moves those too, in the same transaction.
"""

import secrets
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from opencowin.kit import audit
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import queries, record_queries
from opencowin.registry.adding import count_registration, free_number
from opencowin.registry.adding_queries import hold_households
from opencowin.registry.household import row_of
from opencowin.registry.likeness import birth_likeness, likeness
from opencowin.registry.model import Person
from opencowin.registry.people import find_person
from opencowin.registry.refusals import NotMerged, SameRecord
from opencowin.registry.sealing import BIRTH_DATE, NAME, SECRET_CODE


@dataclass(frozen=True, slots=True)
class Parted:
    """Two records that stand by themselves again."""

    kept: Person
    gone: Person


async def move_member(
    conn: Connection, floor: Floor, actor: Actor, person: Person, account_id: UUID, *, reason: str
) -> Person:
    """Put a person into the household of another account, with a new secret code; the key is another one from then on.

    Raises NoSuchBeneficiary, TooManyMembers.
    """
    await hold_households(conn, [account_id])
    present = await queries.live_members(conn, account_id)
    number = free_number(present, floor.settings.members_per_mobile)
    await row_of(conn, person)
    code = floor.keyring.seal(f"{secrets.randbelow(10_000):04}", SECRET_CODE)
    now = floor.clock.now()
    await record_queries.move_beneficiary(
        conn, person, account_id, member_number=number, secret_code_sealed=code, at=now
    )
    moved = Person(account_id, person.beneficiary_id)
    await record_queries.move_reference(conn, person, account_id)
    await record_queries.move_documents(conn, person, moved)
    subject = ("beneficiary", person.beneficiary_id)
    await audit.record(conn, actor, "registry.move_member", subject=subject, reason=reason)
    return moved


async def merge_records(
    conn: Connection, floor: Floor, actor: Actor, kept: Person, gone: Person, *, reason: str
) -> None:
    """Let one record go into another: its reference leads there, and its documents are entered there.

    Raises NoSuchBeneficiary, SameRecord.
    """
    if kept.beneficiary_id == gone.beneficiary_id:
        raise SameRecord(field="other_reference_id")
    rows = {one: await row_of(conn, one) for one in sorted((kept, gone), key=lambda one: one.beneficiary_id)}
    into, row = rows[kept].reference_id, rows[gone]
    await record_queries.set_merged(conn, gone, into, row.member_number)
    await record_queries.move_documents(conn, gone, kept)
    await count_registration(conn, floor, row, amount=-1)
    subject, detail = ("beneficiary", gone.beneficiary_id), {"into": str(kept.beneficiary_id)}
    await audit.record(conn, actor, "registry.merge_records", subject=subject, reason=reason, detail=detail)


async def part_records(
    conn: Connection, floor: Floor, actor: Actor, gone_reference: int, kept_reference: int, *, reason: str
) -> Parted:
    """Let a merged record stand by itself again, as it was. Its number in the household is another if that was taken.

    Raises NotMerged (also while the record that was kept went into a third), NoSuchBeneficiary.
    """
    merged = await record_queries.merged_record(conn, gone_reference)
    kept = await find_person(conn, kept_reference)
    if merged is None or (await row_of(conn, kept)).reference_id != kept_reference:
        raise NotMerged(field="case_number")
    gone = Person(merged.account_id, merged.beneficiary_id)
    await queries.lock_household(conn, gone.account_id)
    taken = {row.member_number for row in await queries.live_members(conn, gone.account_id)}
    number = merged.member_number if merged.member_number not in taken else max(taken) + 1
    await record_queries.set_merged(conn, gone, None, number)
    hashes = [one for one in (merged.document_hash, merged.passport_hash) if one is not None]
    await record_queries.give_back_documents(conn, hashes, gone)
    await count_registration(conn, floor, await row_of(conn, gone), amount=1)
    subject = ("beneficiary", gone.beneficiary_id)
    await audit.record(conn, actor, "registry.part_records", subject=subject, reason=reason)
    return Parted(kept, gone)


async def complete_likenesses(conn: Connection, floor: Floor, limit: int = 1000) -> int:
    """Compute the likeness of people who were registered before there was one; how many."""
    rows = await record_queries.without_likeness(conn, limit)
    hashes = []
    for row in rows:
        name = floor.keyring.open(row.name_sealed, NAME)
        born = floor.keyring.open(row.birth_date_sealed, BIRTH_DATE) if row.birth_date_sealed else None
        birth_date = date.fromisoformat(born) if born else None
        alike = likeness(floor.keyring, name, row.birth_year, row.gender_id)
        hashes.append((alike, birth_likeness(floor.keyring, name, birth_date, row.gender_id)))
    people = [Person(row.account_id, row.beneficiary_id) for row in rows]
    return await record_queries.set_likeness(conn, people, hashes) if rows else 0
