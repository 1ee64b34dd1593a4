"""Codes by SMS when attacked: a proof of work beyond an allowance, good once; the allowance fills up again."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import altcha
import httpx
import pytest

from opencowin.fairness import Proofs, WorkNeeded
from opencowin.kit.floor import Floor
from opencowin.web.site import Site
from tests.builders import mobile
from tests.surface import Surface
from tests.web.test_citizen_pages import Browser

pytestmark = pytest.mark.anyio
ASK = "/v2/auth/public/generateOTP"


def attacked(floor: Floor, per_minute: int) -> Proofs:
    chosen = floor.settings.model_copy(update={"codes_without_proof_per_minute": per_minute})
    return Proofs(replace(floor, settings=chosen))


@pytest.fixture
async def under_attack(platform: Surface) -> AsyncIterator[Proofs]:
    """The process has sent all codes that it sends without a proof."""
    transport = platform.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    state = transport.app.state  # type: ignore[attr-defined]
    before: Site = state.site
    proofs = attacked(platform.floor, 1)
    state.site = replace(before, proofs=proofs)
    assert proofs.admit("") is None
    yield proofs
    state.site = before


def solved(challenge: str) -> str:
    known = altcha.Challenge.from_dict(json.loads(challenge))
    solution = altcha.solve_challenge(known)
    assert solution
    return altcha.Payload(known, solution).to_base64()


async def test_without_a_setting_no_proof_is_asked_for(floor: Floor) -> None:
    proofs = attacked(floor, 0)
    for _ in range(1000):
        assert proofs.admit("") is None
    assert not proofs.wanted


async def test_the_allowance_is_used_up_and_fills_again(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("opencowin.fairness.proofs.time.monotonic", lambda: now)
    proofs = attacked(floor, 60)
    for _ in range(30):
        assert not proofs.wanted
        proofs.admit("")
    proofs.admit("")
    assert proofs.wanted, "half is used: browsers begin to work"
    for _ in range(29):
        proofs.admit("")
    for _ in range(3):
        with pytest.raises(WorkNeeded):
            proofs.admit("")
    now += 2
    for _ in range(2):
        proofs.admit("")
    with pytest.raises(WorkNeeded):
        proofs.admit("")


async def test_a_proof_is_good_for_its_challenge_only_and_not_for_long(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs, other = attacked(floor, 1), attacked(floor, 1)
    proofs.admit("")
    good = solved(proofs.challenge())
    assert other.admit(good), "at any process"
    known = json.loads(base64.b64decode(good))
    easier = json.loads(base64.b64decode(good))
    easier["challenge"]["parameters"]["cost"] = 1
    guessed = json.loads(base64.b64decode(good))
    guessed["solution"]["counter"] += 1
    for wrong in (
        "",
        "x",
        "e30=",
        json.dumps(known),
        *(
            base64.b64encode(json.dumps(one).encode()).decode()
            for one in (
                easier,
                guessed,
                {"challenge": known["challenge"]},
                {**known, "solution": {"counter": "1", "derivedKey": "00"}},
            )
        ),
        good * 4,
    ):
        with pytest.raises(WorkNeeded):
            proofs.admit(wrong)
    monkeypatch.setattr("opencowin.fairness.proofs.GOOD_FOR", -1)
    late = solved(proofs.challenge())
    with pytest.raises(WorkNeeded):
        proofs.admit(late)


async def test_a_program_is_handed_a_challenge_and_its_proof_is_good_once(
    platform: Surface, under_attack: Proofs
) -> None:
    refused = await platform.post(ASK, {"mobile": mobile()})
    assert (refused.status_code, refused.json()["errorCode"], refused.headers["retry-after"]) == (
        503,
        "QUEUE0006",
        "60",
    )
    proof = solved(base64.b64decode(refused.headers["x-altcha-challenge"]).decode())
    assert (await platform.post(ASK, {"mobile": mobile()}, **{"x-altcha": proof})).status_code == 200
    again = await platform.post(ASK, {"mobile": mobile()}, **{"x-altcha": proof})
    assert (again.status_code, again.json()["errorCode"]) == (503, "QUEUE0006")


async def test_a_person_without_a_script_is_told_to_come_back(platform: Surface, under_attack: Proofs) -> None:
    browser = Browser(platform)
    page = await browser.open("/sign-in")
    assert 'name="altcha"' in page
    await browser.send("/sign-in", mobile=mobile())
    assert (browser.path, "Very many codes are asked for" in browser.page) == ("/sign-in", True)
    under_attack._left = 1.0
    await browser.send("/sign-in", mobile=mobile())
    assert browser.path == "/sign-in/code", "the allowance has filled up"
    await browser.close()
