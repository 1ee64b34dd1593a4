"""A grandmother's story: she books by keypad on the family's old handset, and her grandson sees it on his."""

import pytest

from tests.builders import a_centre, a_partner_key, a_session, pan, stock_up
from tests.surface import Calendar, Surface
from tests.web.clinic import Clinic, a_home
from tests.web.test_talks import Handset

pytestmark = pytest.mark.anyio


async def given_a_centre_with_a_session_tomorrow(platform: Surface) -> Clinic:
    centre = await a_centre(platform.pool, platform.floor)
    await stock_up(platform.pool, platform.floor, centre, "COVISHIELD", doses=100)
    tomorrow = await platform.publish(a_session(centre, platform.day(1), doses=50))
    return Clinic(platform, centre, "", tomorrow, await a_partner_key(platform.pool, platform.floor))


async def when_the_grandmother_books_by_ussd(clinic: Clinic, phone: Handset) -> None:
    await phone.dial()
    await phone.choose("Find a slot")
    await phone.choose("Kamla Devi")
    await phone.key(clinic.centre.pin_code)
    await phone.key("1")
    await phone.key("1")
    await phone.choose("Book now")
    assert "Booked" in await phone.whole()
    assert phone.screen.startswith("END ")


async def test_a_grandmother_books_by_ussd_and_her_grandson_is_told(platform: Surface, calendar: Calendar) -> None:
    clinic = await given_a_centre_with_a_session_tomorrow(platform)
    grandson = await a_home(platform, 0)
    grandmother = await platform.register(grandson.token, "Kamla Devi", 1950, pan())
    phone = Handset(clinic, grandson.mobile)

    await when_the_grandmother_books_by_ussd(clinic, phone)

    text = await platform.sms(grandson.mobile, containing="booked")
    assert grandmother in text.replace(" ", "")
    assert clinic.centre.name in text
    (appointment,) = (await platform.household(grandson.token))[grandmother]["appointments"]
    assert appointment["session_id"] == clinic.tomorrow

    calendar.let_days_pass(1)
    given = await clinic.vaccinate(grandmother)
    assert given.status_code == 200, given.text
    await phone.dial()
    await phone.choose("Certificates")
    assert grandmother in await phone.whole()
