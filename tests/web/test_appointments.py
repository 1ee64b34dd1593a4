"""Appointments: all or nothing, once for each request, and only one's own."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.builders import a_session
from tests.papers import read_qr_codes
from tests.web.clinic import (
    EVENING,
    MORNING,
    NOBODY,
    NOON,
    Clinic,
    Home,
    a_home,
    book,
    booked,
    dmy,
    open_clinic,
    refused,
)

pytestmark = pytest.mark.anyio

CANCEL, MOVE = "/v2/appointment/cancel", "/v2/appointment/reschedule"
SLIP = "/v2/appointment/appointmentslip/download"


async def of(clinic: Clinic, home: Home) -> dict[str, list[str]]:
    """The live appointments of each member, by number."""
    household = await clinic.platform.household(home.token)
    return {who: [one["appointment_id"] for one in member["appointments"]] for who, member in household.items()}


async def seats(clinic: Clinic) -> int:
    return int((await clinic.sessions())[clinic.tomorrow]["available_capacity"])


async def test_a_booking_answers_under_both_names_and_stands_in_the_household(clinic: Clinic) -> None:
    home = await a_home(clinic.platform, 2)
    answer = (await book(clinic, home, center_id=clinic.centre.centre_id, captcha="AbC12")).json()
    assert answer["appointment_confirmation_no"] == answer["appointment_id"]
    assert await of(clinic, home) == {who: [answer["appointment_id"]] for who in home.members}
    member = (await clinic.platform.household(home.token))[home.first]
    shown = member["appointments"][0]
    assert (shown["session_id"], shown["slot"], shown["dose"]) == (clinic.tomorrow, MORNING, 1)
    assert (shown["date"], shown["center_id"]) == (dmy(clinic.platform.day(1)), clinic.centre.centre_id)
    assert shown["pincode"] == clinic.centre.pin_code
    assert member["vaccine"] == ""


async def test_the_same_request_again_answers_the_same_without_a_key(clinic: Clinic) -> None:
    home, before = await a_home(clinic.platform), await seats(clinic)
    assert await booked(clinic, home) == await booked(clinic, home)
    assert await seats(clinic) == before - 1


async def test_a_key_books_once_and_answers_the_same_even_after_the_cancellation(clinic: Clinic) -> None:
    home, before, headers = await a_home(clinic.platform), await seats(clinic), {"Idempotency-Key": str(uuid4())}
    first = await booked(clinic, home, headers=headers)
    assert await booked(clinic, home, headers=headers) == first
    assert (await clinic.platform.post(CANCEL, {"appointment_id": first}, home.token)).status_code == 204
    assert await booked(clinic, home, headers=headers) == first
    assert await of(clinic, home) == {home.first: []}
    assert await seats(clinic) == before


async def test_a_key_is_for_one_request(clinic: Clinic) -> None:
    home, headers = await a_home(clinic.platform, 2), {"Idempotency-Key": "k1"}
    await booked(clinic, home, home.first, headers=headers)
    refused(await book(clinic, home, home.first, slot=NOON, headers=headers), 409, "APPOIN0057")
    refused(await book(clinic, home, *home.members, headers=headers), 409, "APPOIN0057")
    other = await a_home(clinic.platform)
    assert await booked(clinic, other, headers=headers)


@pytest.mark.parametrize("key", ["", "x" * 201, "two words", "\x7f"])
async def test_a_key_that_is_none_is_refused(clinic: Clinic, key: str) -> None:
    home = await a_home(clinic.platform)
    refused(await book(clinic, home, headers={"Idempotency-Key": key}), 400, "USRRES0001")


async def test_a_group_is_booked_all_or_nothing(clinic: Clinic) -> None:
    small = await open_clinic(clinic.platform, seats=1, doses=50)
    home = await a_home(clinic.platform, 2)
    refused(await book(small, home), 409, "APPOIN0040")
    await booked(clinic, home, home.members[1])
    refused(await book(small, home), 409, "APPOIN0040")
    assert await of(clinic, home) == {home.first: [], home.members[1]: (await of(clinic, home))[home.members[1]]}
    before = await seats(clinic)
    refused(await book(clinic, home, slot=NOON), 409, "APPOIN0022")
    assert await seats(clinic) == before


async def test_a_stranger_in_the_group_spoils_it(clinic: Clinic) -> None:
    home, stranger = await a_home(clinic.platform), await a_home(clinic.platform)
    for other in (stranger.first, NOBODY):
        refused(await book(clinic, home, home.first, other), 400, "APPOIN0001")
    assert await of(clinic, home) == {home.first: []}


async def test_a_move_keeps_the_number_and_gives_the_old_seat_back(clinic: Clinic) -> None:
    home, before = await a_home(clinic.platform, 2), await seats(clinic)
    number = await booked(clinic, home)
    body = {"appointment_id": number, "session_id": clinic.today, "slot": EVENING}
    moved = await clinic.platform.post(MOVE, body, home.token)
    assert (moved.status_code, moved.content) == (204, b"")
    assert await of(clinic, home) == {who: [number] for who in home.members}
    assert await seats(clinic) == before
    household = await clinic.platform.household(home.token)
    assert {one["appointments"][0]["slot"] for one in household.values()} == {EVENING}


async def test_a_move_to_a_full_slot_leaves_everything_as_it_was(clinic: Clinic) -> None:
    small = await open_clinic(clinic.platform, seats=1, doses=1)
    await booked(small, await a_home(clinic.platform))
    home = await a_home(clinic.platform)
    number = await booked(clinic, home)
    body = {"appointment_id": number, "session_id": small.tomorrow, "slot": MORNING}
    refused(await clinic.platform.post(MOVE, body, home.token), 409, "APPOIN0040")
    assert await of(clinic, home) == {home.first: [number]}


async def test_a_part_of_a_group_can_be_cancelled_and_then_the_rest(clinic: Clinic) -> None:
    home, before = await a_home(clinic.platform, 3), await seats(clinic)
    number = await booked(clinic, home)
    body = {"appointment_id": number, "beneficiariesToCancel": [int(home.first)]}
    part = await clinic.platform.post(CANCEL, body, home.token)
    assert (part.status_code, part.content) == (204, b"")
    assert await of(clinic, home) == {home.first: [], home.members[1]: [number], home.members[2]: [number]}
    refused(await clinic.platform.post(CANCEL, body, home.token), 409, "APPOIN0060")
    assert (await clinic.platform.post(CANCEL, {"appointment_id": number}, home.token)).status_code == 204
    assert await of(clinic, home) == {who: [] for who in home.members}
    assert await seats(clinic) == before


async def test_an_empty_list_cancels_nobody(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    number = await booked(clinic, home)
    body = {"appointment_id": number, "beneficiariesToCancel": []}
    refused(await clinic.platform.post(CANCEL, body, home.token), 400, "APPOIN0059")
    assert await of(clinic, home) == {home.first: [number]}


async def test_another_account_can_do_nothing_with_a_booking(clinic: Clinic) -> None:
    home, stranger = await a_home(clinic.platform), await a_home(clinic.platform)
    number = await booked(clinic, home)
    move = {"appointment_id": number, "session_id": clinic.tomorrow, "slot": NOON}
    for path, body in ((CANCEL, {"appointment_id": number}), (MOVE, move)):
        theirs = refused(await clinic.platform.post(path, body, stranger.token), 400, "APPOIN0058")
        nobodys = await clinic.platform.post(path, {**body, "appointment_id": str(uuid4())}, stranger.token)
        assert theirs == nobodys.json()
    named = {"appointment_id": number, "beneficiariesToCancel": [home.first]}
    refused(await clinic.platform.post(CANCEL, named, stranger.token), 400, "APPOIN0001")
    refused(await clinic.platform.get(SLIP, stranger.token, appointment_id=number), 400, "APPOIN0058")
    assert await of(clinic, home) == {home.first: [number]}


async def test_a_session_that_is_not_there_or_not_there_is_refused(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    refused(await book(clinic, home, session_id=str(uuid4())), 400, "APPOIN0051")
    refused(await book(clinic, home, slot="08:00AM-09:00AM"), 400, "APPOIN0015")
    refused(await book(clinic, home, slot="\x00"), 400, "APPOIN0015")
    refused(await book(clinic, home, center_id=clinic.centre.centre_id + 1), 400, "APPOIN0055")
    refused(await book(clinic, home, beneficiaries=[]), 400, "USRRES0001")
    refused(await book(clinic, home, dose=0), 400, "USRRES0001")


async def test_who_may_not_have_it_is_told_why_and_from_when(clinic: Clinic) -> None:
    platform, this_year = clinic.platform, clinic.platform.day().year
    child = await a_home(platform, born=this_year - 10)
    assert "18" in refused(await book(clinic, child), 400, "ELIGIB0011")["error"]
    home = await a_home(platform)
    refused(await book(clinic, home, dose=2), 400, "ELIGIB0009")
    first = platform.day(-10)
    assert (await clinic.vaccinate(home.first, on=first)).status_code == 200
    body = refused(await book(clinic, home, dose=2), 400, "ELIGIB0017")
    assert dmy(first + timedelta(days=84)) in body["error"]
    again = refused(await book(clinic, home, dose=1), 400, "ELIGIB0007")
    assert "Dose 2 is next" in again["error"]


async def test_a_session_further_ahead_than_bookings_open_is_refused(clinic: Clinic) -> None:
    days = clinic.platform.floor.settings.booking_days_ahead
    new = a_session(clinic.centre, clinic.platform.day(days + 1), doses=5)
    session = await clinic.platform.publish(new)
    refused(await book(clinic, await a_home(clinic.platform), session_id=session), 400, "APPOIN0054")


async def test_the_slip_is_a_pdf_whose_code_names_the_booking_and_no_person(clinic: Clinic) -> None:
    home = await a_home(clinic.platform, 2)
    number = await booked(clinic, home)
    slip = await clinic.platform.get(SLIP, home.token, appointment_id=number)
    assert (slip.headers["content-type"], slip.headers["cache-control"]) == ("application/pdf", "no-store")
    (code,) = read_qr_codes(slip.content)
    assert number in code
    assert all(reference in code for reference in home.members)
    assert "Asha" not in code


async def test_a_booking_cancels_and_moves_tell_the_phone(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    number = await booked(clinic, home)
    assert clinic.centre.name in await clinic.platform.sms(home.mobile, containing="is booked")
    move = {"appointment_id": number, "session_id": clinic.tomorrow, "slot": NOON}
    assert (await clinic.platform.post(MOVE, move, home.token)).status_code == 204
    assert NOON in await clinic.platform.sms(home.mobile, containing="has moved")
    assert (await clinic.platform.post(CANCEL, {"appointment_id": number}, home.token)).status_code == 204
    assert home.first in await clinic.platform.sms(home.mobile, containing="cancelled")
