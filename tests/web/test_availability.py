"""Finding a session: dates as clients write them, capacities that follow bookings at once, answers that can be kept."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from opencowin.kit.actor import Permission
from tests.builders import a_session
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, a_key, book, booked, dmy, open_clinic, refused

pytestmark = pytest.mark.anyio

SESSIONS = "/v2/appointment/sessions"


async def by_district(clinic: Clinic, kind: str, day: str, **query: Any) -> httpx.Response:
    path = f"{SESSIONS}/public/{kind}ByDistrict"
    return await clinic.platform.get(path, district_id=clinic.centre.district_id, date=day, **query)


async def found_here(clinic: Clinic, ahead: int = 1, **query: Any) -> dict[str, Any]:
    """What findByDistrict tells of this centre: sessions by id."""
    answer = await by_district(clinic, "find", dmy(clinic.platform.day(ahead)), **query)
    assert answer.status_code == 200, answer.text
    rows = answer.json()["sessions"]
    return {one["session_id"]: one for one in rows if one["center_id"] == clinic.centre.centre_id}


@pytest.mark.parametrize("form", ["%d-%m-%Y", "%d-%m-%y", "{0.day}-{0.month}-%Y", " %d-%m-%Y ", "%d/%m/%Y", "%d@%m@%y"])
async def test_dates_are_read_as_clients_write_them(clinic: Clinic, form: str) -> None:
    day = clinic.platform.day(1)
    answer = await by_district(clinic, "find", day.strftime(form.format(day)))
    assert clinic.tomorrow in {one["session_id"] for one in answer.json()["sessions"]}


@pytest.mark.parametrize(
    "wrong",
    ["", "31-02-2026", "2026-07-05", "05/07-2026", "05 07 2026", "07/25/2026", "tomorrow", "00-00-0000", "५-७-२०२६"],
)
async def test_a_bad_date_is_refused(clinic: Clinic, wrong: str) -> None:
    body = refused(await by_district(clinic, "calendar", wrong), 400, "USRRES0002")
    assert body["field"] == "date"


@pytest.mark.parametrize("day", ["31-12-9999", "01-01-0001", "28-12-9999"])
async def test_a_day_at_the_end_of_time_has_no_sessions(clinic: Clinic, day: str) -> None:
    assert (await by_district(clinic, "calendar", day)).json()["centers"] == []
    assert (await by_district(clinic, "find", day)).json()["sessions"] == []


@pytest.mark.parametrize(
    ("kind", "query", "missing"),
    [
        ("findByPin", {"date": "05-07-2026"}, "pincode"),
        ("findByPin", {"pincode": "110001"}, "date"),
        ("findByDistrict", {"date": "05-07-2026"}, "district_id"),
        ("calendarByCenter", {"date": "05-07-2026"}, "center_id"),
    ],
)
async def test_a_missing_parameter_is_named(platform: Surface, kind: str, query: dict[str, str], missing: str) -> None:
    body = refused(await platform.get(f"{SESSIONS}/public/{kind}", **query), 400, "USRRES0001")
    assert body["error"].startswith("Input parameter missing")
    assert body["field"] == missing


@pytest.mark.parametrize("pin", ["", "12345", "011001", "1100011", "abcdef", "11000\x00", "1100O1"])
async def test_a_bad_pin_code_is_refused(platform: Surface, pin: str) -> None:
    for kind in ("find", "calendar"):
        answer = await platform.get(f"{SESSIONS}/public/{kind}ByPin", pincode=pin, date="05-07-2026")
        refused(answer, 400, "APPOIN0018")


@pytest.mark.parametrize("district", ["", "x", "-1", "99999999999", "²"])
async def test_a_bad_district_is_refused(platform: Surface, district: str) -> None:
    answer = await platform.get(f"{SESSIONS}/public/findByDistrict", district_id=district, date="05-07-2026")
    assert refused(answer, 400, "APPOIN0017")["field"] == "district_id"


@pytest.mark.parametrize("centre", ["999999999", "0", "x", "99999999999999", "-1"])
async def test_an_unknown_centre_is_refused(platform: Surface, centre: str) -> None:
    answer = await platform.get(f"{SESSIONS}/public/calendarByCenter", center_id=centre, date="05-07-2026")
    body = refused(answer, 400, "APPOIN0006")
    assert body["error"].startswith("Could not find any center for provided centerid")


async def test_a_centre_without_sessions_is_an_empty_object_and_a_place_without_centres_an_empty_list(
    clinic: Clinic,
) -> None:
    far = dmy(clinic.platform.day(50))
    path = f"{SESSIONS}/public/calendarByCenter"
    one = await clinic.platform.get(path, center_id=clinic.centre.centre_id, date=far)
    assert one.json()["centers"] == {}
    assert (await by_district(clinic, "calendar", far)).json()["centers"] == []
    assert (await by_district(clinic, "find", far)).json()["sessions"] == []


async def test_a_calendar_shows_the_centre_as_clients_know_it(clinic: Clinic) -> None:
    path, day = f"{SESSIONS}/public/calendarByCenter", dmy(clinic.platform.day())
    centre = (await clinic.platform.get(path, center_id=clinic.centre.centre_id, date=day)).json()["centers"]
    assert isinstance(centre["pincode"], int)
    assert type(centre["lat"]) is type(centre["long"]) is int, "typed clients decode an integer"
    assert (centre["from"], centre["to"], centre["fee_type"]) == ("09:00:00", "17:00:00", "Free")
    session = centre["sessions"][0]
    assert session["slots"] == ["09:00AM-11:00AM", "11:00AM-01:00PM", "10:00PM-11:30PM"]
    assert (session["min_age_limit"], session["allow_all_age"], session["vaccine"]) == (18, True, "COVISHIELD")
    assert "max_age_limit" not in session


async def test_a_booking_takes_one_seat_of_its_dose_at_once(clinic: Clinic) -> None:
    before = (await clinic.sessions())[clinic.tomorrow]
    await booked(clinic, await a_home(clinic.platform))
    after = (await clinic.sessions())[clinic.tomorrow]
    assert after["available_capacity_dose1"] == before["available_capacity_dose1"] - 1 == 49
    assert after["available_capacity"] == before["available_capacity"] - 1 == 49
    found = (await found_here(clinic))[clinic.tomorrow]
    assert {key: found[key] for key in after} == after


async def test_capacity_is_seats_by_dose_and_never_more_than_the_doses(platform: Surface) -> None:
    clinic = await open_clinic(platform, seats=2, doses=5)
    home = await a_home(platform, 2)
    before = (await clinic.sessions())[clinic.tomorrow]
    assert [before[key] for key in ("available_capacity", "available_capacity_dose1", "available_capacity_dose2")] == [
        5,
        5,
        5,
    ]
    await booked(clinic, home)
    after = (await clinic.sessions())[clinic.tomorrow]
    assert (after["available_capacity"], after["available_capacity_dose1"]) == (3, 3)
    full = await book(clinic, await a_home(platform))
    body = refused(full, 409, "APPOIN0040")
    assert body["error"].startswith("This vaccination center is completely booked")


async def test_a_find_leaves_out_what_is_full_and_a_calendar_does_not(platform: Surface) -> None:
    clinic = await open_clinic(platform, seats=1, doses=1)
    assert clinic.tomorrow in await found_here(clinic)
    await booked(clinic, await a_home(platform))
    assert clinic.tomorrow not in await found_here(clinic)
    assert (await clinic.sessions())[clinic.tomorrow]["available_capacity"] == 0


async def test_a_vaccine_narrows_and_an_empty_one_does_not(clinic: Clinic) -> None:
    everything = await clinic.sessions()
    assert await clinic.sessions("covishield") == await clinic.sessions("") == everything
    assert await clinic.sessions("COVAXIN") == {}


async def test_age_bands_and_fees_are_written_as_clients_read_them(platform: Surface) -> None:
    clinic = await open_clinic(platform, paid=True)
    plain = a_session(clinic.centre, platform.day(2), doses=10)
    closed = await platform.publish(replace(plain, max_age=44, fee=Decimal("780.00")))
    elder = await platform.publish(replace(plain, min_age=45, fee=Decimal("779.50")))
    found = await found_here(clinic, ahead=2)
    assert (found[closed]["min_age_limit"], found[closed]["max_age_limit"]) == (18, 44)
    assert found[closed]["allow_all_age"] is found[elder]["allow_all_age"] is False
    assert found[elder]["min_age_limit"] == 45
    assert "max_age_limit" not in found[elder]
    assert (found[closed]["fee"], found[elder]["fee"], found[closed]["fee_type"]) == ("780", "779.50", "Paid")
    free = await found_here(await open_clinic(platform), ahead=1)
    assert {(one["fee"], one["fee_type"]) for one in free.values()} == {("0", "Free")}


async def test_an_answer_is_304_until_a_seat_is_taken(clinic: Clinic) -> None:
    path, day = f"{SESSIONS}/public/calendarByCenter", dmy(clinic.platform.day())
    where: dict[str, Any] = {"center_id": clinic.centre.centre_id, "date": day}
    tag = (await clinic.platform.get(path, **where)).headers["etag"]
    for known in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
        kept = await clinic.platform.http.get("/api" + path, params=where, headers={"if-none-match": known})
        assert (kept.status_code, kept.content, kept.headers["etag"]) == (304, b"", tag)
    await booked(clinic, await a_home(clinic.platform))
    changed = await clinic.platform.http.get("/api" + path, params=where, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_an_answer_says_as_of_when(clinic: Clinic) -> None:
    answer = await by_district(clinic, "calendar", dmy(clinic.platform.day()))
    as_of = datetime.fromisoformat(answer.json()["as_of"])
    assert as_of.utcoffset() == clinic.platform.floor.clock.local(as_of).utcoffset()
    assert abs((clinic.platform.floor.clock.now() - as_of).total_seconds()) < 5


@pytest.mark.parametrize("language", ["hi_IN", "ta_IN", "ur_IN"])
async def test_names_of_the_language_stand_beside_the_english(clinic: Clinic, language: str) -> None:
    day = dmy(clinic.platform.day(1))
    where: dict[str, Any] = {"district_id": clinic.centre.district_id, "date": day}
    plain = (await by_district(clinic, "find", day)).json()["sessions"]
    path = f"/api{SESSIONS}/public/findByDistrict"
    hindi = (await clinic.platform.http.get(path, params=where, headers={"accept-language": language})).json()
    assert not [key for row in plain for key in row if key.endswith("_l")]
    both = next(row for row in hindi["sessions"] if row["session_id"] == clinic.tomorrow)
    assert both["state_name"].isascii()
    assert not both["state_name_l"].isascii()


async def test_protected_twins_take_a_token_or_a_key_and_nothing_less(clinic: Clinic) -> None:
    day, centre = dmy(clinic.platform.day()), clinic.centre
    twins: dict[str, dict[str, Any]] = {
        "findByPin": {"pincode": centre.pin_code},
        "findByDistrict": {"district_id": centre.district_id},
        "calendarByPin": {"pincode": centre.pin_code},
        "calendarByDistrict": {"district_id": centre.district_id},
        "calendarByCenter": {"center_id": centre.centre_id},
    }
    home, key = await a_home(clinic.platform), await a_key(clinic.platform, Permission.SEARCH_SESSIONS)
    for name, where in twins.items():
        query = {**where, "date": day}
        public = (await clinic.platform.get(f"{SESSIONS}/public/{name}", **query)).headers["etag"]
        refused(await clinic.platform.get(f"{SESSIONS}/{name}", **query), 401, "USRAUT0031")
        signed_in = await clinic.platform.get(f"{SESSIONS}/{name}", home.token, **query)
        partner = await clinic.platform.partner("GET", f"{SESSIONS}/{name}", key, params=query)
        assert signed_in.headers["etag"] == partner.headers["etag"] == public


async def test_the_portals_search_counter_answers_nothing(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    counted = await clinic.platform.get(f"{SESSIONS}/search", home.token, district_id=1)
    assert (counted.status_code, counted.content) == (204, b"")


async def test_centres_near_a_position_are_found_with_numbers_as_text(clinic: Clinic) -> None:
    path, centre = "/v2/appointment/centers/public/findByLatLong", clinic.centre
    answer = await clinic.platform.get(path, lat=centre.latitude, long=centre.longitude)
    found = {one["center_id"]: one for one in answer.json()["centers"]}
    assert found
    near = await clinic.platform.get(path, lat=int(centre.latitude), long=int(centre.longitude))
    assert near.json()["centers"], "a position in whole degrees, as calendars tell it, finds centres too"
    assert all(isinstance(one[key], str) for one in found.values() for key in ("lat", "long", "pincode"))
    for wrong, field in (({"lat": "91", "long": "0"}, "lat"), ({"lat": "0", "long": "x"}, "long")):
        assert refused(await clinic.platform.get(path, **wrong), 400, "APPOIN0019")["field"] == field
    refused(await clinic.platform.get(path, lat="nan", long="inf"), 400, "APPOIN0019")


async def test_slots_that_have_begun_offer_nothing(clinic: Clinic) -> None:
    new = a_session(clinic.centre, clinic.platform.day(), doses=50)
    slots = (replace(new.slots[0], starts_at=time(6), ends_at=time(8)), *new.slots[1:])
    session = await clinic.platform.publish(replace(new, slots=slots))
    home = await a_home(clinic.platform)
    refused(await book(clinic, home, session_id=session, slot="06:00AM-08:00AM"), 409, "APPOIN0053")
    assert (await clinic.sessions())[session]["available_capacity_dose1"] == 40


async def test_a_session_that_opens_later_says_when_and_offers_nothing_before(clinic: Clinic) -> None:
    opens = (clinic.platform.floor.clock.now() + timedelta(minutes=30)).replace(microsecond=0)
    new = replace(a_session(clinic.centre, clinic.platform.day()), bookable_from=opens)
    session = await clinic.platform.publish(new)
    shown = (await clinic.sessions())[session]
    assert datetime.fromisoformat(shown["bookable_from"]) == opens
    assert (shown["available_capacity"], shown["available_capacity_dose1"]) == (0, 0)
    assert session not in await found_here(clinic, 0)
    refused(await book(clinic, await a_home(clinic.platform), session_id=session), 409, "APPOIN0065")
    page = await clinic.platform.http.get(f"/slots/{session}?lang=en", headers={"Accept": "text/html"})
    assert "Booking opens: " in page.text
    searched = f"/find?district_id={clinic.centre.district_id}&lang=en&page="
    pages = [await clinic.platform.http.get(f"{searched}{at}", headers={"Accept": "text/html"}) for at in range(1, 9)]
    listed = [part for found in pages for part in found.text.split("<li") if "Booking opens: " in part]
    assert len(listed) == 1
    assert "href" not in listed[0]
