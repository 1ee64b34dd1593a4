"""Signing in: three faces, one-time passwords and their limits, tokens that anybody can check."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from opencowin.identity import TokenBook
from tests.builders import a_partner_key, mobile
from tests.surface import Surface
from tests.web.clinic import GENERATE, VALIDATE, a_home, another, beside, code_for, hashed, refused

pytestmark = pytest.mark.anyio

FACES = [
    ("/v2/auth/public/generateOTP", "/v2/auth/public/confirmOTP"),
    ("/v2/auth/generateOTP", "/v2/auth/confirmOTP"),
    (GENERATE, VALIDATE),
]


async def ask(platform: Surface, number: str, path: str = GENERATE) -> str:
    answer = await platform.post(path, {"mobile": number})
    assert answer.status_code == 200, answer.text
    return str(UUID(answer.json()["txnId"]))


async def confirm(platform: Surface, txn_id: str, code: str, path: str = VALIDATE) -> Any:
    return await platform.post(path, {"otp": hashed(code), "txnId": txn_id})


@pytest.mark.parametrize(("generate", "validate"), FACES)
async def test_each_face_signs_a_person_in(platform: Surface, generate: str, validate: str) -> None:
    number = mobile()
    txn_id = await ask(platform, number, generate)
    answer = await confirm(platform, txn_id, await code_for(platform, number), validate)
    assert answer.status_code == 200
    assert (await platform.household(answer.json()["token"])) == {}
    assert answer.json().get("isNewAccount") == (None if "public" in validate else "Y")


async def test_a_second_sign_in_is_no_new_account(platform: Surface) -> None:
    number = mobile()
    await platform.sign_in(number)
    first = await code_for(platform, number)
    txn_id = await ask(platform, number)
    answer = await confirm(platform, txn_id, await code_for(platform, number, after=first))
    assert answer.json()["isNewAccount"] == "N"


@pytest.mark.parametrize("written", ["{0}", "+91{0}", "+91 {0}", "0{0}"])
async def test_a_mobile_is_understood_as_people_write_it(platform: Surface, written: str) -> None:
    number = mobile()
    txn_id = await ask(platform, written.format(number))
    assert (await confirm(platform, txn_id, await code_for(platform, number))).status_code == 200


async def test_a_mobile_may_be_a_number(platform: Surface) -> None:
    number = mobile()
    for form in (int(number), float(number)):
        assert (await platform.post(GENERATE, {"mobile": form})).status_code == 200


@pytest.mark.parametrize("wrong", ["", "12345", "1234567890", "98765 4321x", "9" * 39, True, None, [], 1e300, "\x00"])
async def test_a_bad_mobile_is_refused_by_name(platform: Surface, wrong: object) -> None:
    answer = await platform.post(GENERATE, {"mobile": wrong})
    assert answer.status_code == 400
    assert answer.json()["field"] == "mobile"


@pytest.mark.parametrize(
    "content_type", [None, "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
async def test_a_body_is_json_whatever_it_is_called(platform: Surface, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    body = f'{{"mobile": "{mobile()}"}}'.encode()
    answer = await platform.http.post("/api" + GENERATE, content=body, headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"mobile=9000000001", b'{"mobile": 1' + b"0" * 6000 + b"}", b"\xff\xfe"]
)
async def test_a_body_that_is_no_json_object_is_a_missing_parameter(platform: Surface, body: bytes) -> None:
    answer = await platform.http.post("/api" + GENERATE, content=body)
    refused(answer, 400, "USRRES0001")


async def test_otp_and_transaction_are_required_by_name(platform: Surface) -> None:
    refused(await platform.post(VALIDATE, {"txnId": str(uuid4())}), 400, "USRAUT0012")
    refused(await platform.post(VALIDATE, {"otp": hashed("123456")}), 400, "USRAUT0013")


async def test_after_wrong_codes_the_right_one_is_good_while_tries_are_left(platform: Surface) -> None:
    number = mobile()
    txn_id, code = await ask(platform, number), await code_for(platform, number)
    for _ in range(platform.floor.settings.otp_tries - 1):
        body = refused(await confirm(platform, txn_id, another(code)), 400, "USRAUT0014")
        assert body["error"].startswith("Invalid OTP")
    assert (await confirm(platform, txn_id, code)).status_code == 200


async def test_after_too_many_wrong_codes_the_right_one_is_no_good(platform: Surface) -> None:
    number = mobile()
    txn_id, code = await ask(platform, number), await code_for(platform, number)
    for _ in range(platform.floor.settings.otp_tries):
        refused(await confirm(platform, txn_id, another(code)), 400, "USRAUT0014")
    refused(await confirm(platform, txn_id, code), 400, "USRAUT0014")


async def test_a_code_is_good_once(platform: Surface) -> None:
    number = mobile()
    txn_id, code = await ask(platform, number), await code_for(platform, number)
    assert (await confirm(platform, txn_id, code)).status_code == 200
    refused(await confirm(platform, txn_id, code), 400, "USRAUT0014")


async def test_a_code_of_yesterday_is_expired(platform: Surface) -> None:
    number = mobile()
    txn_id, code = await ask(platform, number), await code_for(platform, number)
    async with platform.pool.connection() as conn:
        await conn.execute(
            "UPDATE otp SET expires_at = %s WHERE txn_id = %s", (platform.floor.clock.now() - timedelta(1), txn_id)
        )
    refused(await confirm(platform, txn_id, code), 400, "USRAUT0014")


async def test_who_asks_again_at_once_is_told_how_long_to_wait(platform: Surface) -> None:
    async with beside(platform, otp_resend_seconds=180) as strict:
        number = mobile()
        await ask(strict, number)
        again = await strict.post(GENERATE, {"mobile": f"+91{number}"})
    body = refused(again, 400, "USRAUT0018")
    assert 1 <= int(again.headers["retry-after"]) <= 180
    assert again.headers["retry-after"] in body["error"]


async def test_too_many_requests_for_one_number_end_in_429(platform: Surface) -> None:
    async with beside(platform, otp_per_number_per_day=2) as strict:
        number = mobile()
        for _ in range(2):
            await ask(strict, number)
        answer = await strict.post(GENERATE, {"mobile": number})
    refused(answer, 429, "USRAUT0033")
    assert int(answer.headers["retry-after"]) >= 1


async def test_nothing_tells_a_known_number_from_an_unknown_one(platform: Surface) -> None:
    home, stranger = await a_home(platform), mobile()
    answers = [await platform.post(GENERATE, {"mobile": number}) for number in (home.mobile, stranger)]
    assert [(one.status_code, list(one.json())) for one in answers] == [(200, ["txnId"])] * 2
    wrong = [await confirm(platform, one.json()["txnId"], "not a code") for one in answers]
    assert wrong[0].json() == wrong[1].json()
    assert wrong[0].status_code == wrong[1].status_code == 400


async def test_a_token_is_a_jwt_that_the_published_keys_verify(platform: Surface) -> None:
    token = await platform.sign_in(mobile())
    published = await platform.http.get("/.well-known/jwks.json")
    claims = jwt.decode(token, KeySet.import_key_set(published.json()), algorithms=["ES256"]).claims
    assert claims["exp"] - claims["iat"] == 900
    assert claims["user_type"] == "BENEFICIARY"
    assert claims["face"] == "portal"
    assert str(UUID(claims["sub"])) == claims["sub"]
    assert not {"mobile_number", "ua", "secret_key", "user_name"} & claims.keys()


async def test_a_public_token_names_the_first_member_since_its_clients_cannot_list_them(platform: Surface) -> None:
    home = await a_home(platform, 2)
    asked = await platform.post("/v2/auth/public/generateOTP", {"mobile": home.mobile})
    body = {"otp": hashed(await code_for(platform, home.mobile)), "txnId": asked.json()["txnId"]}
    token = (await platform.post("/v2/auth/public/confirmOTP", body)).json()["token"]
    published = await platform.http.get("/.well-known/jwks.json")
    claims = jwt.decode(token, KeySet.import_key_set(published.json()), algorithms=["ES256"]).claims
    assert claims["beneficiary_reference_id"] == home.members[0]


async def test_the_published_key_set_holds_public_keys_of_tokens_and_certificates(platform: Surface) -> None:
    keys = (await platform.http.get("/.well-known/jwks.json")).json()["keys"]
    assert {key["kty"] for key in keys} >= {"EC"}
    assert all("d" not in key and "p" not in key for key in keys)
    assert len({key["kid"] for key in keys}) == len(keys)
    did = (await platform.http.get("/.well-known/did.json")).json()
    assert did["verificationMethod"]
    assert (await platform.http.get("/.well-known/dcc/keys.json")).status_code == 200


def _signed(platform: Surface, key: ECKey, kid: str) -> str:
    now = int(platform.floor.clock.now().timestamp())
    claims = {"sub": str(uuid4()), "user_type": "BENEFICIARY", "iat": now, "exp": now + 900}
    header = {"alg": "ES256", "kid": kid}
    return jwt.encode(header, {**claims, "iss": platform.floor.settings.address}, key, algorithms=["ES256"])


async def test_no_token_and_no_good_token_are_401(platform: Surface) -> None:
    token = await platform.sign_in(mobile())
    kid = (await platform.http.get("/.well-known/jwks.json")).json()["keys"][0]["kid"]
    head, body, mark = token.split(".")
    bad = [
        None,
        "x",
        "a.b.c",
        f"{head}.{body}.",
        f"{head}.{body}.{mark[:-4]}AAAA",
        f"W10.{body}.{mark}",
        f"bnVsbA.{body}.{mark}",
        f"eyJhbGciOiJub25lIn0.{body}.",
        "é.é.é",
        _signed(platform, ECKey.generate_key("P-256"), kid),
    ]
    for one in bad:
        headers = [(b"authorization", f"Bearer {one}".encode())] if one else []
        answer = await platform.http.get("/api/v2/appointment/beneficiaries", headers=headers)
        assert answer.status_code == 401, (one, answer.text)
        assert "Unauthenticated access!" in answer.text
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_expired_token_is_401(platform: Surface) -> None:
    clock = platform.floor.clock
    past = replace(clock, source=lambda: clock.now() - timedelta(minutes=16))
    tokens = TokenBook(replace(platform.floor, clock=past), platform.pool)
    await tokens.refresh()
    answer = await platform.get("/v2/appointment/beneficiaries", tokens.issue(uuid4(), "portal"))
    assert "Unauthenticated access!" in answer.text
    refused(answer, 401, "USRAUT0031")


async def test_the_captcha_of_old_clients_is_a_drawing_for_the_signed_in(platform: Surface) -> None:
    refused(await platform.post("/v2/auth/getRecaptcha", {}), 401, "USRAUT0031")
    token = await platform.sign_in(mobile())
    drawn = (await platform.post("/v2/auth/getRecaptcha", {}, token)).json()["captcha"]
    assert drawn.startswith("<svg")
    assert drawn.count("<path") == 5


async def test_a_code_for_one_purpose_is_no_good_for_another(platform: Surface) -> None:
    home, key = await a_home(platform), await a_partner_key(platform.pool, platform.floor)
    asked = {"mobile_number": home.mobile, "full_name": "Asha Kumari"}
    consent = await platform.partner("POST", "/v3/vaccination/generateOTP", key, json=asked)
    code = await code_for(platform, home.mobile)
    refused(await confirm(platform, consent.json()["txnId"], code), 400, "USRAUT0014")
    txn_id = await ask(platform, home.mobile)
    body = {"otp": hashed(await code_for(platform, home.mobile, after=code)), "txnId": txn_id}
    refused(await platform.partner("POST", "/v3/vaccination/confirmOTP", key, json=body), 401, "USRAUT0032")
