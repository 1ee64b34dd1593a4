"""Vaccination status for others: only with the person's consent, only 0, 1 or 2, and a link that ends."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from opencowin.identity import TokenBook
from opencowin.kit.actor import Permission
from tests.builders import mobile
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, a_key, another, code_for, hashed, refused, value

pytestmark = pytest.mark.anyio

ASK, CONFIRM, STATUS = (f"/v3/vaccination/{name}" for name in ("generateOTP", "confirmOTP", "status"))


async def ask(platform: Surface, key: str, number: str, name: str = "asha kumari") -> str:
    # Clients send an address for e-mail, too; it changes nothing.
    body = {"mobile_number": number, "full_name": name, "email_id": "asha@example.org"}
    asked = await platform.partner("POST", ASK, key, json=body)
    assert asked.status_code == 200, asked.text
    return str(asked.json()["txnId"])


async def confirm(platform: Surface, key: str, txn_id: str, code: str) -> httpx.Response:
    return await platform.partner("POST", CONFIRM, key, json={"otp": hashed(code), "txnId": txn_id})


async def status(platform: Surface, key: str, token: str) -> Any:
    headers = {"x-api-key": key, "Authorization": f"Bearer {token}"}
    return await platform.http.get("/api" + STATUS, headers=headers)


async def test_with_consent_the_status_is_told_and_follows_the_doses(clinic: Clinic) -> None:
    platform, key = clinic.platform, await a_key(clinic.platform, Permission.VACCINATION_STATUS)
    home = await a_home(platform)
    txn_id = await ask(platform, key, home.mobile)
    token = (await confirm(platform, key, txn_id, await code_for(platform, home.mobile))).json()["token"]
    assert (await status(platform, key, token)).json()["vaccination_status"] == 0
    await clinic.vaccinate(home.first, on=platform.day(-90))
    assert (await status(platform, key, token)).json()["vaccination_status"] == 1
    await clinic.vaccinate(home.first, dose=2)
    answer = (await status(platform, key, token)).json()
    assert answer.keys() == {"vaccination_status", "share_link", "signed"}
    assert answer["vaccination_status"] == 2
    published = (await platform.http.get("/.well-known/jwks.json")).json()
    claims = jwt.decode(
        answer["signed"], KeySet.import_key_set({"keys": published["keys"]}), algorithms=["ES256"]
    ).claims
    assert (claims["sub"], claims["vaccination_status"], claims["exp"] - claims["iat"]) == (home.first, 2, 3600)
    refused(await status(platform, key, answer["signed"]), 401, "USRAUT0031")
    refused(await platform.get("/v2/appointment/beneficiaries", answer["signed"]), 401, "USRAUT0031")


async def test_the_share_link_shows_the_status_and_no_name_for_an_hour(clinic: Clinic) -> None:
    platform, key = clinic.platform, await a_key(clinic.platform, Permission.VACCINATION_STATUS)
    home = await a_home(platform)
    txn_id = await ask(platform, key, home.mobile)
    token = (await confirm(platform, key, txn_id, await code_for(platform, home.mobile))).json()["token"]
    link = (await status(platform, key, token)).json()["share_link"]
    path = link.removeprefix(platform.floor.settings.address)
    page = await platform.http.get(path)
    assert page.headers["content-type"].startswith("text/html")
    assert "Not vaccinated" in page.text
    assert "Asha" not in page.text
    opened = "SELECT count(*) FROM audit WHERE action = 'vaccination.shared_status' AND reason = 'share link opened'"
    assert int(await value(platform, opened)) == 1
    refused(await platform.http.get(path[:-1] + ("0" if path[-1] != "0" else "1")), 400, "STATUS0001")
    stale = TokenBook(platform.floor, platform.pool).share_code(int(home.first), timedelta(seconds=-1))
    refused(await platform.get(f"{STATUS}/{home.first}/{stale}"), 400, "STATUS0001")
    other = await a_home(platform)
    refused(await platform.http.get(path.replace(home.first, other.first)), 400, "STATUS0001")


async def test_a_wrong_consent_code_is_401_and_a_name_that_is_not_there_no_account(platform: Surface) -> None:
    key, home = await a_key(platform, Permission.VACCINATION_STATUS), await a_home(platform)
    txn_id = await ask(platform, key, home.mobile, "Somebody Else")
    code = await code_for(platform, home.mobile)
    refused(await confirm(platform, key, txn_id, another(code)), 401, "USRAUT0032")
    refused(await confirm(platform, key, txn_id, code), 400, "USRAUT0015")


async def test_asking_tells_nothing_of_who_is_registered(platform: Surface) -> None:
    key, home = await a_key(platform, Permission.VACCINATION_STATUS), await a_home(platform)
    for number, name in ((home.mobile, "Asha Kumari"), (home.mobile, "Somebody Else"), (mobile(), "Asha Kumari")):
        assert await ask(platform, key, number, name)


async def test_missing_fields_are_named_and_keys_are_needed(platform: Surface) -> None:
    key, other = await a_key(platform, Permission.VACCINATION_STATUS), await a_key(platform, Permission.VACCINATE)
    missing = await platform.partner("POST", ASK, key, json={"mobile_number": mobile()})
    assert refused(missing, 400, "USRRES0001")["field"] == "full_name"
    nul = await platform.partner("POST", ASK, key, json={"mobile_number": mobile(), "full_name": "\x00"})
    refused(nul, 400, "BENREG0014")
    refused(await platform.partner("POST", CONFIRM, key, json={}), 400, "USRAUT0012")
    refused(await platform.post(ASK, {}), 403, "USRAUT0036")
    refused(await platform.partner("POST", ASK, other, json={}), 403, "KIT0002")


async def test_a_sign_in_token_asks_no_status_and_a_status_token_signs_nobody_in(platform: Surface) -> None:
    key, home = await a_key(platform, Permission.VACCINATION_STATUS), await a_home(platform)
    refused(await status(platform, key, home.token), 401, "USRAUT0031")
    txn_id = await ask(platform, key, home.mobile)
    token = (await confirm(platform, key, txn_id, await code_for(platform, home.mobile))).json()["token"]
    refused(await platform.get("/v2/appointment/beneficiaries", token), 401, "USRAUT0031")
    refused(await platform.partner("GET", STATUS, key), 401, "USRAUT0031")


async def test_the_page_that_explains_it_is_open(platform: Surface) -> None:
    page = await platform.get(f"{STATUS}/knowYourStatus")
    assert page.status_code == 200
    assert "<!doctype html>" in page.text
    assert "frame-ancestors *" in page.headers["content-security-policy"]
    assert "x-frame-options" not in page.headers
