"""The registration desk: people who register together are answered as if each had come alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import LiteralString
from uuid import UUID

import pytest

from opencowin import identity
from opencowin.kit.actor import CITIZEN_PERMISSIONS, Actor, ActorKind
from opencowin.kit.db import Pool, fetch_value, transaction
from opencowin.kit.errors import Unavailable
from opencowin.kit.floor import Floor
from opencowin.registry import Beneficiary, Registration, RegistrationDesk, members, register
from tests.builders import citizen, mobile, pan, registration
from tests.concurrency.doors import Doors, kinds

pytestmark = pytest.mark.anyio
COUNTED: LiteralString = "SELECT coalesce(sum(amount), 0) FROM measure_change WHERE measure = 'registration'"
ENTERED: LiteralString = "SELECT count(*) FROM identity_document"


@dataclass(slots=True)
class Counter:
    """A desk, and who comes to it."""

    floor: Floor
    doors: Doors
    desk: RegistrationDesk

    async def accounts(self, count: int) -> list[UUID]:
        async with transaction(self.doors.pool) as conn:
            return [await identity.open_account(conn, self.floor, mobile()) for _ in range(count)]

    async def come(self, *calls: tuple[UUID | Actor, Registration]) -> list[Beneficiary | BaseException]:
        """All at once: those after the first are gathered while it is answered."""
        asked = (self.desk.register(who if isinstance(who, Actor) else citizen(who), wish) for who, wish in calls)
        return await asyncio.gather(*asked, return_exceptions=True)

    async def value(self, sql: LiteralString) -> int:
        async with transaction(self.doors.pool) as conn:
            return int(await fetch_value(conn, sql))


@pytest.fixture
def counter(pool: Pool, floor: Floor) -> Counter:
    doors = Doors(pool)
    return Counter(floor, doors, RegistrationDesk(floor, doors))


def references(answers: Sequence[object]) -> list[int]:
    return [one.reference_id for one in answers if isinstance(one, Beneficiary)]


async def test_each_is_answered_as_if_alone(counter: Counter) -> None:
    warm, plain, full, twice, taken, holder, shared, helped = await counter.accounts(8)
    ours, theirs = registration(), registration()
    async with transaction(counter.doors.pool) as conn:
        for _ in range(counter.floor.settings.members_per_mobile):
            await register(conn, counter.floor, citizen(full), full, registration())
        held = await register(conn, counter.floor, citizen(holder), holder, theirs)
    too_many, once_more = registration(), registration()
    part = replace(registration(), document_type_id=1, document_number="XXXXXXXX1234")
    operator = Actor(ActorKind.OPERATOR, "op-1", CITIZEN_PERMISSIONS, account_id=helped)
    counted, entered = await counter.value(COUNTED), await counter.value(ENTERED)
    answers = await counter.come(
        (warm, registration()),
        (plain, registration()),
        (plain, replace(registration(), gender_id=99)),
        (full, too_many),
        (twice, ours),
        (twice, once_more),
        (taken, ours),
        (holder, theirs),
        (taken, theirs),
        (shared, part),
        (operator, registration()),
        (plain, replace(registration(), priority_groups=("health_care_worker",))),
    )
    assert kinds(answers) == [
        "Beneficiary",
        "Beneficiary",
        "UnknownGender",
        "TooManyMembers",
        "Beneficiary",
        "Beneficiary",
        "DocumentRegistered",
        "Beneficiary",
        "DocumentRegistered",
        "Beneficiary",
        "Beneficiary",
        "PriorityGroupUnproven",
    ]
    assert references(answers)[4] == held.reference_id, "the same registration again is the same person"
    assert len(set(references(answers))) == 7
    assert await counter.value(COUNTED) == counted + 6
    assert await counter.value(ENTERED) == entered + 5, "who was refused holds no document; a part of a number is none"
    (again,) = await counter.come((warm, too_many))
    assert kinds([again]) == ["Beneficiary"], "the document of who found no room is free"
    async with transaction(counter.doors.pool) as conn:
        household = await members(conn, counter.floor, citizen(twice))
        audited = "SELECT count(*) FROM audit WHERE action = 'registry.register' AND actor_id = 'op-1'"
        assert await fetch_value(conn, audited) == 1
    assert {one.reference_id for one in household} == {*references(answers)[2:4]}


async def test_a_rush_shares_few_transactions(counter: Counter) -> None:
    accounts = await counter.accounts(60)
    wishes = [registration(name=f"Person {chr(97 + at % 26)}", born=1950 + at % 50) for at in range(60)]
    answers = await counter.come(*zip(accounts, wishes, strict=True))
    assert kinds(answers) == ["Beneficiary"] * 60
    assert counter.doors.opened <= 2
    for account, wish, one in zip(accounts, wishes, answers, strict=True):
        assert isinstance(one, Beneficiary)
        assert (one.person.account_id, one.name, one.birth_year) == (account, wish.name, wish.birth_year)
        assert one.document_masked.endswith(wish.document_number[-4:])


async def test_nobody_is_told_before_the_commit(counter: Counter) -> None:
    accounts, entered = await counter.accounts(5), await counter.value(ENTERED)
    counter.doors.shut = True
    answers = await counter.come(*((account, registration()) for account in accounts))
    assert kinds(answers) == ["OperationalError"] * 5
    assert await counter.value(ENTERED) == entered


async def test_more_than_there_is_room_for_are_told_to_come_again(counter: Counter) -> None:
    floor = replace(counter.floor, settings=counter.floor.settings.model_copy(update={"sign_in_room": 3}))
    small = replace(counter, desk=RegistrationDesk(floor, counter.doors))
    answers = await small.come(*((account, registration()) for account in await counter.accounts(10)))
    assert kinds(answers).count("Beneficiary") == 3
    assert all(isinstance(one, Beneficiary | Unavailable) for one in answers)


async def test_two_processes_enter_a_document_once(counter: Counter) -> None:
    accounts, documents = await counter.accounts(40), [pan() for _ in range(20)]
    other = replace(counter, desk=RegistrationDesk(counter.floor, counter.doors))
    here = [(one, registration(document=which)) for one, which in zip(accounts, documents, strict=False)]
    there = [(one, registration(document=which)) for one, which in zip(accounts[20:], documents[::-1], strict=True)]
    answers = await asyncio.gather(counter.come(*here), other.come(*there))
    assert sorted(kinds([*answers[0], *answers[1]])) == ["Beneficiary"] * 20 + ["DocumentRegistered"] * 20
