"""Sign-in by national ID against a real provider: to it and back, whom it signs in, and every way in which it fails."""

import asyncio
import base64
import contextlib
import html
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import ECKey

from opencowin import identity
from opencowin.kit.audit import verify
from opencowin.kit.db import fetch_value, transaction
from opencowin.kit.floor import Floor
from tests.builders import mobile, pan
from tests.provider import RunningProvider, providing
from tests.provider.deployment import clients, trusting
from tests.surface import Surface, free_port
from tests.web.abroad import ADDRESS, Citizen, Far, served
from tests.web.clinic import Clinic, refused, with_settings
from tests.web.test_citizen_pages import PEOPLE, choose

pytestmark = pytest.mark.anyio


def person(**facts: Any) -> dict[str, Any]:
    """A person as the provider knows one."""
    return {"name": "Meena Devi", "birthdate": "1988-05-17", "gender": "Female", "individual_id": pan(), **facts}


PEOPLE_THERE: dict[str, dict[str, Any]] = {
    "meena": person(phone_number=mobile(), phone_number_verified=True),
    "lakshmi": person(name="Lakshmi Rao"),
    "kamla": person(name="Kamla Bai", phone_number=mobile(), phone_number_verified=False),
    "gita": person(name="Gita Rani"),
    "radha": person(name="Radha Nair"),
    "sita": person(name="Sita Ram"),
    "durga": person(name="Durga Das"),
    "token": {"name": "Noor Jahan", "birthdate": "1990", "gender": "?"},
}


@pytest.fixture(scope="module")
def far() -> Iterator[Far]:
    """The provider."""
    end = Far(ECKey.generate_key("P-256", {"kid": "ours"}), PEOPLE_THERE)
    end.start()
    yield end
    end.stop()


@pytest.fixture(scope="module")
def slow(far: Far) -> Iterator[RunningProvider]:
    """A provider whose clock is an hour behind: what it signs is over already."""
    with providing(clients(far.key, ADDRESS), PEOPLE_THERE, free_port(), behind=3600) as running:
        yield running


@pytest.fixture(scope="module")
async def silent() -> AsyncIterator[str]:
    """The address of somebody who takes calls and says a letter now and then, but never a whole word."""

    async def mumble(_: asyncio.StreamReader, mouth: asyncio.StreamWriter) -> None:
        mouth.write(b"HTTP/1.1 200 OK\r\nX-Word: ")
        with contextlib.suppress(ConnectionError):
            while not mouth.is_closing():
                mouth.write(b"m")
                await mouth.drain()
                await asyncio.sleep(0.2)

    server = await asyncio.start_server(mumble, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture(scope="module")
def trusting_floor(
    floor: Floor, far: Far, slow: RunningProvider, silent: str, tmp_path_factory: pytest.TempPathFactory
) -> Floor:
    return trusting(
        floor,
        tmp_path_factory.mktemp("trusting"),
        far.key,
        issuer=far.issuer,
        address=ADDRESS,
        elsewhere={"away": silent, "late": slow.issuer},
    )


@pytest.fixture(scope="module")
async def trusting_site(trusting_floor: Floor, platform: Surface) -> AsyncIterator[Surface]:
    """The site that offers the sign-in."""
    async with served(trusting_floor, platform) as surface:
        yield surface


@pytest.fixture
async def citizen(trusting_site: Surface) -> AsyncIterator[Citizen]:
    one = Citizen(trusting_site)
    yield one
    await one.close()


async def asked(site: Surface, statement: Any, **values: Any) -> Any:
    async with transaction(site.pool) as conn:
        return await fetch_value(conn, statement, **values)


async def test_the_browser_carries_what_the_protocol_asks_for(citizen: Citizen) -> None:
    carried = await citizen.leave(query="?lang=hi")
    assert carried["response_type"] == "code"
    assert carried["code_challenge_method"] == "S256"
    assert carried["redirect_uri"] == f"{ADDRESS}/sign-in/return"
    assert carried["ui_locales"] == "hi"
    assert carried["prompt"] == "login"
    assert len({carried[name] for name in ("state", "nonce", "code_challenge")}) == 3
    assert min(len(carried[name]) for name in ("state", "nonce", "code_challenge")) >= 32
    assert "individual_id" in carried["claims"]
    left = next(one for one in citizen.answers if one.url.path == "/sign-in/with/citizen")
    manner = left.headers["set-cookie"].lower()
    assert all(word in manner for word in ("departure=", "httponly", "samesite=lax", "max-age=900"))
    assert left.headers["cache-control"] == "no-store"


async def test_a_national_id_without_a_phone_registers_its_holder_with_the_document(
    citizen: Citizen, trusting_site: Surface
) -> None:
    await citizen.sign_in_as("lakshmi")
    assert citizen.path == "/people/new", citizen.page
    assert [one.headers["cache-control"] for one in citizen.answers] == ["no-store", "no-store"]
    number = PEOPLE_THERE["lakshmi"]["individual_id"]
    assert 'value="Lakshmi Rao"' in citizen.page
    assert 'value="1988"' in citizen.page
    assert re.search(r'name="gender" value="2" checked', citizen.page)
    assert "Confirmed by Citizen ID" in citizen.page
    assert f"XXXXXX{number[-4:]}" in citizen.page
    assert number not in citizen.page
    await citizen.send("/people/new", name="Lakshmi Rao", birth_year="1988", gender="2", consent="1", proven="1")
    assert (citizen.status, citizen.path) == (200, "/people"), citizen.page
    assert "Confirmed by Citizen ID" in citizen.page
    assert citizen.cookie("departure") is None
    newest = "SELECT mobile_sealed IS NULL FROM account ORDER BY created_at DESC LIMIT 1"
    assert await asked(trusting_site, newest) is True


async def test_the_same_person_comes_back_to_the_same_account(citizen: Citizen, trusting_site: Surface) -> None:
    await citizen.sign_in_as("gita")
    await citizen.send("/people/new", name="Gita Rani", birth_year="1988", gender="2", consent="1", proven="1")
    citizen.rest()
    await citizen.sign_in_as("gita")
    assert citizen.path == "/people"
    assert "Gita Rani" in citizen.page
    rows = "SELECT count(*) FROM audit WHERE action = 'identity.sign_in' AND detail->>'first_time' = %(first)s"
    assert await asked(trusting_site, rows, first="false") >= 1
    confirmed = "SELECT count(*) FROM audit WHERE action = 'registry.confirm_document' AND reason = 'citizen'"
    assert await asked(trusting_site, confirmed) >= 1
    async with transaction(trusting_site.pool) as conn:
        assert (await verify(conn))[1] is None


async def test_a_number_that_the_provider_vouches_for_leads_to_its_account_and_confirms_who_is_there(
    citizen: Citizen, trusting_site: Surface
) -> None:
    known = PEOPLE_THERE["meena"]
    await citizen.open("/sign-in")
    await citizen.sign_in(known["phone_number"])
    await citizen.open("/people/new")
    await citizen.register("meena devi", birth_year="1988", number=known["individual_id"])
    assert "Confirmed by" not in citizen.page
    citizen.rest()
    await citizen.sign_in_as("meena")
    assert citizen.path == "/people"
    assert "meena devi" in citizen.page
    assert "Confirmed by Citizen ID" in citizen.page
    reference = re.findall(r"/people/(\d+)/edit", citizen.page)[0]
    await citizen.open(f"/people/{reference}/edit")
    facts = {"birth_year": "1988", "gender": "2", "consent": "1"}
    await citizen.send(f"/people/{reference}/edit", name="Meena Devi", comorbidity="Y", **facts)
    assert "Confirmed by Citizen ID" in citizen.page
    await citizen.open(f"/people/{reference}/edit")
    await citizen.send(f"/people/{reference}/edit", name="Somebody Else", **facts)
    assert (citizen.status, citizen.path) == (200, "/people")
    assert "Somebody Else" in citizen.page
    assert "Confirmed by" not in citizen.page


async def test_a_number_that_nobody_proved_leads_nowhere(citizen: Citizen, trusting_site: Surface) -> None:
    number = PEOPLE_THERE["kamla"]["phone_number"]
    await citizen.sign_in_as("kamla")
    assert citizen.path == "/people/new"
    async with transaction(trusting_site.pool) as conn:
        assert await identity.account_of_mobile(conn, trusting_site.floor, number) is None


async def test_a_document_that_is_registered_is_refused_to_a_second_person_and_to_another_name_unconfirmed(
    citizen: Citizen, trusting_site: Surface
) -> None:
    other = Citizen(trusting_site)
    await other.open("/sign-in")
    await other.sign_in(mobile())
    await other.open("/people/new")
    await other.register("Radha Nair", birth_year="1988", number=PEOPLE_THERE["radha"]["individual_id"])
    await other.close()
    await citizen.sign_in_as("radha")
    facts = {"birth_year": "1988", "gender": "2", "consent": "1", "proven": "1"}
    await citizen.send("/people/new", name="Radha Nair", **facts)
    assert citizen.status == 400
    assert "This identity document is registered already." in citizen.page
    await citizen.open(html.unescape(citizen.link("/people/new?other=1")))
    assert "Confirmed by" not in citizen.page
    await citizen.register("Radha Nair", birth_year="1988")
    assert (citizen.status, citizen.path) == (200, "/people")
    assert "Confirmed by" not in citizen.page


async def test_whoever_changes_what_the_provider_said_is_registered_but_not_confirmed(citizen: Citizen) -> None:
    await citizen.sign_in_as("sita")
    facts = {"birth_year": "1999", "gender": "2", "consent": "1", "proven": "1"}
    await citizen.send("/people/new", name="Sita Ram", **facts)
    assert (citizen.status, citizen.path) == (200, "/people")
    assert "Confirmed by" not in citizen.page


async def test_a_provider_that_keeps_the_number_to_itself_gives_a_pseudonym(
    citizen: Citizen, trusting_site: Surface
) -> None:
    await citizen.sign_in_as("token", "plain")
    assert 'value="Noor Jahan"' in citizen.page
    assert "National ID" in citizen.page
    await citizen.send("/people/new", name="Noor Jahan", birth_year="1990", gender="3", consent="1", proven="1")
    assert "Confirmed by Plain ID" in citizen.page, citizen.page
    await citizen.open("/people/new")
    assert "National ID" not in citizen.page
    types = await trusting_site.get("/v2/registration/beneficiary/idTypes")
    assert 90 not in [one["id"] for one in types.json()["types"]]


async def test_where_the_way_led_and_the_language_are_kept(citizen: Citizen) -> None:
    await citizen.open("/certificates?lang=hi")
    assert citizen.path == "/sign-in"
    await citizen.sign_in_as("lakshmi", query="?lang=hi")
    assert citizen.path == "/certificates"
    assert '<html lang="hi"' in citizen.page
    citizen.rest()
    await citizen.sign_in_as("lakshmi", query="?lang=hi")
    assert citizen.path in {"/people", "/people/new"}
    assert '<html lang="hi"' in citizen.page


async def test_the_slot_that_was_chosen_is_held_and_booked(citizen: Citizen, clinic: Clinic) -> None:
    await choose(citizen, clinic)
    assert citizen.path == "/sign-in"
    await citizen.open(citizen.link("/sign-in/with/citizen"))
    await citizen.open(await citizen.prove("durga"))
    assert citizen.path == "/people/new", citizen.page
    assert 'value="Durga Das"' in citizen.page
    facts = {"birth_year": "1988", "gender": "2", "consent": "1", "proven": "1"}
    await citizen.send("/people/new", name="Durga Das", to="/book/who", **facts)
    assert citizen.path == "/book/who"
    assert "The slot is held for you until" in citizen.page


async def test_who_cancels_at_the_provider_is_told_and_may_choose_again(citizen: Citizen) -> None:
    await citizen.leave()
    await citizen.open(re.search(r'href="([^"]*/abort)"', citizen.page).group(1))  # type: ignore[union-attr]
    assert (citizen.status, citizen.path) == (400, "/sign-in/failed")
    assert "You did not finish signing in with Citizen ID." in citizen.page
    assert citizen.link("/sign-in/with/citizen")
    assert 'href="/sign-in"' in citizen.page


async def failed(citizen: Citizen, status: int, text: str) -> None:
    """Nobody is signed in, and the page says why."""
    assert (citizen.status, citizen.path) == (status, "/sign-in/failed"), citizen.page
    assert text in citizen.page
    assert "code=" not in str(citizen.last.url)
    await citizen.open("/people")
    assert citizen.path == "/sign-in"


BEGIN_AGAIN = "This sign-in was begun in another browser, was used already, or took too long."
UNCONFIRMED = "The answer of Citizen ID could not be confirmed"


async def test_another_browser_cannot_bring_the_answer(citizen: Citizen, trusting_site: Surface) -> None:
    stranger = Citizen(trusting_site)
    await citizen.leave()
    answer = await citizen.prove("lakshmi")
    await stranger.open(answer)
    await failed(stranger, 400, BEGIN_AGAIN)
    await stranger.leave()
    await stranger.open(answer)
    await failed(stranger, 400, BEGIN_AGAIN)
    await stranger.close()


async def test_the_answer_must_be_to_this_very_departure(citizen: Citizen) -> None:
    await citizen.leave()
    answer = await citizen.prove("lakshmi")
    await citizen.open(re.sub(r"state=[^&]+", "state=of-another-departure", answer))
    await failed(citizen, 400, BEGIN_AGAIN)


async def test_an_answer_is_good_once(citizen: Citizen) -> None:
    await citizen.leave()
    answer, sealed = await citizen.prove("lakshmi"), citizen.cookie("departure")
    assert sealed
    await citizen.open(answer)
    assert citizen.path != "/sign-in/failed"
    citizen.rest()
    await citizen.open(answer)
    await failed(citizen, 400, BEGIN_AGAIN)
    citizen.keep("departure", sealed)
    await citizen.open(answer)
    await failed(citizen, 400, BEGIN_AGAIN)


async def test_an_answer_that_took_too_long_is_no_good(citizen: Citizen, trusting_floor: Floor) -> None:
    await citizen.leave()
    answer, sealed = await citizen.prove("lakshmi"), citizen.cookie("departure")
    assert sealed
    citizen.keep("departure", resealed(trusting_floor, sealed, left_at=0))
    await citizen.open(answer)
    await failed(citizen, 400, BEGIN_AGAIN)


def resealed(floor: Floor, sealed: str, **changes: Any) -> str:
    """The cookie of a departure, altered as only this deployment could."""
    departure = json.loads(floor.keyring.open_bytes(base64.urlsafe_b64decode(sealed), "departure"))
    packed = json.dumps({**departure, **changes}).encode()
    return base64.urlsafe_b64encode(floor.keyring.seal_bytes(packed, "departure")).decode()


async def test_a_token_made_for_another_sign_in_is_not_believed(citizen: Citizen, trusting_floor: Floor) -> None:
    await citizen.leave()
    answer, sealed = await citizen.prove("lakshmi"), citizen.cookie("departure")
    assert sealed
    citizen.keep("departure", resealed(trusting_floor, sealed, nonce="of another sign-in"))
    await citizen.open(answer)
    await failed(citizen, 409, UNCONFIRMED)


async def test_a_code_without_its_verifier_is_worth_nothing(citizen: Citizen, trusting_floor: Floor) -> None:
    await citizen.leave()
    answer, sealed = await citizen.prove("lakshmi"), citizen.cookie("departure")
    assert sealed
    citizen.keep("departure", resealed(trusting_floor, sealed, verifier="v" * 64))
    await citizen.open(answer)
    await failed(citizen, 400, BEGIN_AGAIN)


@pytest.mark.parametrize("issuer", ["https://somebody.else", None])
async def test_the_answer_must_name_its_issuer(citizen: Citizen, issuer: str | None) -> None:
    await citizen.leave()
    answer = urlsplit(await citizen.prove("lakshmi"))
    query = {name: values[0] for name, values in parse_qs(answer.query).items() if name != "iss"}
    await citizen.open(f"{answer.path}?{urlencode({**query, **({'iss': issuer} if issuer else {})})}")
    await failed(citizen, 409, UNCONFIRMED)


@pytest.mark.parametrize("provider", ["unsigned", "curve", "symmetric", "late"])
async def test_what_is_unsigned_expired_or_signed_by_another_algorithm_is_not_believed(
    citizen: Citizen, provider: str
) -> None:
    await citizen.sign_in_as("lakshmi", provider)
    await failed(citizen, 409, UNCONFIRMED)


async def test_a_deployment_that_the_provider_does_not_know_says_try_later(citizen: Citizen) -> None:
    await citizen.sign_in_as("lakshmi", "rejected")
    await failed(citizen, 503, "Citizen ID does not answer at this moment.")


async def test_a_provider_that_never_answers_costs_a_moment_and_the_mobile_is_offered(citizen: Citizen) -> None:
    async with asyncio.timeout(8):
        await citizen.open("/sign-in/with/away")
    assert (citizen.status, citizen.path) == (503, "/sign-in/failed")
    assert "Far ID does not answer at this moment." in citizen.page
    assert 'href="/sign-in"' in citizen.page
    async with asyncio.timeout(1):
        await citizen.open("/sign-in/with/away")
    assert citizen.status == 503


async def test_new_keys_of_the_provider_are_read_when_they_are_first_met(citizen: Citizen, far: Far) -> None:
    await citizen.sign_in_as("lakshmi")
    assert citizen.path != "/sign-in/failed"
    far.stop()
    far.start()
    citizen.rest()
    await citizen.sign_in_as("lakshmi")
    assert citizen.path != "/sign-in/failed", citizen.page


async def test_a_provider_that_goes_away_meanwhile_is_told(citizen: Citizen, far: Far) -> None:
    await citizen.leave()
    answer = await citizen.prove("lakshmi")
    far.stop()
    await citizen.open(answer)
    far.start()
    await failed(citizen, 503, "Citizen ID does not answer at this moment.")


async def test_sign_ins_from_one_address_are_limited(
    trusting_floor: Floor, platform: Surface, trusting_site: Surface
) -> None:
    async with served(with_settings(trusting_floor, sign_ins_per_address_per_hour=1), platform) as strict:
        citizen = Citizen(strict)
        await citizen.sign_in_as("lakshmi")
        await failed(citizen, 429, "Too many sign-ins came from this address.")
        await citizen.close()


async def test_without_a_provider_only_the_mobile_is_asked_for(platform: Surface) -> None:
    page = await platform.http.get("/sign-in", headers=PEOPLE)
    assert "national ID" not in page.text
    assert (await platform.http.get("/sign-in/with/citizen", headers=PEOPLE)).status_code == 400
    refused(await platform.http.get("/sign-in/with/citizen"), 400, "PAGE0012")
