"""A poor line: the gateway calls twice, out of order and too late, and the network cuts each session after two keys."""

import asyncio
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from tests.journeys.test_a_grandmother import given_a_centre_with_a_session_the_day_after_tomorrow
from tests.surface import Surface
from tests.web.clinic import a_home
from tests.web.test_talks import USSD, VXML, Caller, Handset

pytestmark = pytest.mark.anyio
CUT_AFTER = 2


@dataclass
class PoorLine(Handset):
    """A handset behind an aggregator that repeats its callbacks, mixes them up, and loses the line."""

    late: list[dict[str, str]] = field(default_factory=list)
    """Callbacks that it will make again when nobody expects them any more."""
    cuts: int = 0

    async def send(self) -> str:
        form = {
            "sessionId": self.session,
            "phoneNumber": f"+91{self.number}",
            "networkCode": "40445",
            "serviceCode": "*99#",
            "text": "*".join(self.keyed),
        }
        self.late.append(form)
        answers = await asyncio.gather(*(self._call(form) for _ in range(3)))
        assert len(set(answers)) == 1, "callbacks at one instant are answered alike"
        self.screen = answers[0]
        if len(self.keyed) > 1:
            older = {**form, "text": "*".join(self.keyed[:-1])}
            assert await self._call(older) == self.screen, "what comes late is answered as it stands"
        return self.screen

    async def key(self, *answers: str) -> str:
        for one in answers:
            await super().key(one)
            if len(self.keyed) >= CUT_AFTER and self.screen.startswith("CON "):
                shown, self.cuts = self.screen, self.cuts + 1
                assert await self.dial() == shown, "who dials again goes on where the line was lost"
        return self.screen

    async def everything_again(self) -> None:
        """All that it ever called, in the opposite order."""
        for form in reversed(self.late):
            await self._call(form)

    async def _call(self, form: dict[str, str]) -> str:
        answer = await self.clinic.platform.http.post(USSD, data=form, headers={"x-api-key": self.clinic.key})
        assert answer.status_code == 200, answer.text
        assert answer.text[:4] in {"CON ", "END "}
        return answer.text


async def when_booked(phone: Handset) -> None:
    await phone.dial()
    await phone.choose("Find a slot")
    await phone.choose("Asha Kumari")
    await phone.key(phone.clinic.centre.pin_code)
    await phone.choose(rf".*{re.escape(phone.clinic.centre.name)} \(")
    await phone.key("1")
    await phone.choose("Book now")
    assert "Booked" in phone.screen


async def test_a_booking_over_a_poor_line_is_one_booking_and_stays_one(platform: Surface) -> None:
    clinic = await given_a_centre_with_a_session_the_day_after_tomorrow(platform)
    home = await a_home(platform, 1)
    phone = PoorLine(clinic, home.mobile)

    await when_booked(phone)
    assert phone.cuts >= 2
    (first,) = (await platform.household(home.token))[home.first]["appointments"]
    await phone.everything_again()
    assert (await platform.household(home.token))[home.first]["appointments"] == [first]


async def test_a_cancellation_that_is_told_again_after_a_new_booking_cancels_nothing(platform: Surface) -> None:
    clinic = await given_a_centre_with_a_session_the_day_after_tomorrow(platform)
    home = await a_home(platform, 1)
    phone, cancelling = Handset(clinic, home.mobile), Handset(clinic, home.mobile)
    await when_booked(phone)
    await cancelling.dial()
    await cancelling.choose("My people")
    await cancelling.choose("Asha Kumari: ")
    await cancelling.choose("Cancel")
    await cancelling.choose("Cancel the appointment")
    assert (await platform.household(home.token))[home.first]["appointments"] == []
    await when_booked(phone)
    (second,) = (await platform.household(home.token))[home.first]["appointments"]

    await cancelling.send()

    assert (await platform.household(home.token))[home.first]["appointments"] == [second]


async def test_sessions_of_two_phones_may_have_one_name(platform: Surface) -> None:
    clinic = await given_a_centre_with_a_session_the_day_after_tomorrow(platform)
    phones = [Handset(clinic, (await a_home(platform, 1)).mobile, session="1") for _ in range(2)]
    for phone in phones:
        assert (await phone.send()).startswith("CON 1 ")
        await phone.key("1")
    assert phones[0].screen.split("\n")[0] == phones[1].screen.split("\n")[0]


CHILDREN = {
    "vxml": {"property", "var", "form"},
    "form": {"block", "field"},
    "block": {"prompt", "disconnect"},
    "field": {"prompt", "noinput", "nomatch", "filled"},
    "noinput": {"reprompt", "disconnect"},
    "nomatch": {"reprompt"},
    "filled": {"submit"},
    "prompt": {"s"},
    "s": {"say-as"},
}
"""What VoiceXML 2.1 and SSML 1.0 allow within what, of the elements that we use; nothing is within the others."""
ATTRIBUTES = {
    "vxml": {"version", "{http://www.w3.org/XML/1998/namespace}lang"},
    "property": {"name", "value"},
    "var": {"name", "expr"},
    "field": {"name", "type"},
    "noinput": {"count"},
    "submit": {"next", "method", "namelist"},
    "say-as": {"interpret-as"},
}
REQUIRED = {
    "vxml": {"version"},
    "property": {"name", "value"},
    "var": {"name"},
    "submit": {"next"},
    "say-as": {"interpret-as"},
}
WITH_TEXT = {"s", "say-as"}


def judge(document: ET.Element) -> None:
    """Refuse what a strict interpreter would: elements and attributes out of place, text where none may be, variables
    that are submitted and not declared."""
    for element in document.iter():
        name, given = element.tag.removeprefix(VXML), set(element.attrib)
        assert element.tag.startswith(VXML), element.tag
        inner = {one.tag.removeprefix(VXML) for one in element}
        assert inner <= CHILDREN.get(name, set()), (name, inner)
        assert REQUIRED.get(name, set()) <= given <= ATTRIBUTES.get(name, set()), (name, given)
        texts = [element.text, *(one.tail for one in element)]
        assert name in WITH_TEXT or not any((text or "").strip() for text in texts), (name, texts)
    declared = [one.attrib["name"] for kind in ("var", "field") for one in document.iter(f"{VXML}{kind}")]
    assert len(declared) == len(set(declared)), "each name once in its scope"
    for submit in document.iter(f"{VXML}submit"):
        assert set(submit.attrib["namelist"].split()) <= set(declared)
    assert len(list(document.iter(f"{VXML}form"))) == 1
    assert document.find(f"{VXML}form/{VXML}field") is not None or document.find(f".//{VXML}disconnect") is not None


class Strict(Caller):
    """A caller whose gateway takes no document that is not quite right."""

    async def submit(self, **keyed: str) -> str:
        heard = await super().submit(**keyed)
        judge(self.document)
        return heard


async def test_every_document_of_a_call_is_taken_by_a_strict_interpreter(platform: Surface) -> None:
    clinic = await given_a_centre_with_a_session_the_day_after_tomorrow(platform)
    home = await a_home(platform, 1)
    caller = Strict(clinic, home.mobile)
    await caller.call()
    await caller.choose("Find a slot")
    await caller.choose("Asha Kumari")
    await caller.press("99")
    await caller.press(clinic.centre.pin_code)
    await caller.choose(rf".*{re.escape(clinic.centre.name)} \(")
    await caller.press("1")
    await caller.choose("Book now")
    assert caller.over
    lost = Strict(clinic, home.mobile, known={"session": uuid4().hex, "caller": "VM-COWIN"})
    await lost.submit()
    assert lost.over
