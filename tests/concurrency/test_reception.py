"""The reception: sign-ins that share a transaction are answered as if each had had its own."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from opencowin.identity import (
    OTP_REQUESTED,
    Confirmed,
    OtpPurpose,
    Reception,
    open_account,
    open_otp_request,
    request_otp,
)
from opencowin.kit.db import Pool, fetch_value, transaction
from opencowin.kit.errors import Refusal, Unavailable
from opencowin.kit.floor import Floor
from tests.builders import mobile
from tests.concurrency.doors import Doors, kinds

pytestmark = pytest.mark.anyio
HERE = "192.0.2.1"
WRONG = "0" * 64


@dataclass(slots=True)
class Desk:
    """A reception, and who comes to it."""

    floor: Floor
    doors: Doors
    reception: Reception

    async def ask(self, *numbers: str, addresses: list[str] | None = None) -> list[UUID | BaseException]:
        """All at once: those after the first are gathered while it is answered."""
        where = addresses or [HERE] * len(numbers)
        asked = (
            self.reception.request_otp(number, address=address, language="en")
            for number, address in zip(numbers, where, strict=True)
        )
        return await asyncio.gather(*asked, return_exceptions=True)

    async def show(self, *codes: tuple[str, UUID]) -> list[Confirmed | BaseException]:
        shown = (self.reception.confirm_otp(code, txn, address=HERE) for code, txn in codes)
        return await asyncio.gather(*shown, return_exceptions=True)

    async def sent(self) -> dict[str, tuple[str, UUID]]:
        """Hashed code and transaction by number, taken out of the queue."""
        async with transaction(self.doors.pool) as conn:
            found = await conn.execute(
                "DELETE FROM pgqueuer WHERE entrypoint = %s RETURNING payload", (OTP_REQUESTED.name,)
            )
            news = [OTP_REQUESTED.read(row[0]) for row in await found.fetchall()]
        opened = [(*open_otp_request(self.floor, one), one.txn_id) for one in news]
        return {number: (hashlib.sha256(code.encode()).hexdigest(), txn) for number, code, txn in opened}


@pytest.fixture
def desk(pool: Pool, floor: Floor) -> Desk:
    doors = Doors(pool)
    return Desk(floor, doors, Reception(floor, doors))


async def test_each_wish_is_answered_as_if_it_came_alone(desk: Desk) -> None:
    asked_before, twice, full = mobile(), mobile(), "198.51.100.7"
    settings = desk.floor.settings.model_copy(update={"otp_per_address_per_hour": 2, "otp_resend_seconds": 60})
    floor = replace(desk.floor, settings=settings)
    async with transaction(desk.doors.pool) as conn:
        await request_otp(conn, floor, asked_before, address="192.0.2.9")
    numbers = [mobile(), "12", twice, asked_before, mobile(), twice, mobile(), mobile(), mobile()]
    addresses = ["192.0.2.2", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", full, full, full]
    together = replace(desk, floor=floor, reception=Reception(floor, desk.doors))
    answers = await together.ask(*numbers, addresses=addresses)
    expected = ["UUID", "InvalidMobile", "UUID", "OtpWait", "UUID", "OtpWait", "UUID", "UUID", "TooManyOtps"]
    assert kinds(answers) == expected
    sent = await desk.sent()
    assert {number: txn for number, (_, txn) in sent.items() if number != asked_before} == {
        number: answer for number, answer in zip(numbers, answers, strict=True) if isinstance(answer, UUID)
    }
    async with transaction(desk.doors.pool) as conn:
        with pytest.raises(Refusal) as alone:
            await request_otp(conn, floor, mobile(), address=full)
    assert type(alone.value).__name__ == "TooManyOtps", "what was counted together counts alone"


async def test_each_code_is_answered_as_if_it_came_alone(desk: Desk) -> None:
    known, new, again, wrong, other = (mobile() for _ in range(5))
    async with transaction(desk.doors.pool) as conn:
        account = await open_account(conn, desk.floor, known)
    await desk.ask(known, new, again, wrong)
    async with transaction(desk.doors.pool) as conn:
        await request_otp(conn, desk.floor, other, address=HERE, purpose=OtpPurpose.VACCINATION_STATUS)
    sent = await desk.sent()
    await desk.show(sent[again])
    codes = [sent[known], sent[new], sent[again], (WRONG, sent[wrong][1]), sent[other], (WRONG, uuid4()), sent[new]]
    answers = await desk.show(*codes)
    assert kinds(answers) == ["Confirmed", "Confirmed", *["InvalidOtp"] * 5]
    first, second = answers[:2]
    assert isinstance(first, Confirmed)
    assert isinstance(second, Confirmed)
    assert (first.account_id, first.is_new, first.mobile) == (account, False, known)
    assert (second.is_new, second.mobile) == (True, new)
    assert kinds(await desk.show(sent[wrong])) == ["Confirmed"], "a wrong try is counted, and uses nothing up"
    async with transaction(desk.doors.pool) as conn:
        seen = "SELECT count(*) FROM account WHERE account_id = ANY (%(ids)s) AND last_sign_in_at IS NOT NULL"
        assert await fetch_value(conn, seen, ids=[first.account_id, second.account_id]) == 2


async def test_a_rush_shares_few_transactions(desk: Desk) -> None:
    numbers = [mobile() for _ in range(60)]
    assert kinds(await desk.ask(*numbers)) == ["UUID"] * 60
    sent = await desk.sent()
    answers = await desk.show(*(sent[number] for number in numbers))
    assert kinds(answers) == ["Confirmed"] * 60
    assert len({one.account_id for one in answers if isinstance(one, Confirmed)}) == 60
    assert desk.doors.opened <= 4


async def test_nobody_is_told_before_the_commit(desk: Desk) -> None:
    desk.doors.shut = True
    assert kinds(await desk.ask(*(mobile() for _ in range(5)))) == ["OperationalError"] * 5
    desk.doors.shut = False
    assert await desk.sent() == {}


async def test_more_than_there_is_room_for_are_told_to_come_again(desk: Desk) -> None:
    floor = replace(desk.floor, settings=desk.floor.settings.model_copy(update={"sign_in_room": 3}))
    small = replace(desk, reception=Reception(floor, desk.doors))
    answers = await small.ask(*(mobile() for _ in range(10)))
    assert kinds(answers).count("UUID") == 3
    assert all(isinstance(one, UUID | Unavailable) for one in answers)


async def test_two_processes_open_one_account_for_a_number(desk: Desk) -> None:
    numbers = [mobile() for _ in range(20)]
    await desk.ask(*numbers)
    first = await desk.sent()
    async with transaction(desk.doors.pool) as conn:
        await conn.execute("UPDATE otp SET created_at = created_at - interval '1 hour'")
    await desk.ask(*numbers)
    second = await desk.sent()
    other = replace(desk, reception=Reception(desk.floor, desk.doors))
    here, there = await asyncio.gather(
        desk.show(*(first[number] for number in numbers)),
        other.show(*(second[number] for number in reversed(numbers))),
    )
    assert kinds(here) == kinds(there) == ["Confirmed"] * 20
    accounts = {one.account_id for one in (*here, *there) if isinstance(one, Confirmed)}
    assert len(accounts) == 20
    assert sum(one.is_new for one in (*here, *there) if isinstance(one, Confirmed)) == 20
