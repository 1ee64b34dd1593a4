"""What people ask to have put right, from their page to the officer's decision, the message and the new certificate."""

import asyncio
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

import pytest

from opencowin.kit.actor import Permission
from opencowin.kit.db import fetch_value, transaction
from opencowin.notifications.sealed import RECIPIENT, TEXT
from tests.builders import mobile, pan
from tests.web.clinic import Clinic, a_key, code_for, value
from tests.web.test_citizen_pages import TOKEN, Browser

pytestmark = pytest.mark.anyio
CASES, JPEG = "/open/v1/cases", b"\xff\xd8\xff\xe0 a picture"
MESSAGES: LiteralString = "SELECT array_agg(text_sealed) FROM message WHERE recipient_hash = %(hash)s"


@dataclass(slots=True)
class Story:
    """A household at its pages, and an officer's program."""

    clinic: Clinic
    browser: Browser
    phone: str
    officer: str

    async def register(self, name: str, **facts: str) -> str:
        """One more member: the reference."""
        before = set(re.findall(r"\b\d{14}\b", await self.browser.open("/people")))
        await self.browser.open("/people/new")
        await self.browser.register(name, **facts)
        (new,) = set(re.findall(r"\b\d{14}\b", await self.browser.open("/people"))) - before
        return str(new)

    async def vaccinate(self, reference: str, **facts: Any) -> None:
        """A dose at the clinic."""
        assert (await self.clinic.vaccinate(reference, **facts)).status_code == 200

    async def certificate(self, reference: str) -> str:
        """The text of Co-WIN's code of the certificate that is handed out."""
        answer = await self.browser._http.get(f"/certificates/{reference}/divoc.txt")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def verdict(self, text: str) -> dict[str, Any]:
        """What is said of a code."""
        answer = await self.clinic.platform.post("/v1/verify", {"text": text})
        found: dict[str, Any] = answer.json()
        return found

    async def raised(self, kind: str, **fields: str) -> int:
        """An issue raised by its form; the message tells that it arrived."""
        page = await self.browser.open(f"/issues/new/{kind}")
        case = re.findall(r'name="id" value="([^"]+)"', page)[0]
        await self.browser.send(f"/issues/new/{kind}", id=case, details="Please put it right", **fields)
        assert self.browser.path == "/issues", self.browser.page
        found = await value(self.clinic.platform, "SELECT case_number FROM help_case WHERE case_id = %(id)s", id=case)
        assert str(found) in self.browser.page
        await self.told(self.phone, f"We have your issue {found}")
        return int(found)

    async def told(self, number: str, words: str) -> None:
        """Wait until a message to a number, the newest or an earlier one, says this."""
        platform = self.clinic.platform
        for _ in range(200):
            async with transaction(platform.pool) as conn:
                sealed = await fetch_value(conn, MESSAGES, hash=platform.floor.keyring.index(number, RECIPIENT))
            if any(words in platform.floor.keyring.open(bytes(one), TEXT) for one in sealed or () if one):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"no message says {words!r}")

    async def decided(self, number: int, verb: str = "accept") -> dict[str, Any]:
        """The officer's answer, and that the household hears of it by message and page."""
        platform = self.clinic.platform
        looked = await platform.partner("GET", f"{CASES}/{number}", self.officer)
        assert looked.status_code == 200, looked.text
        answer = await platform.partner(
            "POST", f"{CASES}/{number}/{verb}", self.officer, json={"reason": "Papers seen"}
        )
        assert answer.status_code == 200, answer.text
        said = {
            "accept": "Your issue {number} is done",
            "refuse": "Your issue {number} was refused",
            "ask": "We need more to decide your issue {number}",
        }[verb]
        await self.told(self.phone, said.format(number=number))
        assert "Papers seen" in await self.browser.open(f"/issues/{number}")
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture
async def story(clinic: Clinic, browser: Browser) -> Story:
    phone = mobile()
    await browser.open("/people")
    await browser.sign_in(phone)
    return Story(clinic, browser, phone, await a_key(clinic.platform, Permission.ANSWER_CASES))


@pytest.fixture
async def browser(clinic: Clinic) -> Any:
    one = Browser(clinic.platform)
    yield one
    await one.close()


async def test_a_wrong_name_is_asked_about_shown_and_put_right(story: Story) -> None:
    reference = await story.register("Asha Kumri")
    await story.vaccinate(reference)
    old = await story.certificate(reference)
    number = await story.raised("facts_wrong", who=reference, name="Asha Kumari")
    await story.decided(number, "ask")
    token = TOKEN.findall(story.browser.page)[-1]
    await story.browser._http.post(
        f"/issues/{number}", data={"token": token, "details": "Here it is"}, files={"evidence": ("p.jpg", JPEG)}
    )
    page = await story.browser.open(f"/issues/{number}")
    proof = re.findall(rf'href="(/issues/{number}/proof/[^"]+)"', page)[0]
    assert (await story.browser._http.get(proof)).content == JPEG
    seen = await story.decided(number)
    assert [one["state"] for one in seen["steps"]][-1] == "done"
    new = await story.certificate(reference)
    assert (await story.verdict(new))["certificate"]["name"] == "Asha Kumari"
    assert (await story.verdict(old))["result"] == "revoked"
    looks = "SELECT count(*) FROM audit WHERE action = 'registry.read_person' AND reason = %(why)s"
    assert await value(story.clinic.platform, looks, why=f"case {number}") >= 1


async def test_a_passport_is_added_and_a_batch_put_right(story: Story) -> None:
    reference = await story.register("Asha Kumari")
    await story.vaccinate(reference)
    passport = f"R{pan()[5:9]}123"
    await story.decided(await story.raised("passport", who=reference, document="8", number=passport))
    page = await story.browser.open("/issues/new/dose_wrong")
    dose = re.findall(r'name="dose" value="([^"]+)"', page)[0]
    old = await story.certificate(reference)
    await story.decided(await story.raised("dose_wrong", dose=dose, batch="C-77"))
    assert (await story.verdict(old))["result"] == "revoked"
    with zipfile.ZipFile(io.BytesIO((await story.certificate(reference)).encode("latin-1"))) as code:
        assert b"C-77" in code.read("certificate.json")


async def test_a_dose_that_never_was_goes_and_a_refusal_says_why(story: Story) -> None:
    reference = await story.register("Asha Kumari")
    await story.vaccinate(reference)
    old = await story.certificate(reference)
    dose = re.findall(r'name="dose" value="([^"]+)"', await story.browser.open("/issues/new/dose_not_mine"))[0]
    await story.decided(await story.raised("dose_not_mine", dose=dose), "refuse")
    assert (await story.verdict(old))["result"] == "valid"
    await story.decided(await story.raised("dose_not_mine", dose=dose))
    assert (await story.verdict(old))["result"] == "revoked"
    assert (await story.browser._http.get(f"/certificates/{reference}/divoc.txt")).status_code != 200


async def test_two_records_of_one_person_are_merged_and_parted_again(story: Story) -> None:
    day = story.clinic.platform.day()
    kept, other = await story.register("Asha Kumari"), await story.register("Asha Kumary")
    await story.vaccinate(kept, on=day - timedelta(days=100))
    await story.vaccinate(other, on=day)
    number = await story.raised("merge", who=kept, other=other)
    await story.decided(number)
    assert (await story.verdict(await story.certificate(kept)))["certificate"]["dose"] == 2
    answer = await story.clinic.platform.partner(
        "POST", f"{CASES}/{number}/undo", story.officer, json={"reason": "Two sisters"}
    )
    assert answer.status_code == 200, answer.text
    for one in (kept, other):
        assert (await story.verdict(await story.certificate(one)))["certificate"]["dose"] == 1


async def test_a_member_goes_to_another_number_and_a_stranger_leaves(story: Story) -> None:
    browser, number = story.browser, mobile()
    await story.register("Asha Kumari")
    leaving, stranger = await story.register("Ravi Kumar"), await story.register("Nobody Known")
    await browser.open("/issues/transfer")
    await browser.send("/issues/transfer", who=leaving, mobile=number)
    fields = dict(re.findall(r'name="(id|who|txn)" value="([^"]+)"', browser.page))
    code = await code_for(story.clinic.platform, number)
    await browser.send("/issues/transfer/code", code=code, **fields)
    assert leaving not in await browser.open("/people")
    await story.decided(await story.raised("unknown_member", who=stranger))
    assert stranger not in await browser.open("/people")
    there = Browser(story.clinic.platform)
    await there.open("/people")
    await there.sign_in(number)
    assert leaving in await there.open("/people")
    await there.close()


async def test_a_lost_number_waits_for_objection_and_a_death_is_noted(story: Story) -> None:
    document, day = pan(), story.clinic.platform.day()
    reference = await story.register("Asha Kumari", number=document)
    await story.vaccinate(reference)
    await story.decided(await story.raised("death", who=reference, died_on=day.isoformat()))
    old, new = Browser(story.clinic.platform), mobile()
    await old.open("/people")
    await old.sign_in(new)
    lost = Story(story.clinic, old, new, story.officer)
    proof = {"reference": reference, "document": "6", "number": document, "vaccine": "COVISHIELD"}
    number = await lost.raised("old_number", given_on=day.isoformat(), **proof)
    answer = await story.clinic.platform.partner(
        "POST", f"{CASES}/{number}/accept", story.officer, json={"reason": "Papers seen"}
    )
    assert (answer.json()["state"], answer.json()["takes_effect_at"] is None) == ("accepted", False)
    await story.told(story.phone, "Somebody asks to take over the member")
    page = await story.browser.open(f"/issues/{number}")
    assert ('name="object"' in page, "Please put it right" in page) == (True, False)
    await story.browser.send(f"/issues/{number}", object="1")
    assert "in review" in await old.open(f"/issues/{number}")
    await old.close()
