"""Talks by keypad: a USSD gateway's callback and SMS, as gateways send them; whole, resumed, doubled, wrong."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from opencowin.identity import PARTNER_PERMISSIONS
from opencowin.kit.actor import Permission
from opencowin.kit.db import run, transaction
from opencowin.talks import sheets_of
from tests.builders import a_session, mobile, new_key, pan
from tests.web.clinic import Clinic, a_home, booked, value
from tests.web.test_slot_alerts import ALERTS

pytestmark = pytest.mark.anyio
USSD, SMS = "/api/open/v1/talks/ussd", "/api/open/v1/talks/sms"
MISSED, VOICE = "/api/open/v1/talks/missed-call", "/api/open/v1/talks/voice"
VXML = "{http://www.w3.org/2001/vxml}"


@dataclass
class Handset:
    """A phone without internet, behind a gateway that sends all that was keyed in each time."""

    clinic: Clinic
    number: str
    session: str = field(default_factory=lambda: uuid4().hex)
    keyed: list[str] = field(default_factory=list)
    screen: str = ""

    async def dial(self) -> str:
        self.session, self.keyed = uuid4().hex, []
        return await self.send()

    async def send(self) -> str:
        form = {
            "sessionId": self.session,
            "phoneNumber": f"+91{self.number}",
            "serviceCode": "*99#",
            "text": "*".join(self.keyed),
        }
        answer = await self.clinic.platform.http.post(USSD, data=form, headers={"x-api-key": self.clinic.key})
        assert answer.status_code == 200, answer.text
        self.screen = answer.text
        assert len(self.screen) - 4 <= 160, self.screen
        return self.screen

    async def key(self, *answers: str) -> str:
        for one in answers:
            self.keyed.append(one)
            await self.send()
        return self.screen

    async def choose(self, words: str) -> str:
        """Key in the number that stands before these words, turning pages until they are seen."""
        for _ in range(20):
            found = re.search(rf"^(\d+) {words}", self.screen.removeprefix("CON "), re.MULTILINE)
            if found:
                return await self.key(found[1])
            assert "0 >>" in self.screen, (words, self.screen)
            await self.key("0")
        raise AssertionError(words)

    async def register(self, name: str) -> str:
        await self.key(name, "1950")
        await self.choose("Female")
        await self.choose("PAN")
        await self.key(pan())
        return await self.choose("Register")

    async def whole(self) -> str:
        """All pages of what is shown."""
        text = self.screen
        while "0 >>" in self.screen:
            text += "\n" + await self.key("0")
        return text


async def find_session(phone: Handset, clinic: Clinic) -> None:
    """The clinic's first session, by its postal code."""
    await phone.key(clinic.centre.pin_code)
    await phone.choose(rf".*{re.escape(clinic.centre.name)} \(")


async def test_a_newcomer_books_by_ussd_and_the_number_is_told(clinic: Clinic) -> None:
    phone = Handset(clinic, mobile())
    assert (await phone.dial()).startswith("CON 1 Find a slot")
    await phone.choose("Find a slot")
    assert "PIN code" in phone.screen
    await find_session(phone, clinic)
    assert "Choose a time" in phone.screen
    await phone.key("1")
    assert "Full name" in phone.screen
    await phone.register("Kamla Devi")
    assert "Kamla Devi" in phone.screen
    await phone.choose("Book now")
    said = await phone.whole()
    assert "Booked" in said
    assert phone.screen.startswith("END ")
    assert clinic.centre.name in await clinic.platform.sms(phone.number, containing="booked")
    begun = "SELECT count(*) FROM audit WHERE action = 'talks.begin' AND actor_kind = 'partner'"
    assert await value(clinic.platform, begun) >= 1


async def test_a_request_sent_again_is_answered_again_and_books_once(clinic: Clinic) -> None:
    home = await a_home(clinic.platform, 1)
    phone = Handset(clinic, home.mobile)
    await phone.dial()
    await phone.choose("Find a slot")
    await phone.key("1")
    await find_session(phone, clinic)
    await phone.key("1")
    done = await phone.choose("Book now")
    for _ in range(3):
        assert await phone.send() == done
    asha = (await clinic.platform.household(home.token))[home.first]
    assert len(asha["appointments"]) == 1, asha
    await phone.dial()
    await phone.choose("My people")
    assert (await phone.whole()).count("Asha Kumari:") == 1


async def test_a_session_that_was_cut_off_goes_on_where_it_was(clinic: Clinic) -> None:
    phone = Handset(clinic, mobile())
    await phone.dial()
    await phone.choose("Register a person")
    await phone.key("Kamla Devi")
    asked = phone.screen
    assert "Year of birth" in asked
    assert await phone.dial() == asked
    await phone.key("00")
    assert phone.screen.startswith("CON 1 Find a slot")


async def test_an_appointment_moves_and_is_cancelled_by_keypad(clinic: Clinic) -> None:
    home = await a_home(clinic.platform, 1)
    phone = Handset(clinic, home.mobile)
    for way in ("book", "move", "cancel"):
        await phone.dial()
        if way == "book":
            await phone.choose("Find a slot")
            await phone.key("1")
        else:
            await phone.choose("My people")
            await phone.choose("Asha Kumari: ")
            await phone.choose("Move" if way == "move" else "Cancel")
        if way == "cancel":
            await phone.choose("Cancel the appointment")
            assert "is cancelled" in phone.screen
            continue
        await find_session(phone, clinic)
        await phone.key("1" if way == "book" else "2")
        await phone.choose("Book now" if way == "book" else "Move the appointment")
        assert ("Booked" if way == "book" else "Moved") in phone.screen
    assert "cancelled" in await clinic.platform.sms(home.mobile, containing="cancelled")


async def test_wrong_answers_are_said_and_asked_again(clinic: Clinic) -> None:
    phone = Handset(clinic, mobile())
    await phone.dial()
    await phone.key("9")
    assert "Choose one of these." in phone.screen
    await phone.choose("Register a person")
    await phone.key("Kamla Devi", "50")
    assert "four digits" in await phone.whole()
    await phone.key("1950")
    await phone.choose("Female")
    await phone.choose("PAN")
    await phone.key("nonsense")
    await phone.choose("Register")
    assert "Number of the document" in await phone.whole()


async def test_everything_fits_its_page_in_every_script(clinic: Clinic) -> None:
    phone = Handset(clinic, mobile())
    await phone.dial()
    await phone.choose("Language")
    await phone.choose("हिन्दी")
    assert "स्लॉट" in phone.screen
    for one in (phone.screen, await phone.key("00", "1")):
        assert len(one.removeprefix("CON ").encode("utf-16-le")) <= 140, one
    long = "\n".join(["x" * 400, "नमस्ते " * 60, "😀" * 90])
    assert all(len(one.encode("utf-16-le")) <= 140 for one in sheets_of(long))
    assert all(len(one) <= 160 for one in sheets_of("word " * 200))


async def test_sms_keywords_talk_stop_and_are_heard_once(clinic: Clinic) -> None:
    home = await a_home(clinic.platform, 1)
    wish = {"district_id": clinic.centre.district_id}
    assert (await clinic.platform.post(ALERTS, wish, home.token)).status_code == 200

    async def say(text: str, number: str = home.mobile, message: str = "", form: bool = False) -> bool:
        said = {"from": number, "to": "56161", "text": text, "id": message or uuid4().hex}
        headers = {"x-api-key": clinic.key}
        if form:
            answer = await clinic.platform.http.post(SMS, headers=headers, data=said)
        else:
            answer = await clinic.platform.http.post(SMS, headers=headers, json=said)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["heard"])

    assert await say("status", message="m1")
    assert home.first in await clinic.platform.sms(home.mobile, containing="Doses")
    assert not await say("status", message="m1")
    assert await say(f"FIND {clinic.centre.pin_code}", form=True)
    assert "Asha Kumari" in await clinic.platform.sms(home.mobile, containing="For whom")
    assert await say("1", form=True)
    assert clinic.centre.name[:8] in await clinic.platform.sms(home.mobile, containing="Choose")
    assert await say("Madad!")
    assert "Find a slot" in await clinic.platform.sms(home.mobile, containing="Find a slot")
    assert await say("स्थिति")
    assert home.first in await clinic.platform.sms(home.mobile, containing="Doses")
    assert await say("रोको")
    await clinic.platform.sms(home.mobile, containing="The alert is ended")
    assert (await clinic.platform.get(ALERTS, home.token)).json() == []
    assert not await say("STOP", number="VM-COWIN")


async def test_a_missed_call_is_answered_by_sms_a_few_times_an_hour(clinic: Clinic) -> None:
    home = await a_home(clinic.platform, 1)

    async def ring(call: str, number: str = home.mobile) -> bool:
        told = {"id": call, "from": f"+91{number}", "to": "1800112233"}
        answer = await clinic.platform.http.post(MISSED, data=told, headers={"x-api-key": clinic.key})
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["heard"])

    assert await ring("c1")
    assert not await ring("c1"), "handed on twice it is heard once"
    assert "Find a slot" in await clinic.platform.sms(home.mobile, containing="Find a slot")
    await booked(clinic, home)
    answer = await clinic.platform.http.post(
        SMS, data={"from": home.mobile, "text": "STATUS", "id": uuid4().hex}, headers={"x-api-key": clinic.key}
    )
    assert answer.json()["heard"]
    assert await ring("c2")
    assert home.first in await clinic.platform.sms(home.mobile, containing="Asha Kumari"), "what was asked last"
    assert [await ring(f"more {at}") for at in range(3)] == [True, False, False]
    assert not await ring("c9", number="VM-COWIN")


@dataclass
class Caller:
    """Somebody who calls through a voice gateway, which follows each document as VoiceXML says."""

    clinic: Clinic
    number: str
    known: dict[str, str] = field(default_factory=dict)
    document: ET.Element = field(default_factory=lambda: ET.Element("none"))

    async def call(self) -> str:
        self.known = {"session": uuid4().hex, "caller": f"+91{self.number}"}
        return await self.submit()

    async def submit(self, **keyed: str) -> str:
        answer = await self.clinic.platform.http.post(
            VOICE, data={**self.known, **keyed}, headers={"x-api-key": self.clinic.key}
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/voicexml+xml")
        self.document = ET.fromstring(answer.content)
        assert self.document.tag == f"{VXML}vxml"
        self.known = {one.attrib["name"]: json.loads(one.attrib["expr"]) for one in self.document.iter(f"{VXML}var")}
        return self.heard

    @property
    def heard(self) -> str:
        """What is read out, a line a sentence."""
        return "\n".join("".join(one.itertext()) for one in self.document.iter(f"{VXML}s"))

    @property
    def over(self) -> bool:
        return self.document.find(f"{VXML}form/{VXML}field") is None

    async def press(self, digits: str) -> str:
        (submit,) = self.document.iter(f"{VXML}submit")
        assert submit.attrib["next"] == VOICE
        assert submit.attrib["namelist"].split() == [*self.known, "digits"]
        return await self.submit(digits=digits)

    async def choose(self, words: str) -> str:
        found = re.search(rf"^(\d+) {words}", self.heard, re.MULTILINE)
        assert found, (words, self.heard)
        return await self.press(found[1])


async def test_a_caller_books_by_voice_and_the_keys(clinic: Clinic) -> None:
    home = await a_home(clinic.platform, 1)
    caller = Caller(clinic, home.mobile)
    await caller.call()
    await caller.choose("Find a slot")
    await caller.choose("Asha Kumari")
    said = await caller.press(clinic.centre.pin_code)
    assert "0 >>" not in said, "it is read out whole"
    assert await caller.press("") == said, "who keys in nothing hears it again"
    await caller.choose(rf".*{re.escape(clinic.centre.name)} \(")
    await caller.choose(".*09:00")
    await caller.choose("Book now")
    assert "Booked" in caller.heard
    assert caller.over
    (appointment,) = (await clinic.platform.household(home.token))[home.first]["appointments"]
    assert appointment["slot"] == "09:00AM-11:00AM"
    assert home.first in "".join(one.text or "" for one in caller.document.iter(f"{VXML}say-as"))


async def test_who_calls_hears_the_own_language_and_registers_by_letters(clinic: Clinic) -> None:
    caller = Caller(clinic, mobile())
    await caller.call()
    await caller.choose("Register a person")
    assert caller.heard == "Registering needs letters: send REGISTER as an SMS."
    assert caller.over
    await caller.call()
    await caller.choose("Language")
    await caller.choose("हिन्दी")
    assert caller.document.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "hi-IN"
    assert "स्लॉट" in caller.heard
    heard = caller.heard
    assert await caller.press("letters & <tags>") == heard
    caller.known = {"session": "s", "caller": "12"}
    await caller.submit()
    assert caller.over


async def test_only_a_gateway_with_the_permission_talks(clinic: Clinic) -> None:
    form = {"sessionId": "s", "phoneNumber": mobile(), "serviceCode": "*99#", "text": ""}
    async with transaction(clinic.platform.pool) as conn:
        other = await new_key(conn, clinic.platform.floor, PARTNER_PERMISSIONS - {Permission.HOLD_TALKS})
    for headers in ({}, {"x-api-key": other}):
        for path, sent in ((USSD, form), (SMS, {"from": mobile(), "text": "HELP", "id": "1"})):
            answer = await clinic.platform.http.post(path, data=sent, headers=headers)
            assert answer.status_code in {401, 403}, answer.text
    stranger = await clinic.platform.http.post(
        USSD, data={**form, "phoneNumber": "12"}, headers={"x-api-key": clinic.key}
    )
    assert (stranger.status_code, stranger.text[:4]) == (200, "END ")
    broken = await clinic.platform.http.post(SMS, content=b"[1]", headers={"x-api-key": clinic.key})
    assert broken.json()["errorCode"] == "TALK0003"


async def test_a_seat_that_went_meanwhile_is_said_and_another_is_offered(clinic: Clinic) -> None:
    few = await clinic.platform.publish(a_session(clinic.centre, clinic.platform.day(1), doses=1, seats=1))
    home, other = await a_home(clinic.platform, 1), await a_home(clinic.platform, 1)
    phone = Handset(clinic, home.mobile)
    await phone.dial()
    await phone.choose("Find a slot")
    await phone.key("1")
    await phone.key(clinic.centre.pin_code)
    await phone.choose(rf".*{re.escape(clinic.centre.name)} \(1\)")
    await phone.key("1")
    assert "Book now" in await phone.whole()
    await booked(clinic, other, session_id=few)
    await phone.key("1")
    said = await phone.whole()
    assert "Booked" not in said
    assert "Choose another slot" in said
    assert (await clinic.platform.household(home.token))[home.first]["appointments"] == []


async def test_after_a_rest_a_late_answer_begins_anew(clinic: Clinic) -> None:
    phone = Handset(clinic, mobile())
    await phone.dial()
    await phone.choose("Register a person")
    async with transaction(clinic.platform.pool) as conn:
        await run(conn, "UPDATE talk SET seen_at = seen_at - interval '16 minutes'")
    assert (await phone.key("0")).startswith("CON 1 Find a slot")


async def test_machines_that_answer_each_other_are_left_alone_and_stop_is_still_heard(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opencowin.talks.hearing.MOST_ANSWERS", 2)
    home, headers = await a_home(clinic.platform, 1), {"x-api-key": clinic.key}
    wish = {"district_id": clinic.centre.district_id}
    assert (await clinic.platform.post(ALERTS, wish, home.token)).status_code == 200
    heard = []
    for text in ("Out of office", "Out of office", "Out of office", "STOP"):
        said = {"from": home.mobile, "text": text, "id": uuid4().hex}
        answer = await clinic.platform.http.post(SMS, headers=headers, json=said)
        heard.append(answer.json()["heard"])
    assert heard == [True, True, False, False]
    assert (await clinic.platform.get(ALERTS, home.token)).json() == []
