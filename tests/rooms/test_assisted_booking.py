"""Assisted booking: an operator reaches a household only with its code, for a while, and leaves a trace."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from opencowin import identity, notifications, registry, scheduling
from opencowin.identity import InvalidOtp, OtpPurpose
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Job
from opencowin.notifications import Template
from opencowin.registry import NoSuchBeneficiary
from tests.builders import TEST, citizen, member, mobile, new_centre, pan, registration, stock_in
from tests.rooms.scene import MORNING, Scene, jobs

pytestmark = pytest.mark.anyio
MAY = frozenset({Permission.ASSIST_CALLERS, Permission.ASSIST_IN_PERSON, Permission.SEARCH_SESSIONS})


async def an_operator(conn: Connection, floor: Floor, may: frozenset[Permission] = MAY) -> Actor:
    name = f"helpline-{mobile()}"
    staff, _ = await identity.create_staff(
        conn, floor, TEST, name, name="Operator", role=identity.Role.NATION_OFFICER, place=TEST.place
    )
    actor = await identity.actor_of_staff(conn, staff.staff_id, "10.0.0.9")
    return replace(actor, permissions=may)


async def code_of(conn: Connection, floor: Floor, txn_purpose: OtpPurpose = OtpPurpose.ASSISTANCE) -> str:
    """The code of the newest request, as the caller's phone shows it."""
    cursor = await conn.execute(
        "SELECT payload FROM pgqueuer WHERE entrypoint = 'otp_requested' ORDER BY id DESC LIMIT 1"
    )
    row = await cursor.fetchone()
    assert row is not None
    news = identity.OTP_REQUESTED.read(bytes(row[0]))
    assert news.spoken is (txn_purpose is OtpPurpose.ASSISTANCE)
    return identity.open_otp_request(floor, news)[1]


def hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


async def a_call(conn: Connection, floor: Floor, operator: Actor, number: str) -> tuple[Actor, identity.AssistedCall]:
    call_id = await identity.begin_call(conn, floor, operator, number, language="hi")
    await identity.confirm_call(conn, floor, operator, call_id, hashed(await code_of(conn, floor)))
    return await identity.on_behalf(conn, floor, operator, call_id)


async def test_an_operator_books_for_the_caller_who_is_told_by_whom(conn: Connection, floor: Floor) -> None:
    centre, number = await new_centre(conn), mobile()
    await stock_in(conn, floor, centre, "COVISHIELD", doses=100)
    scene, operator = Scene(conn, floor, centre), await an_operator(conn, floor)
    session = await scene.session()
    actor, call = await a_call(conn, floor, operator, number)
    assert call.ending == number[-4:]
    person = await registry.register(conn, floor, actor, actor.own_account(), registration())
    wish = scheduling.BookingWish(1, session, MORNING, (person.reference_id,))
    await identity.count_assisted_booking(conn, floor, operator)
    booking = await scheduling.book(conn, floor, actor, wish)
    await identity.tell_assisted(conn, floor, actor, call, "booked")
    assert await jobs(conn, identity.ASSISTED.name) == 1
    assert await jobs(conn, scheduling.BOOKED.name) == 1
    assert await scheduling.cancel(conn, floor, actor, booking.booking_id) == 1

    own = citizen(actor.own_account())
    (seen,) = await identity.calls_for(conn, own)
    assert seen.operator == call.operator
    cursor = await conn.execute(
        "SELECT actor_kind, action FROM audit WHERE actor_id = %s ORDER BY audit_id", [operator.actor_id]
    )
    trail = [(row[0], row[1]) for row in await cursor.fetchall()]
    for step in ("registry.register", "scheduling.book", "scheduling.cancel", "identity.assisted"):
        assert ("operator", step) in trail
    assert ("staff", "identity.begin_call") in trail


async def test_no_household_is_reached_without_its_code(conn: Connection, floor: Floor) -> None:
    number, operator = mobile(), await an_operator(conn, floor)
    account = await identity.open_account(conn, floor, number)
    victim = await member(conn, floor, account=account)
    call_id = await identity.begin_call(conn, floor, operator, number, language="en")
    with pytest.raises(identity.CallOver):
        await identity.on_behalf(conn, floor, operator, call_id)
    for wrong in ("000000", "999999"):
        if wrong != await code_of(conn, floor):
            with pytest.raises(InvalidOtp):
                await identity.confirm_call(conn, floor, operator, call_id, hashed(wrong))
    other = await an_operator(conn, floor)
    with pytest.raises(identity.NoSuchCall):
        await identity.confirm_call(conn, floor, other, call_id, hashed(await code_of(conn, floor)))
    for call in (call_id, uuid4()):
        with pytest.raises((identity.NoSuchCall, identity.CallOver)):
            await identity.on_behalf(conn, floor, other, call)

    own_call, _ = await a_call(conn, floor, operator, mobile())
    with pytest.raises(NoSuchBeneficiary):
        await registry.read_person(conn, floor, own_call, victim.person, "curious")
    with pytest.raises(NoSuchBeneficiary):
        await registry.own_members(conn, floor, own_call, [victim.reference_id])
    with pytest.raises(NoSuchBeneficiary):
        await registry.edit(conn, floor, own_call, victim.reference_id, registration())
    with pytest.raises(NoSuchBeneficiary):
        await scheduling.book(
            conn, floor, own_call, scheduling.BookingWish(1, uuid4(), MORNING, (victim.reference_id,))
        )
    with pytest.raises(NotPermitted):
        await registry.register(conn, floor, own_call, account, registration())
    with pytest.raises(NotPermitted):
        await identity.begin_call(conn, floor, replace(operator, permissions=frozenset()), number, language="en")


async def test_a_code_for_a_sign_in_opens_no_call_and_a_spoken_one_no_sign_in(conn: Connection, floor: Floor) -> None:
    number, operator = mobile(), await an_operator(conn, floor)
    call_id = await identity.begin_call(conn, floor, operator, number, language="en")
    spoken = hashed(await code_of(conn, floor))
    cursor = await conn.execute("SELECT txn_id FROM assisted_call WHERE call_id = %s", [call_id])
    row = await cursor.fetchone()
    assert row is not None
    with pytest.raises(InvalidOtp):
        await identity.confirm_otp(conn, floor, spoken, UUID(str(row[0])), address="10.0.0.1")


async def test_a_call_ends_by_itself_by_hand_and_when_the_next_begins(conn: Connection, floor: Floor) -> None:
    operator = await an_operator(conn, floor)
    _, first = await a_call(conn, floor, operator, mobile())
    now = floor.clock.now()
    later = replace(floor, clock=Clock(floor.clock.zone, lambda: now + timedelta(minutes=16)))
    with pytest.raises(identity.CallOver):
        await identity.on_behalf(conn, later, operator, first.call_id)
    _, second = await a_call(conn, floor, operator, mobile())
    with pytest.raises(identity.CallOver):
        await identity.on_behalf(conn, floor, operator, first.call_id)
    await identity.end_call(conn, floor, operator, second.call_id)
    with pytest.raises(identity.CallOver):
        await identity.on_behalf(conn, floor, operator, second.call_id)


async def test_an_operators_calls_and_bookings_are_metered(conn: Connection, floor: Floor) -> None:
    few = replace(
        floor,
        settings=floor.settings.model_copy(update={"assisted_calls_per_hour": 2, "assisted_bookings_per_hour": 1}),
    )
    operator = await an_operator(conn, few)
    for _ in range(2):
        await identity.begin_call(conn, few, operator, mobile(), language="en")
    with pytest.raises(identity.TooMuchAssistance):
        await identity.begin_call(conn, few, operator, mobile(), language="en")
    await identity.count_assisted_booking(conn, few, operator)
    with pytest.raises(identity.TooMuchAssistance):
        await identity.count_assisted_booking(conn, few, operator)


async def test_who_has_no_phone_shows_a_document_in_person(conn: Connection, floor: Floor) -> None:
    document = pan()
    known = await registry.register(
        conn,
        floor,
        citizen(account := await identity.open_account(conn, floor, mobile())),
        account,
        registration("Asha Kumari", 1950, document),
    )
    desk = await an_operator(conn, floor)
    helpline = await an_operator(conn, floor, frozenset({Permission.ASSIST_CALLERS}))
    shown = registration("asha kumari", 1950, document)
    with pytest.raises(NotPermitted):
        await identity.begin_visit(conn, floor, helpline, shown, language="en")
    visit = await identity.begin_visit(conn, floor, desk, shown, language="en")
    actor, _ = await identity.on_behalf(conn, floor, desk, visit.call_id)
    assert [one.reference_id for one in await registry.members(conn, floor, actor)] == [known.reference_id]

    for unfit in (replace(shown, birth_year=1951), replace(shown, name="Ravi Nair"), registration("Ravi Nair", 1980)):
        visit = await identity.begin_visit(conn, floor, desk, unfit, language="en")
        actor, _ = await identity.on_behalf(conn, floor, desk, visit.call_id)
        assert await registry.members(conn, floor, actor) == [], "what does not fit opens a household of its own"


async def test_the_texts_say_to_whom_a_code_may_be_told(floor: Floor) -> None:
    texts = notifications.read_texts(floor.pack, floor.country.default_language)
    for language in texts.by_language:
        said = texts.render(Template.OTP_SPOKEN, language, code="123456", minutes=3)
        assert "123456" in said
        assert "op-7" in texts.render(Template.ASSISTED, language, operator="op-7", date="31-05-2021", url="https://x")
    assert isinstance(identity.ASSISTED, Job)
