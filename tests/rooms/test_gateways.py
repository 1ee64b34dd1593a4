"""Messages reach real counterparts on loopback; what is slow, down, doubling or lying loses and doubles nothing."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from opencowin import identity, notifications
from opencowin.kit.country import PackBroken
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import Carriage, Draft, Gateway, Kind, Medium, Priority, Receipt, Router, Template
from tests import builders
from tests.carriers import http_service, message_centre

pytestmark = pytest.mark.anyio
BODY = {"to": "{recipient}", "message": "{text}", "from": "{sender}", "ref": "{reference}", "dlt": "{template_id}"}


@pytest.fixture
async def pool(pool: Pool) -> AsyncIterator[Pool]:
    """Where nothing waits once a test is over."""
    yield pool
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM message")
        await run(conn, "DELETE FROM gateway_day")


def sms(address: str, name: str = "first", **facts: Any) -> Gateway:
    """A gateway over HTTP."""
    return Gateway(
        name=name,
        medium=Medium.SMS,
        kind=Kind.HTTP,
        address=address,
        body=BODY,
        sender="COWIN",
        per_second=5000,
        **facts,
    )


def a_draft(text: str = "Your appointment has moved.", **facts: Any) -> Draft:
    """A message to somebody."""
    said: dict[str, Any] = {
        "cause_id": uuid4(),
        "template": Template.MOVED,
        "language": "en",
        "address": builders.mobile(),
        "text": text,
        "caused_at": datetime.now(UTC),
    }
    return Draft(**said | facts)


async def write(pool: Pool, floor: Floor, *drafts: Draft, carriage: Carriage | None = None) -> None:
    """Messages that wait to be handed on."""
    async with transaction(pool) as conn:
        await notifications.write(conn, floor, carriage or Carriage(), drafts)


async def state(pool: Pool, draft: Draft) -> str:
    """What became of a message."""
    async with transaction(pool) as conn:
        return str(await fetch_value(conn, "SELECT state FROM message WHERE cause_id = %(id)s", id=draft.cause_id))


def router(pool: Pool, floor: Floor, *gateways: Gateway, **secrets: str) -> Router:
    """The router of a deployment with these gateways."""
    kept = {name: SecretStr(secret) for name, secret in secrets.items()}
    ready = replace(floor, settings=floor.settings.model_copy(update={"channel_secrets": kept}))
    return notifications.router_of(pool, ready, Carriage(gateway=gateways))


def in_a_while(floor: Floor, **after: float) -> Floor:
    """The same deployment, later."""
    later = datetime.now(UTC) + timedelta(**after)
    return replace(floor, clock=replace(floor.clock, source=lambda: later))


async def test_a_gateway_gets_number_text_sender_and_the_regulators_number(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        ids = {"moved": "1107160000000000001", "moved.hi": "1107160000000000002"}
        by = router(pool, floor, sms(double.address + "/send", template_ids=ids), first="token")
        english, hindi = a_draft(), a_draft("बदल गई", language="hi")
        await write(pool, floor, english, hindi)
        assert (await notifications.dispatch(pool, floor, by)).sent == 2
        bodies = {body["ref"]: body for body in (json.loads(raw) for _, _, raw in double.given)}
        first = bodies[english.cause_id.hex]
        assert first["to"] == floor.country.mobile.international(english.address)
        assert (first["from"], first["message"], first["dlt"]) == ("COWIN", english.text, "1107160000000000001")
        assert bodies[hindi.cause_id.hex]["dlt"] == "1107160000000000002"
        assert double.given[0][1]["Authorization"] == "Bearer token"
        await by.close()
    async with transaction(pool) as conn:
        kept = await fetch_value(conn, "SELECT count(*) FROM message WHERE text_sealed IS NOT NULL")
    assert kept == 0, "what was sent is not kept"


async def test_a_one_time_password_overtakes_what_was_written_before(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by = router(pool, floor, sms(double.address))
        many = [a_draft("A place is free.", priority=Priority.MANY) for _ in range(5)]
        own, otp = a_draft(), a_draft("482913", template=Template.OTP, priority=Priority.URGENT)
        awake = Carriage(quiet=notifications.Quiet(start=time(1), end=time(1)))
        await write(pool, floor, *many, own, otp, carriage=awake)
        await notifications.dispatch(pool, floor, by, most=2)
        assert [json.loads(raw)["ref"] for _, _, raw in double.given] == [otp.cause_id.hex, own.cause_id.hex]
        await by.close()


async def test_when_the_first_gateway_is_down_the_second_carries(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by = router(pool, floor, sms("http://127.0.0.1:9", "down"), sms(double.address, "up"))
        drafts = [a_draft() for _ in range(20)]
        await write(pool, floor, *drafts)
        assert (await notifications.dispatch(pool, floor, by)).sent == 20
        assert sorted(json.loads(raw)["ref"] for _, _, raw in double.given) == sorted(d.cause_id.hex for d in drafts)
        await by.close()


async def test_when_all_are_down_nothing_is_lost_and_it_goes_out_later(pool: Pool, floor: Floor) -> None:
    draft = a_draft()
    await write(pool, floor, draft)
    down = router(pool, floor, sms("http://127.0.0.1:9"))
    assert (await notifications.dispatch(pool, floor, down)).sent == 0
    assert (await notifications.dispatch(pool, floor, down)).taken == 0, "it is not tried again at once"
    async with http_service() as double:
        up = router(pool, floor, sms(double.address))
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=1), up)).sent == 1
        await up.close()
    await down.close()


async def test_a_busy_gateway_is_asked_again_and_a_refusal_is_final(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by, busy, wrong = router(pool, floor, sms(double.address)), a_draft(), a_draft()
        double.status = 429
        await write(pool, floor, busy)
        await notifications.dispatch(pool, floor, by)
        assert await state(pool, busy) == "queued"
        double.status = 400
        await write(pool, floor, wrong)
        await notifications.dispatch(pool, floor, by)
        assert await state(pool, wrong) == "failed"
        await by.close()


async def test_a_lost_answer_doubles_nothing_until_a_receipt_tells(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by = router(pool, floor, sms(double.address, seconds=0.2))
        double.wait, draft = 0.6, a_draft()
        await write(pool, floor, draft)
        await notifications.dispatch(pool, floor, by)
        assert await state(pool, draft) == "unsure"
        double.wait = 0
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=2), by)).taken == 0
        async with transaction(pool) as conn:
            told = await notifications.note_receipt(
                conn, floor, "first", draft.cause_id.hex, Receipt.DELIVERED, ours=True
            )
        assert told
        assert await state(pool, draft) == "sent"
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=10), by)).taken == 0
        assert len(double.given) == 1
        await by.close()


async def test_what_no_receipt_told_of_is_sent_again_in_the_end(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by = router(pool, floor, sms(double.address, seconds=0.2))
        double.wait, draft = 0.6, a_draft()
        await write(pool, floor, draft)
        await notifications.dispatch(pool, floor, by)
        double.wait = 0
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=6), by)).sent == 1
        refs = {json.loads(raw)["ref"] for _, _, raw in double.given}
        assert refs == {draft.cause_id.hex}, "both times under the same reference"
        await by.close()


async def test_receipts_are_believed_of_ones_own_messages_alone_and_once(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by, draft = router(pool, floor, sms(double.address)), a_draft()
        await write(pool, floor, draft)
        await notifications.dispatch(pool, floor, by)
        async with transaction(pool) as conn:
            assert not await notifications.note_receipt(conn, floor, "other", "g1", Receipt.DELIVERED)
            assert not await notifications.note_receipt(conn, floor, "first", "g99", Receipt.DELIVERED)
            assert not await notifications.note_receipt(conn, floor, "first", "no uuid", Receipt.DELIVERED, ours=True)
            for told in (Receipt.DELIVERED, Receipt.DELIVERED, Receipt.UNDELIVERED):
                assert await notifications.note_receipt(conn, floor, "first", "g1", told)
            assert await fetch_value(conn, "SELECT receipt FROM message WHERE receipt IS NOT NULL") == "delivered"
        assert await state(pool, draft) == "sent"
        await by.close()


async def test_two_workers_hand_on_each_message_once(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        one, other = router(pool, floor, sms(double.address)), router(pool, floor, sms(double.address))
        double.wait = 0.05
        await write(pool, floor, *[a_draft() for _ in range(120)])
        rounds = [notifications.dispatch(pool, floor, by, most=30) for by in (one, other) * 3]
        assert sum(done.sent for done in await asyncio.gather(*rounds)) == 120
        assert len({json.loads(raw)["ref"] for _, _, raw in double.given}) == len(double.given) == 120
        await one.close()
        await other.close()


async def test_what_a_day_may_cost_is_bounded_but_not_for_one_time_passwords(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by = router(pool, floor, sms(double.address, units_per_day=3))
        await write(pool, floor, *[a_draft("Zwei Teile: " + "x" * 200) for _ in range(3)])
        await notifications.dispatch(pool, floor, by)
        assert len(double.given) == 1, "two parts of three units are spent, the next would be the fourth"
        await write(
            pool, floor, *[a_draft("482913", template=Template.OTP, priority=Priority.URGENT) for _ in range(3)]
        )
        await notifications.dispatch(pool, floor, by)
        assert len(double.given) == 4
        await by.close()


async def test_a_broken_draft_fails_alone(pool: Pool, floor: Floor) -> None:
    scribe = notifications.Scribe(pool, floor, Carriage())
    good, broken = [a_draft() for _ in range(5)], a_draft(language="\x00")
    results = await asyncio.gather(*(scribe.deliver(one) for one in [*good, broken]), return_exceptions=True)
    assert [result is None for result in results] == [True] * 5 + [False]
    assert [await state(pool, one) for one in good] == ["queued"] * 5


async def test_alerts_keep_the_quiet_hours(pool: Pool, floor: Floor) -> None:
    quiet = notifications.Quiet()
    zone = floor.country.zone
    late, early = datetime(2026, 1, 5, 23, 30, tzinfo=zone), datetime(2026, 1, 5, 5, 0, tzinfo=zone)
    assert quiet.until(late) == datetime(2026, 1, 6, 8, 0, tzinfo=zone)
    assert quiet.until(early) == datetime(2026, 1, 5, 8, 0, tzinfo=zone)
    assert quiet.until(noon := early.replace(hour=12)) == noon


async def test_a_message_centre_takes_gives_receipts_and_is_believed(pool: Pool, floor: Floor) -> None:
    async with message_centre() as centre:
        gateway = Gateway(
            name="centre", medium=Medium.SMS, kind=Kind.SMPP, address=f"127.0.0.1:{centre.port}", user="opencowin",
            sender="COWIN", seconds=3,
        )  # fmt: skip
        by = router(pool, floor, gateway, centre="secret")
        await centre.behave(receipts=2)
        latin, wide, long = a_draft(), a_draft("आपकी बुकिंग बदल गई है"), a_draft("x" * 500)
        await write(pool, floor, latin, wide, long)
        assert (await notifications.dispatch(pool, floor, by)).sent == 3
        assert {one["text"] for one in centre.given} == {latin.text, wide.text, long.text}
        numbers = {floor.country.mobile.international(one.address).removeprefix("+") for one in (latin, wide, long)}
        assert {one["to"] for one in centre.given} == numbers
        async with asyncio.timeout(10):
            while await delivered(pool) < 3:
                await asyncio.sleep(0.05)
                await notifications.dispatch(pool, floor, by)
        await centre.behave(status=0x58)
        throttled = a_draft()
        await write(pool, floor, throttled)
        await notifications.dispatch(pool, floor, by)
        assert await state(pool, throttled) == "queued"
        await centre.behave(status=0x0B)
        refused = a_draft()
        await write(pool, floor, refused)
        await notifications.dispatch(pool, floor, by)
        assert await state(pool, refused) == "failed"
        await by.close()


async def delivered(pool: Pool) -> int:
    """How many receipts of delivery there are."""
    async with transaction(pool) as conn:
        return int(await fetch_value(conn, "SELECT count(*) FROM message WHERE receipt = 'delivered'"))


class Letters:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        """Take a letter."""
        if "refused" in envelope.rcpt_tos[0]:
            return "550 no such person"
        self.contents.append(envelope.content)
        return "250 taken"


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_mail_server_takes_letters_and_refuses_some(pool: Pool, floor: Floor) -> None:
    letters = Letters()
    port = free_port()
    server = Controller(letters, hostname="127.0.0.1", port=port)
    server.start()
    try:
        gateway = Gateway(
            name="mail", medium=Medium.EMAIL, kind=Kind.SMTP, address=f"127.0.0.1:{port}", sender="cowin@example.org"
        )
        by = router(pool, floor, gateway)
        good = a_draft("आपका प्रमाणपत्र तैयार है", address="asha@example.org", medium=Medium.EMAIL)
        bad = a_draft(address="refused@example.org", medium=Medium.EMAIL)
        await write(pool, floor, good, bad)
        assert (await notifications.dispatch(pool, floor, by)).sent == 1
        assert await state(pool, bad) == "failed"
        assert f"<{good.cause_id.hex}@example.org>".encode() in letters.contents[0]
        await by.close()
    finally:
        server.stop()


async def test_telegram_is_asked_by_its_bot_api(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        double.answers = lambda number: {"ok": True, "result": {"message_id": number}}
        gateway = Gateway(name="bot", medium=Medium.TELEGRAM, kind=Kind.TELEGRAM, address=double.address)
        by = router(pool, floor, gateway, bot="7:token")
        good = a_draft("Places in 110001", address="4242", medium=Medium.TELEGRAM)
        await write(pool, floor, good)
        assert (await notifications.dispatch(pool, floor, by)).sent == 1
        path, _, raw = double.given[0]
        assert path == "/bot7:token/sendMessage"
        assert json.loads(raw) == {"chat_id": 4242, "text": good.text, "disable_notification": True}
        double.status = 403
        gone = a_draft(address="4243", medium=Medium.TELEGRAM)
        await write(pool, floor, gone)
        await notifications.dispatch(pool, floor, by)
        assert await state(pool, gone) == "failed"
        await by.close()


def opened(body: bytes, device: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a device reads of a push message: RFC 8291 and RFC 8188, written here anew."""
    salt, length, sender = body[:16], body[20], body[21 : 21 + body[20]]
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
    ours = point(device)
    info = b"WebPush: info\x00" + ours + sender
    secret = HKDF(hashes.SHA256(), 32, auth, info).derive(device.exchange(ec.ECDH(), theirs))
    key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
    nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
    return AESGCM(key).decrypt(nonce, body[21 + length :], None).rstrip(b"\x00")[:-1]


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key as push services write it."""
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)


def plain(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_a_push_service_sees_ciphertext_and_the_device_reads_it(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        device, auth, own = ec.generate_private_key(ec.SECP256R1()), b"a" * 16, ECKey.generate_key("P-256")
        gateway = Gateway(
            name="push", medium=Medium.WEB_PUSH, kind=Kind.WEB_PUSH, address=double.address, sender="help@example.org"
        )
        by = router(pool, floor, gateway, push=own.as_pem(private=True).decode())
        keys = {"p256dh": plain(point(device)), "auth": plain(auth)}
        where = json.dumps({"endpoint": double.address + "/topic", "keys": keys})
        draft = a_draft("A place is free in 110001", address=where, medium=Medium.WEB_PUSH)
        await write(pool, floor, draft)
        assert (await notifications.dispatch(pool, floor, by)).sent == 1
        _, headers, body = double.given[0]
        assert b"110001" not in body
        assert opened(body, device, auth).decode() == draft.text
        token = headers["Authorization"].split("t=")[1].split(",")[0]
        claims = jwt.decode(token, own, algorithms=["ES256"]).claims
        assert (claims["aud"], claims["sub"]) == (double.address, "mailto:help@example.org")
        double.status = 410
        async with transaction(pool) as conn:
            account = await identity.open_account(conn, floor, builders.mobile())
            address = notifications.PushAddress(double.address + "/topic", **keys)
            carriage, actor = Carriage(gateway=(gateway,)), builders.citizen(account)
            for _ in range(2):
                await notifications.add_device(conn, floor, carriage, actor, address)
            for wrong in ({"endpoint": "https://127.0.0.1/inner"}, {"auth": "YQ"}, {"p256dh": "no key"}):
                with pytest.raises(notifications.DeviceInvalid):
                    await notifications.add_device(conn, floor, carriage, actor, replace(address, **wrong))
        await write(pool, floor, a_draft(address=address.written, medium=Medium.WEB_PUSH))
        await notifications.dispatch(pool, floor, by)
        async with transaction(pool) as conn:
            left = "SELECT count(*) FROM device WHERE account_id = %(id)s"
            assert await fetch_value(conn, left, id=account) == 0, "a device that is gone is forgotten"
        inner = json.dumps({"endpoint": "https://127.0.0.1/inner", "keys": keys})
        attack = a_draft(address=inner, medium=Medium.WEB_PUSH)
        await write(pool, floor, attack)
        await notifications.dispatch(pool, floor, by)
        assert await state(pool, attack) == "failed", "no address of an inner network is called"
        await by.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's own, of other libraries
async def test_any_service_of_apprise_carries_too(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        address = double.address.replace("http://", "json://") + "/{recipient}?:key={secret}"
        gateway = Gateway(name="many", medium=Medium.SMS, kind=Kind.APPRISE, address=address)
        by, draft = router(pool, floor, gateway, many="s3"), a_draft()
        await write(pool, floor, draft)
        assert (await notifications.dispatch(pool, floor, by)).sent == 1
        path, _, raw = double.given[0]
        assert path == "/" + floor.country.mobile.international(draft.address)
        assert json.loads(raw)["message"] == draft.text
        await by.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[gateway]]\nname = 'Bad Name'\nmedium='sms'\nkind='smpp'\naddress='x:1'", "needs a name"),
        ("[[gateway]]\nname = 'a'\nmedium='email'\nkind='smpp'\naddress='x:1'", "does not carry"),
        ("[[gateway]]\nname = 'a'\nmedium='sms'\nkind='http'\naddress='x:1'", "body says"),
        ("[[gateway]]\nname = 'a'\nmedium='pigeon'\nkind='http'\naddress='x:1'", "medium"),
        ("[[gateway]\n", "channels.toml"),
        ("[[gateway]]\nname='a'\nmedium='sms'\nkind='smpp'\naddress='x:1'\n" * 2, "listed twice"),
    ],
)
def test_a_wrong_list_of_gateways_is_told_before_anything_starts(
    floor: Floor, tmp_path: Any, text: str, said: str
) -> None:
    path = tmp_path / "channels.toml"
    path.write_text(text, "utf-8")
    settings = floor.settings.model_copy(update={"channels_file": path})
    with pytest.raises(PackBroken) as refused:
        notifications.read_carriage(replace(floor, settings=settings))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("x" * 160, 1), ("x" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("अ" * 70, 1), ("अ" * 71, 2), ("अ" * 135, 3)],
)
def test_parts_of_an_sms_are_counted_as_networks_count_them(text: str, parts: int) -> None:
    assert notifications.sms_parts(text) == parts
