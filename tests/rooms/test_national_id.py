"""Accounts that a national ID opens: found again, one for each person, with a number or without."""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from opencowin import identity, notifications, registry, scheduling
from opencowin.identity import ClientAuthentication, Provider
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, Pool, fetch_value, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Proof
from tests import builders
from tests.builders import mobile, pan, registration
from tests.rooms.test_notifications import tell_all

pytestmark = pytest.mark.anyio
PAN = 6


def provider(issuer: str = "https://id.example.org") -> Provider:
    return Provider(
        id="citizen",
        name="Citizen ID",
        issuer=issuer,
        client_id="us",
        authentication=ClientAuthentication.CLIENT_SECRET_BASIC,
    )


async def sign_in(conn: Connection, floor: Floor, subject: str, number: str | None = None, **where: str) -> Actor:
    return await identity.sign_in_by_national_id(
        conn, floor, provider(**where), subject, mobile=number, language="hi", address="10.0.0.1"
    )


async def test_a_subject_is_its_issuers(conn: Connection, floor: Floor) -> None:
    one, again = await sign_in(conn, floor, "1"), await sign_in(conn, floor, "1")
    assert one.own_account() == again.own_account()
    assert (await sign_in(conn, floor, "2")).own_account() != one.own_account()
    elsewhere = await sign_in(conn, floor, "1", issuer="https://id.example.net")
    assert elsewhere.own_account() != one.own_account()
    assert await identity.account_language(conn, one.own_account()) == "hi"
    assert await identity.account_mobile(conn, floor, one.own_account()) == ""


async def test_a_subject_that_comes_many_times_at_once_is_one_account(pool: Pool, floor: Floor) -> None:
    async def come() -> UUID:
        async with transaction(pool) as conn:
            return (await sign_in(conn, floor, "crowd")).own_account()

    assert len(set(await asyncio.gather(*(come() for _ in range(6))))) == 1


async def test_a_number_that_comes_later_is_kept_unless_it_is_somebody_elses(conn: Connection, floor: Floor) -> None:
    number, taken = mobile(), mobile()
    neighbour = await identity.open_account(conn, floor, taken)
    account = (await sign_in(conn, floor, "3")).own_account()
    assert (await sign_in(conn, floor, "3", taken)).own_account() == account
    assert await identity.account_mobile(conn, floor, account) == ""
    assert await identity.account_of_mobile(conn, floor, taken) == neighbour
    await sign_in(conn, floor, "3", number)
    assert await identity.account_mobile(conn, floor, account) == number
    assert await identity.account_of_mobile(conn, floor, number) == account
    await sign_in(conn, floor, "3", mobile())
    assert await identity.account_mobile(conn, floor, account) == number


async def test_a_number_of_another_country_is_no_number(conn: Connection, floor: Floor) -> None:
    account = (await sign_in(conn, floor, "4", "+15550100200")).own_account()
    assert await identity.account_mobile(conn, floor, account) == ""


async def test_who_has_no_number_books_and_is_sent_nothing(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        actor = await sign_in(conn, floor, "5")
        person = await builders.member(conn, floor, account=actor.own_account())
        centre = await builders.new_centre(conn)
        await builders.stock_in(conn, floor, centre, "COVISHIELD", doses=100)
        session = builders.a_session(centre, floor.clock.today() + timedelta(days=1))
        session_id = await scheduling.publish_session(conn, floor, builders.TEST, session)
        wish = scheduling.BookingWish(1, session_id, "09:00AM-11:00AM", (person.reference_id,))
        await scheduling.book(conn, floor, actor, wish)
    assert await tell_all(pool, floor, scheduling.BOOKED) == 1
    async with transaction(pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM message WHERE template = 'booked'") == 0
        nobody = await notifications.latest_message(conn, floor, mobile())
    assert nobody is None


def proof(number: str, **facts: Any) -> Proof:
    known = {"name": "Asha Kumari", "birth_year": 1990, "birth_date": date(1990, 4, 14), "gender_id": 2}
    return Proof("citizen", PAN, number, **{**known, **facts})


@pytest.mark.parametrize(
    "other", [{"name": "Asha Devi"}, {"birth_year": 1991}, {"gender_id": 1}, {"document_number": "ABCPA0009Z"}]
)
async def test_a_proof_confirms_nobody_else(conn: Connection, floor: Floor, other: Mapping[str, Any]) -> None:
    actor, number = await sign_in(conn, floor, "6"), pan()
    facts = {"name": "Asha Kumari", "birth_year": 1990, "gender_id": 2, "document_number": number, **other}
    said = Proof("citizen", PAN, **facts)
    asked = registration(document=number)
    member = await registry.register(conn, floor, actor, actor.own_account(), asked, proof=said)
    assert member.document_confirmed_by is None
    assert await registry.confirm_member(conn, floor, actor, said) is None


async def test_a_proof_confirms_each_of_a_household_for_themselves(conn: Connection, floor: Floor) -> None:
    actor, hers, his = await sign_in(conn, floor, "7"), pan(), pan()
    for name, number in (("Asha Kumari", hers), ("Ravi Kumar", his)):
        await registry.register(conn, floor, actor, actor.own_account(), registration(name, document=number))
    her = await registry.confirm_member(conn, floor, actor, proof(hers))
    assert her is not None
    assert (her.name, her.document_confirmed_by) == ("Asha Kumari", "citizen")
    him = await registry.confirm_member(conn, floor, actor, proof(his, name="ravi kumar"))
    assert him is not None
    assert him.name == "Ravi Kumar"
    assert await registry.confirm_member(conn, floor, actor, proof(pan())) is None


async def test_removing_somebody_forgets_who_confirmed_them(conn: Connection, floor: Floor) -> None:
    actor, number = await sign_in(conn, floor, "8"), pan()
    asked = registration(document=number)
    member = await registry.register(conn, floor, actor, actor.own_account(), asked, proof=proof(number))
    assert member.document_confirmed_by == "citizen"
    await registry.remove(conn, floor, actor, member.reference_id)
    left = "SELECT count(*) FROM beneficiary WHERE document_confirmed_by IS NOT NULL AND account_id = %(account)s"
    assert await fetch_value(conn, left, account=actor.own_account()) == 0
