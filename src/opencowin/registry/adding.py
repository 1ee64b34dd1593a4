"""Adds members to households, one or many at once, under the households' locks."""

import secrets
from collections.abc import Mapping, Sequence

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.measures import Counted, count
from opencowin.registry.adding_queries import (
    NewBeneficiary,
    hold_households,
    insert_beneficiaries,
    members_of,
    reserve_references,
)
from opencowin.registry.model import Channel, Facts, Person, age_band
from opencowin.registry.names import same_name
from opencowin.registry.reference_ids import new_reference_id
from opencowin.registry.refusals import TooManyMembers
from opencowin.registry.sealing import DOCUMENT, NAME, SECRET_CODE, BeneficiaryRow, seal_facts

REGISTRATION = "registration"


async def add(
    conn: Connection, floor: Floor, wanted: Mapping[Person, Facts], channel: Channel
) -> dict[Person, BeneficiaryRow | TooManyMembers]:
    """Add members, at most one to each household; a member with the same facts and a shareable document is the same."""
    accounts = [person.account_id for person in wanted]
    await hold_households(conn, accounts)
    present: dict[object, list[BeneficiaryRow]] = {account: [] for account in accounts}
    for row in await members_of(conn, accounts):
        present[row.account_id].append(row)
    told: dict[Person, BeneficiaryRow | TooManyMembers] = {}
    numbers: dict[Person, int] = {}
    for person, facts in wanted.items():
        members = present[person.account_id]
        if twin := next((row for row in members if is_same_person(floor, row, facts)), None):
            told[person] = twin
            continue
        try:
            numbers[person] = free_number(members, floor.settings.members_per_mobile)
        except TooManyMembers as full:
            told[person] = full
    rows = await _insert(conn, floor, {person: wanted[person] for person in numbers}, numbers, channel)
    return told | {row.person: row for row in rows}


async def _insert(
    conn: Connection, floor: Floor, wanted: Mapping[Person, Facts], numbers: Mapping[Person, int], channel: Channel
) -> list[BeneficiaryRow]:
    if not wanted:
        return []
    references = await _new_references(conn, list(wanted))
    new = [
        NewBeneficiary(
            person=person,
            facts=facts,
            sealed=seal_facts(floor.keyring, facts),
            reference_id=references[person],
            member_number=numbers[person],
            secret_code_sealed=floor.keyring.seal(f"{secrets.randbelow(10_000):04}", SECRET_CODE),
        )
        for person, facts in wanted.items()
    ]
    rows = await insert_beneficiaries(conn, new, channel=channel, at=floor.clock.now())
    await count(conn, floor.clock, REGISTRATION, *(_counted(floor, row) for row in rows))
    return rows


def free_number(present: Sequence[BeneficiaryRow], limit: int) -> int:
    """The least number in a household that no member has. Raises TooManyMembers."""
    if len(present) >= limit:
        raise TooManyMembers(limit=limit)
    return min(set(range(1, limit + 1)) - {row.member_number for row in present})


async def _new_references(conn: Connection, persons: Sequence[Person]) -> dict[Person, int]:
    given: dict[Person, int] = {}
    while wanting := [person for person in persons if person not in given]:
        drawn = {new_reference_id(): person for person in wanting}
        given |= {drawn[one]: one for one in await reserve_references(conn, drawn)}
    return given


def is_same_person(floor: Floor, row: BeneficiaryRow, facts: Facts) -> bool:
    """Whether the row holds this very registration: the same document, birth year and name."""
    return (
        (row.document_type_id, row.birth_year) == (facts.document_type_id, facts.birth_year)
        and floor.keyring.open(row.document_sealed, DOCUMENT) == facts.document_number
        and same_name(floor.keyring.open(row.name_sealed, NAME), facts.name)
    )


async def count_registration(conn: Connection, floor: Floor, row: BeneficiaryRow, *, amount: int) -> None:
    """Count a registration, or take it back (amount -1) on the day on which it was counted."""
    await count(conn, floor.clock, REGISTRATION, _counted(floor, row, amount))


def _counted(floor: Floor, row: BeneficiaryRow, amount: int = 1) -> Counted:
    age = age_band(row.birth_year, floor.clock.local(row.registered_at).year)
    return Counted(row.registered_at, {"gender": row.gender_id, "age": age}, amount=amount)
