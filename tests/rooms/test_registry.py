"""The registry on real PostgreSQL: limits, documents that register once, privacy of the tables, and races."""

import asyncio
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from opencowin import registry
from opencowin.kit.actor import CITIZEN_PERMISSIONS, Actor, ActorKind, NotPermitted, Permission, system
from opencowin.kit.db import Connection, Pool, fetch_value, transaction
from opencowin.kit.errors import Invalid
from opencowin.kit.floor import Floor
from opencowin.registry import Channel, Registration

pytestmark = pytest.mark.anyio

SYSTEM = system("test")
PARTNER = Actor(ActorKind.PARTNER, "clinic", frozenset({Permission.REGISTER_BENEFICIARIES}), address="192.0.2.7")
PASSPORT = 8
AADHAAR = 1
_numbers = count(100)


def citizen(account_id: UUID) -> Actor:
    return Actor(ActorKind.CITIZEN, str(account_id), CITIZEN_PERMISSIONS, account_id)


def wanted(**changes: Any) -> Registration:
    plain = Registration(
        name="Savitri Devi",
        birth_year=1975,
        gender_id=2,
        document_type_id=PASSPORT,
        document_number=f"K{next(_numbers):07d}",
        comorbidity=False,
        consent_version="1",
    )
    return replace(plain, **changes)


async def registered(conn: Connection, floor: Floor, account: UUID, **changes: Any) -> registry.Beneficiary:
    return await registry.register(conn, floor, citizen(account), account, wanted(**changes))


async def rows_of(conn: Connection, *tables: str) -> str:
    """Everything that tables hold, as text; bytes as hexadecimal and as text."""
    found = ""
    for table in tables:
        cursor = await conn.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        for row in await cursor.fetchall():
            found += " ".join(
                value.hex() + value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row
            )
    return found


async def all_tables(conn: Connection) -> list[str]:
    cursor = await conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [row[0] for row in await cursor.fetchall()]


async def test_a_member_is_registered_and_read_by_the_household(conn: Connection, floor: Floor) -> None:
    account = uuid4()
    made = await registered(conn, floor, account, birth_date=date(1975, 3, 2), name="  Savitri   Devi ")
    assert (made.name, made.birth_year, made.birth_date) == ("Savitri Devi", 1975, date(1975, 3, 2))
    assert registry.is_reference_id(made.reference_id)
    assert len(made.secret_code) == 4
    assert made.secret_code.isdigit()
    assert made.document_masked.startswith("XXXX")
    assert await registry.members(conn, floor, citizen(account)) == [made]
    assert await registry.find_person(conn, made.reference_id) == made.person
    assert await registry.members(conn, floor, citizen(uuid4())) == []


async def test_no_table_holds_a_name_a_number_or_a_birth_date(conn: Connection, floor: Floor) -> None:
    made = await registered(
        conn, floor, uuid4(), name="Xzebunnissa Qqadir", document_number="Z7654321", birth_date=date(1975, 11, 23)
    )
    text = await rows_of(conn, *await all_tables(conn))
    assert str(made.reference_id) in text, "the search sees what is there"
    for secret in ("Xzebunnissa", "Qqadir", "Z7654321", "1975-11-23", b"Xzebunnissa".hex()):
        assert secret not in text


async def test_six_members_and_no_seventh(conn: Connection, floor: Floor) -> None:
    account = uuid4()
    made = [await registered(conn, floor, account, name=f"Member {letter}") for letter in "ABCDEF"]
    with pytest.raises(registry.TooManyMembers):
        async with conn.transaction():
            await registered(conn, floor, account, name="Member G")
    await registry.remove(conn, floor, citizen(account), made[2].reference_id)
    again = await registered(conn, floor, account, name="Member G")
    assert [one.name[-1] for one in await registry.members(conn, floor, citizen(account))] == list("ABGDEF")
    assert again.reference_id != made[2].reference_id


async def test_a_document_registers_once_and_the_second_attempt_is_kept(pool: Pool, floor: Floor) -> None:
    asked, first, second = wanted(), uuid4(), uuid4()
    async with transaction(pool) as conn:
        await registry.register(conn, floor, citizen(first), first, asked)
    spelled = asked.document_number.lower().replace("k", "k ")
    other = replace(asked, name="Somebody Else", document_number=spelled)
    with pytest.raises(registry.DocumentRegistered):
        async with transaction(pool) as conn:
            await registry.register(conn, floor, citizen(second), second, other)
    async with transaction(pool) as conn:
        attempts = await fetch_value(
            conn, "SELECT count(*) FROM duplicate_attempt WHERE account_id = %(account)s", account=second
        )
        assert attempts == 1
        assert await registry.members(conn, floor, citizen(second)) == []
        written = await rows_of(conn, "household", "beneficiary", "beneficiary_reference", "identity_document")
        assert str(second) not in written


async def test_trying_many_registered_documents_is_stopped(pool: Pool, floor: Floor) -> None:
    asked, owner, prober = wanted(), uuid4(), uuid4()
    async with transaction(pool) as conn:
        await registry.register(conn, floor, citizen(owner), owner, asked)
    refusals = []
    for _ in range(21):
        try:
            async with transaction(pool) as conn:
                await registry.register(conn, floor, citizen(prober), prober, asked)
        except (registry.DocumentRegistered, registry.TooManyDuplicates) as refused:
            refusals.append(type(refused))
    assert refusals == [registry.DocumentRegistered] * 20 + [registry.TooManyDuplicates]


async def test_the_same_registration_again_answers_the_same_person(conn: Connection, floor: Floor) -> None:
    account, asked = uuid4(), wanted()
    first = await registry.register(conn, floor, citizen(account), account, asked)
    assert await registry.register(conn, floor, citizen(account), account, replace(asked, name="SAVITRI DEVI")) == first
    assert await registry.members(conn, floor, citizen(account)) == [first]
    with pytest.raises(registry.DocumentRegistered):
        await registry.register(conn, floor, citizen(account), account, replace(asked, birth_year=1976))


async def test_partial_numbers_may_be_shared_but_the_same_person_stays_one(conn: Connection, floor: Floor) -> None:
    account, partial = uuid4(), {"document_type_id": AADHAAR, "document_number": "XXXXXXXX4321"}
    first = await registered(conn, floor, account, **partial)
    assert await registered(conn, floor, account, **partial) == first
    other = await registered(conn, floor, account, name="Gauri Devi", **partial)
    stranger = await registered(conn, floor, uuid4(), **partial)
    assert len({first.reference_id, other.reference_id, stranger.reference_id}) == 3


async def test_two_sixth_members_at_once_leave_six(pool: Pool, floor: Floor) -> None:
    account = uuid4()
    async with transaction(pool) as conn:
        for letter in "ABCDE":
            await registered(conn, floor, account, name=f"Member {letter}")

    async def one_more(letter: str) -> bool:
        try:
            async with transaction(pool) as conn:
                await registered(conn, floor, account, name=f"Member {letter}")
                return True
        except registry.TooManyMembers:
            return False

    assert sorted(await asyncio.gather(*map(one_more, "FGHIJKLM"))) == [False] * 7 + [True]
    async with transaction(pool) as conn:
        assert len(await registry.members(conn, floor, citizen(account))) == 6


async def test_without_the_household_lock_the_limit_would_be_passed(pool: Pool, floor: Floor) -> None:
    """Positive control: who looks first and adds then finds room twice at once; the unique index is the last guard."""
    account, both_looked = uuid4(), asyncio.Barrier(2)

    async def look_then_add() -> bool:
        async with pool.connection() as conn, conn.transaction():
            seen = await fetch_value(
                conn, "SELECT count(*) FROM beneficiary WHERE account_id = %(account)s", account=account
            )
            await both_looked.wait()
            assert seen == 0
            try:
                await conn.execute(
                    """
                    INSERT INTO beneficiary (account_id, beneficiary_id, reference_id, member_number, name_sealed,
                        birth_year, gender_id, document_type_id, document_sealed, document_masked_sealed,
                        consent_version, secret_code_sealed, channel, registered_at, changed_at)
                    VALUES (%s, %s, 1, 1, '', 1990, 1, 1, '', '', '1', '', 'self', now(), now())
                    """,
                    (account, uuid4()),
                )
            except psycopg.errors.UniqueViolation:
                return False
            return True

    results = await asyncio.gather(look_then_add(), look_then_add(), return_exceptions=True)
    assert sorted(str(result) for result in results)[0] == "False", "the second hits the index"


async def test_one_document_at_two_mobiles_at_once_registers_once(pool: Pool, floor: Floor) -> None:
    asked, accounts = wanted(), [uuid4() for _ in range(6)]

    async def attempt(account: UUID) -> bool:
        try:
            async with transaction(pool) as conn:
                await registry.register(conn, floor, citizen(account), account, asked)
                return True
        except registry.DocumentRegistered:
            return False

    assert sorted(await asyncio.gather(*map(attempt, accounts))) == [False] * 5 + [True]
    async with transaction(pool) as conn:
        attempts = await fetch_value(
            conn, "SELECT count(*) FROM duplicate_attempt WHERE account_id = ANY(%(accounts)s)", accounts=accounts
        )
        assert attempts == 5


async def test_the_same_registration_twice_at_once_makes_one_person(pool: Pool, floor: Floor) -> None:
    account, asked = uuid4(), wanted()

    async def attempt() -> int:
        async with transaction(pool) as conn:
            return (await registry.register(conn, floor, citizen(account), account, asked)).reference_id

    assert len(set(await asyncio.gather(*(attempt() for _ in range(5))))) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "4sha"}, "name"),
        ({"birth_year": 1899}, "birth_year"),
        ({"birth_year": 2999}, "birth_year"),
        ({"birth_date": date(1974, 1, 1)}, "birth_date"),
        ({"gender_id": 99}, "gender_id"),
        ({"consent_version": " "}, "consent_version"),
        ({"document_type_id": 99}, "photo_id_type"),
        ({"document_number": "?"}, "photo_id_number"),
        ({"priority_groups": ("health_worker",)}, "priority_groups"),
    ],
)
async def test_a_wrong_fact_names_its_field(
    conn: Connection, floor: Floor, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await registered(conn, floor, uuid4(), **changes)
    assert refused.value.field == field


async def test_nobody_registers_into_another_household(conn: Connection, floor: Floor) -> None:
    with pytest.raises(NotPermitted):
        await registry.register(conn, floor, citizen(uuid4()), uuid4(), wanted())
    with pytest.raises(NotPermitted):
        await registry.register(conn, floor, citizen(uuid4()), uuid4(), wanted(), channel=Channel.ON_THE_SPOT)


async def test_staff_register_on_the_spot_and_it_is_audited(conn: Connection, floor: Floor) -> None:
    asked = wanted(priority_groups=("health_worker",))
    made = await registry.register(conn, floor, PARTNER, uuid4(), asked, channel=Channel.ON_THE_SPOT)
    assert made.priority_groups == ("health_worker",)
    assert await audit_actions(conn, made) == ["registry.register"]


async def audit_actions(conn: Connection, one: registry.Beneficiary) -> list[str]:
    cursor = await conn.execute(
        "SELECT action FROM audit WHERE subject_id = %s ORDER BY audit_id", (str(one.person.beneficiary_id),)
    )
    return [row[0] for row in await cursor.fetchall()]


async def test_an_edit_replaces_the_facts_and_frees_the_old_document(conn: Connection, floor: Floor) -> None:
    account, asked = uuid4(), wanted()
    made = await registry.register(conn, floor, citizen(account), account, asked)
    new = wanted(name="Savitri Sharma", gender_id=3, birth_year=1980)
    changed = await registry.edit(conn, floor, citizen(account), made.reference_id, new)
    assert (changed.name, changed.gender_id, changed.birth_year) == ("Savitri Sharma", 3, 1980)
    assert (changed.reference_id, changed.secret_code) == (made.reference_id, made.secret_code)
    other = uuid4()
    assert (await registry.register(conn, floor, citizen(other), other, asked)).person.account_id == other
    with pytest.raises(registry.DocumentRegistered):
        await registry.edit(conn, floor, citizen(account), made.reference_id, asked)


async def test_measures_follow_registration_edit_and_removal(conn: Connection, floor: Floor) -> None:
    account, year = uuid4(), floor.clock.today().year
    made = await registered(conn, floor, account, birth_year=year - 20, gender_id=1)
    new = wanted(birth_year=year - 50, gender_id=2)
    await registry.edit(conn, floor, citizen(account), made.reference_id, new)
    assert await counted(conn) == {("18_44", 1): 0, ("45_59", 2): 1}
    await registry.remove(conn, floor, citizen(account), made.reference_id)
    assert await counted(conn) == {("18_44", 1): 0, ("45_59", 2): 0}


async def counted(conn: Connection) -> dict[tuple[str, int], int]:
    cursor = await conn.execute(
        """
        SELECT keys ->> 'age', (keys ->> 'gender')::int, sum(amount)::int FROM measure_change
        WHERE measure = 'registration' AND transaction_timestamp() <= now() + interval '1 second'
          AND at >= transaction_timestamp() GROUP BY 1, 2
        """
    )
    return {(row[0], row[1]): row[2] for row in await cursor.fetchall()}


async def test_removal_erases_the_person_but_keeps_the_reference(conn: Connection, floor: Floor) -> None:
    account, asked = uuid4(), wanted(comorbidity=True, birth_date=date(1975, 5, 5))
    made = await registry.register(conn, floor, citizen(account), account, asked)
    await registry.remove(conn, floor, citizen(account), made.reference_id)
    with pytest.raises(registry.NoSuchBeneficiary):
        await registry.find_person(conn, made.reference_id)
    with pytest.raises(registry.NoSuchBeneficiary):
        await registry.read_person(conn, floor, SYSTEM, made.person, "test")
    cursor = await conn.execute(
        """
        SELECT name_sealed, document_sealed, document_masked_sealed, secret_code_sealed, birth_date_sealed,
               document_hash, comorbidity FROM beneficiary WHERE reference_id = %s
        """,
        (made.reference_id,),
    )
    row = await cursor.fetchone()
    assert row is not None
    purposes = ("beneficiary.name", "beneficiary.document", "beneficiary.document_masked", "beneficiary.secret_code")
    assert [floor.keyring.open(value, purpose) for value, purpose in zip(row[:4], purposes, strict=True)] == [""] * 4
    assert row[4:] == (None, None, False)
    kept = "SELECT count(*) FROM beneficiary_reference WHERE reference_id = %(reference)s"
    assert await fetch_value(conn, kept, reference=made.reference_id) == 1
    again = await registry.register(conn, floor, citizen(account), account, asked)
    assert again.reference_id != made.reference_id


async def test_after_the_first_dose_nothing_is_edited_or_removed(conn: Connection, floor: Floor) -> None:
    account = uuid4()
    made = await registered(conn, floor, account)
    await registry.lock(conn, floor, made.person)
    with pytest.raises(registry.MemberLocked):
        await registry.edit(conn, floor, citizen(account), made.reference_id, wanted())
    with pytest.raises(registry.MemberLocked):
        await registry.remove(conn, floor, citizen(account), made.reference_id)
    with pytest.raises(registry.NoSuchBeneficiary):
        await registry.lock(conn, floor, registry.Person(account, uuid4()))


async def test_a_stranger_neither_edits_removes_nor_reads(conn: Connection, floor: Floor) -> None:
    made, stranger = await registered(conn, floor, uuid4()), citizen(uuid4())
    for attempt in (
        registry.edit(conn, floor, stranger, made.reference_id, wanted()),
        registry.remove(conn, floor, stranger, made.reference_id),
        registry.own_members(conn, floor, stranger, [made.reference_id]),
        registry.read_person(conn, floor, stranger, made.person, "curiosity"),
    ):
        with pytest.raises(registry.NoSuchBeneficiary):
            await attempt
    with pytest.raises(NotPermitted):
        await registry.read_person(conn, floor, Actor(ActorKind.PUBLIC, "public"), made.person, "curiosity")


async def test_own_members_come_in_the_order_asked(conn: Connection, floor: Floor) -> None:
    account = uuid4()
    made = [await registered(conn, floor, account, name=f"Member {letter}") for letter in "ABC"]
    asked = [made[index].reference_id for index in (2, 0, 1)]
    found = await registry.own_members(conn, floor, citizen(account), asked)
    assert [one.reference_id for one in found] == asked
    with pytest.raises(registry.NoSuchBeneficiary):
        await registry.own_members(conn, floor, citizen(account), [asked[0], 10_000_000_000_001])


async def test_a_read_by_others_is_audited_and_by_the_household_is_not(conn: Connection, floor: Floor) -> None:
    account = uuid4()
    made = await registered(conn, floor, account)
    assert await registry.read_person(conn, floor, citizen(account), made.person, "own") == made
    assert await audit_actions(conn, made) == []
    assert await registry.read_person(conn, floor, PARTNER, made.person, "booked here today") == made
    assert await audit_actions(conn, made) == ["registry.read_person"]


async def test_the_one_member_of_a_name_is_found_in_a_household(conn: Connection, floor: Floor) -> None:
    account = uuid4()
    made = await registered(conn, floor, account, name="Meera Das")
    assert await registry.member_named(conn, floor, account, "meera das") == made.person
    assert await registry.member_named(conn, floor, account, "Meera") is None
    assert await registry.member_named(conn, floor, uuid4(), "Meera Das") is None
    await registered(conn, floor, account, name="Meera Das", birth_year=2001)
    assert await registry.member_named(conn, floor, account, "Meera Das") is None


async def test_the_secret_code_proves_and_wrong_ones_are_limited(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        made = await registered(conn, floor, uuid4())
        assert await registry.prove(conn, floor, PARTNER, made.reference_id, made.secret_code) == made.person
    wrong = f"{(int(made.secret_code) + 1) % 10_000:04}"
    seen = []
    for _ in range(floor.settings.secret_code_tries + 1):
        try:
            async with transaction(pool) as conn:
                await registry.prove(conn, floor, PARTNER, made.reference_id, wrong)
        except (registry.WrongSecretCode, registry.TooManyWrongCodes) as refused:
            seen.append(type(refused))
    assert seen == [registry.WrongSecretCode] * floor.settings.secret_code_tries + [registry.TooManyWrongCodes]
    with pytest.raises(registry.TooManyWrongCodes):
        async with transaction(pool) as conn:
            await registry.prove(conn, floor, PARTNER, made.reference_id, made.secret_code)
    async with transaction(pool) as conn:
        assert await audit_actions(conn, made) == ["registry.prove"] * (1 + floor.settings.secret_code_tries)


async def test_many_tries_at_one_code_at_once_are_counted_one_by_one(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        made = await registered(conn, floor, uuid4())

    async def attempt(step: int) -> str:
        wrong = f"{(int(made.secret_code) + step) % 10_000:04}"
        try:
            async with transaction(pool) as conn:
                await registry.prove(conn, floor, replace(PARTNER, actor_id="many"), made.reference_id, wrong)
        except (registry.WrongSecretCode, registry.TooManyWrongCodes) as refused:
            return refused.code
        return "proven"

    seen = await asyncio.gather(*(attempt(step) for step in range(1, 21)))
    assert seen.count(registry.WrongSecretCode.code) == floor.settings.secret_code_tries
    assert seen.count(registry.TooManyWrongCodes.code) == 20 - floor.settings.secret_code_tries


async def test_an_unknown_reference_is_refused_like_a_wrong_code(conn: Connection, floor: Floor) -> None:
    with pytest.raises(registry.WrongSecretCode):
        await registry.prove(conn, floor, replace(PARTNER, actor_id="other"), 10_000_000_000_001, "1234")


async def test_one_actor_cannot_try_the_codes_of_many(pool: Pool, floor: Floor) -> None:
    allowed, prober = floor.settings.secret_code_tries * 10, replace(PARTNER, actor_id="prober")
    seen = set()
    for number in range(allowed + 1):
        try:
            async with transaction(pool) as conn:
                await registry.prove(conn, floor, prober, 10_000_000_000_000 + number, "1234")
        except (registry.WrongSecretCode, registry.TooManyWrongCodes) as refused:
            seen.add(type(refused))
            last = type(refused)
    assert seen == {registry.WrongSecretCode, registry.TooManyWrongCodes}
    assert last is registry.TooManyWrongCodes


async def test_genders_and_documents_come_from_the_pack(floor: Floor) -> None:
    assert [gender.gender_id for gender in registry.genders(floor.pack)] == [1, 2, 3]
    assert registry.document_types(floor.pack) is registry.document_types(floor.pack)
