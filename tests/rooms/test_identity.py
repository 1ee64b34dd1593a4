"""Identity on real PostgreSQL: one-time passwords and their limits, accounts, tokens, API keys and staff."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from psycopg import sql

from opencowin import identity, registry
from opencowin.identity import InvalidOtp, OtpPurpose, Role, TokenBook, passwords
from opencowin.kit import signing_keys
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place, system
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, Pool, fetch_all, fetch_value, run, transaction
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.limits import count_use

pytestmark = pytest.mark.anyio

OPERATOR = system("test")
PASSWORD = "correct horse battery"
_numbers = count(1)


class MovableTime:
    """A clock's source that a test moves."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def with_settings(floor: Floor, **changes: Any) -> Floor:
    return replace(floor, settings=floor.settings.model_copy(update=changes))


def with_time(floor: Floor, time: MovableTime) -> Floor:
    return replace(floor, clock=Clock(floor.clock.zone, time))


def new_mobile() -> str:
    return str(8_200_000_000 + next(_numbers))


def new_address() -> str:
    return f"2001:db8::{next(_numbers):x}"


def wire(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


async def queued(conn: Connection, floor: Floor, txn_id: UUID) -> tuple[str, str, identity.OtpRequested]:
    """The number, the code and the news of the job that was queued for a transaction."""
    cursor = await conn.execute("SELECT payload FROM pgqueuer WHERE entrypoint = %s", (identity.OTP_REQUESTED.name,))
    news = [identity.OTP_REQUESTED.read(row[0]) for row in await cursor.fetchall()]
    one = next(found for found in news if found.txn_id == txn_id)
    return *identity.open_otp_request(floor, one), one


async def asked(conn: Connection, floor: Floor, mobile: str, **more: Any) -> tuple[UUID, str]:
    """A transaction and its code."""
    txn_id = await identity.request_otp(conn, floor, mobile, address=new_address(), **more)
    return txn_id, (await queued(conn, floor, txn_id))[1]


async def attempt(pool: Pool, verb: Callable[[Connection], Awaitable[object]]) -> type[Refusal] | None:
    """What a verb in a transaction of its own is refused with, if it is."""
    try:
        async with transaction(pool) as conn:
            await verb(conn)
    except Refusal as refused:
        return type(refused)
    return None


async def text_of_tables(conn: Connection) -> str:
    cursor = await conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = ""
    for (table,) in await cursor.fetchall():
        if table in {"locality", "postal_code", "district", "state", "block"}:
            continue
        rows = await (await conn.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))).fetchall()
        for value in (value for row in rows for value in row):
            found += " " + (value.hex() + value.decode("latin-1") if isinstance(value, bytes) else str(value))
    return found


async def test_a_code_is_sent_and_opens_an_account_once(conn: Connection, floor: Floor) -> None:
    mobile = new_mobile()
    txn_id = await identity.request_otp(conn, floor, f"0{mobile}", address=new_address(), language="hi_IN")
    sent_to, code, news = await queued(conn, floor, txn_id)
    assert (sent_to, len(code), code.isdigit(), news.language) == (mobile, 6, True, "hi")
    assert news.expires_at - news.caused_at == timedelta(seconds=floor.settings.otp_valid_seconds)
    confirmed = await identity.confirm_otp(conn, floor, wire(code).upper(), txn_id, address=new_address())
    assert (confirmed.is_new, confirmed.mobile, confirmed.purpose) == (True, mobile, OtpPurpose.SIGN_IN)
    assert await identity.account_mobile(conn, floor, confirmed.account_id) == mobile
    assert await identity.account_language(conn, confirmed.account_id) == "hi"
    again, code = await asked(conn, floor, mobile)
    second = await identity.confirm_otp(conn, floor, wire(code), again, address=new_address())
    assert (second.account_id, second.is_new) == (confirmed.account_id, False)


async def test_nothing_readable_about_a_number_or_a_code_is_stored(conn: Connection, floor: Floor) -> None:
    mobile = "8912345067"
    txn_id, code = await asked(conn, floor, mobile, detail="Xaviera Quuxley")
    await identity.confirm_otp(conn, floor, wire(code), txn_id, address=new_address())
    text = await text_of_tables(conn)
    assert str(txn_id) in text, "the search sees what is there"
    for secret in (mobile, mobile.encode().hex(), "Xaviera", wire(code)):
        assert secret not in text
    rows = await (await conn.execute("SELECT * FROM otp WHERE txn_id = %s", (txn_id,))).fetchall()
    assert code.encode() not in b"".join(value for value in rows[0] if isinstance(value, bytes))


async def test_a_code_is_good_once(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        txn_id, code = await asked(conn, floor, new_mobile())

    async def confirm(conn: Connection) -> object:
        return await identity.confirm_otp(conn, floor, wire(code), txn_id, address=new_address())

    results = await asyncio.gather(*(attempt(pool, confirm) for _ in range(4)))
    assert sorted(map(str, results)) == sorted(map(str, [None, InvalidOtp, InvalidOtp, InvalidOtp]))


async def test_a_code_ends(conn: Connection, floor: Floor) -> None:
    time = MovableTime()
    moved = with_time(floor, time)
    txn_id, code = await asked(conn, moved, new_mobile())
    time.move(seconds=floor.settings.otp_valid_seconds)
    with pytest.raises(InvalidOtp):
        await identity.confirm_otp(conn, moved, wire(code), txn_id, address=new_address())


async def test_a_code_for_one_purpose_is_no_good_for_another(conn: Connection, floor: Floor) -> None:
    status = OtpPurpose.VACCINATION_STATUS
    txn_id, code = await asked(conn, floor, new_mobile(), purpose=status, detail="Asha Devi")
    with pytest.raises(InvalidOtp):
        await identity.confirm_otp(conn, floor, wire(code), txn_id, address=new_address())
    confirmed = await identity.confirm_otp(conn, floor, wire(code), txn_id, address=new_address(), purpose=status)
    assert confirmed.detail == "Asha Devi"


async def test_wrong_tries_use_a_code_up(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        txn_id, code = await asked(conn, floor, new_mobile())
    wrong = wire(f"{(int(code) + 1) % 1_000_000:06}")

    async def guess(conn: Connection) -> object:
        return await identity.confirm_otp(conn, floor, wrong, txn_id, address=new_address())

    async def right(conn: Connection) -> object:
        return await identity.confirm_otp(conn, floor, wire(code), txn_id, address=new_address())

    results = await asyncio.gather(*(attempt(pool, guess) for _ in range(floor.settings.otp_tries)))
    assert results == [InvalidOtp] * floor.settings.otp_tries
    async with transaction(pool) as conn:
        tries = await fetch_value(conn, "SELECT tries FROM otp WHERE txn_id = %(txn)s", txn=txn_id)
    assert tries == floor.settings.otp_tries, "the refusal keeps its count"
    assert await attempt(pool, right) is InvalidOtp


async def test_a_code_survives_fewer_wrong_tries(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        txn_id, code = await asked(conn, floor, new_mobile())
    for text in ("", "zz", wire("x"))[: floor.settings.otp_tries - 1]:
        guess = text

        async def wrong(conn: Connection, guess: str = guess) -> object:
            return await identity.confirm_otp(conn, floor, guess, txn_id, address=new_address())

        assert await attempt(pool, wrong) is InvalidOtp
    async with transaction(pool) as conn:
        confirmed = await identity.confirm_otp(conn, floor, wire(code), txn_id, address=new_address())
    assert confirmed.is_new


async def test_wrong_tries_are_limited_by_address_whatever_the_transaction(pool: Pool, floor: Floor) -> None:
    strict, address = with_settings(floor, otp_failures_per_hour=4), new_address()

    async def guess(conn: Connection) -> object:
        return await identity.confirm_otp(conn, strict, wire("1"), uuid4(), address=address)

    results = [await attempt(pool, guess) for _ in range(6)]
    assert results == [InvalidOtp] * 4 + [identity.TooManyWrongOtps] * 2


async def test_wrong_tries_are_limited_by_number_whatever_the_address(pool: Pool, floor: Floor) -> None:
    mobile, seen = new_mobile(), []
    for _ in range(7):
        async with transaction(pool) as conn:
            txn_id, _ = await asked(conn, floor, mobile)
        for _ in range(floor.settings.otp_tries):

            async def guess(conn: Connection, txn_id: UUID = txn_id) -> object:
                return await identity.confirm_otp(conn, floor, wire("no"), txn_id, address=new_address())

            seen.append(await attempt(pool, guess))
    assert (
        seen == [InvalidOtp] * (6 * floor.settings.otp_tries) + [identity.TooManyWrongOtps] * floor.settings.otp_tries
    )


async def test_another_code_is_sent_only_after_the_wait(conn: Connection, floor: Floor) -> None:
    time = MovableTime()
    waiting, mobile = with_time(with_settings(floor, otp_resend_seconds=180), time), new_mobile()
    txn_id, code = await asked(conn, waiting, mobile)
    time.move(seconds=100)
    with pytest.raises(identity.OtpWait) as refused:
        await identity.request_otp(conn, waiting, mobile, address=new_address())
    assert refused.value.code == "USRAUT0018"
    assert refused.value.details == {"retry_after": 80}
    await identity.confirm_otp(conn, waiting, wire(code), txn_id, address=new_address())
    with pytest.raises(identity.OtpWait):
        await identity.request_otp(conn, waiting, mobile, address=new_address())
    time.move(seconds=80)
    assert await identity.request_otp(conn, waiting, mobile, address=new_address()) != txn_id


async def test_many_requests_for_a_number_at_once_send_one_code(pool: Pool, floor: Floor) -> None:
    waiting, mobile = with_settings(floor, otp_resend_seconds=180), new_mobile()

    async def ask(conn: Connection) -> object:
        return await identity.request_otp(conn, waiting, mobile, address=new_address())

    results = await asyncio.gather(*(attempt(pool, ask) for _ in range(8)))
    assert results.count(None) == 1
    assert results.count(identity.OtpWait) == 7


async def test_codes_are_limited_by_number_and_by_address(conn: Connection, floor: Floor) -> None:
    strict = with_settings(floor, otp_per_number_per_day=3, otp_per_address_per_hour=5)
    mobile, address = new_mobile(), new_address()
    for _ in range(3):
        await identity.request_otp(conn, strict, mobile, address=address)
    with pytest.raises(identity.TooManyOtps):
        await identity.request_otp(conn, strict, mobile, address=new_address())
    for _ in range(2):
        await identity.request_otp(conn, strict, new_mobile(), address=address)
    with pytest.raises(identity.TooManyOtps) as refused:
        await identity.request_otp(conn, strict, new_mobile(), address=address)
    assert 1 <= refused.value.retry_after <= 3600


async def test_a_number_with_members_answers_as_one_without(conn: Connection, floor: Floor) -> None:
    known, unknown = new_mobile(), new_mobile()
    await identity.open_account(conn, floor, known)
    answers = [await identity.request_otp(conn, floor, mobile, address="192.0.2.1") for mobile in (known, unknown)]
    assert [answer.version for answer in answers] == [4, 4]
    statements = []
    for mobile in (known, unknown):
        before = await fetch_value(conn, "SELECT count(*) FROM mobile_directory")
        await identity.request_otp(conn, floor, mobile, address="192.0.2.1")
        statements.append(await fetch_value(conn, "SELECT count(*) FROM mobile_directory") - before)
    assert statements == [0, 0]


@pytest.mark.parametrize("mobile", ["12345", "not a number", 0, "5000000000", "+1 202 555 0100"])
async def test_other_numbers_are_refused(conn: Connection, floor: Floor, mobile: str | int) -> None:
    with pytest.raises(identity.InvalidMobile) as refused:
        await identity.request_otp(conn, floor, mobile, address=new_address())
    assert refused.value.field == "mobile"


async def test_old_codes_are_forgotten(conn: Connection, floor: Floor) -> None:
    time = MovableTime()
    time.move(days=-2)
    txn_id, _ = await asked(conn, with_time(floor, time), new_mobile())
    fresh, _ = await asked(conn, floor, new_mobile())
    assert await identity.forget_old_otps(conn, floor) >= 1
    left = "SELECT count(*) FROM otp WHERE txn_id = ANY(%(txns)s)"
    assert await fetch_value(conn, left, txns=[txn_id, fresh]) == 1


async def test_one_number_opened_many_times_at_once_is_one_account(pool: Pool, floor: Floor) -> None:
    mobile = new_mobile()

    async def open_it() -> UUID:
        async with transaction(pool) as conn:
            return await identity.open_account(conn, floor, mobile)

    accounts = await asyncio.gather(*(open_it() for _ in range(6)))
    assert len(set(accounts)) == 1
    async with transaction(pool) as conn:
        assert await identity.account_of_mobile(conn, floor, f"+91 {mobile}") == accounts[0]
        assert await identity.account_of_mobile(conn, floor, new_mobile()) is None
        with pytest.raises(identity.AccountNotFound):
            await identity.account_mobile(conn, floor, uuid4())


async def test_the_language_of_messages_is_chosen(conn: Connection, floor: Floor) -> None:
    account = await identity.open_account(conn, floor, new_mobile(), language="xx")
    assert await identity.account_language(conn, account) == floor.country.default_language
    await identity.choose_language(conn, floor, account, "hi")
    await identity.choose_language(conn, floor, account, "xx")
    assert await identity.account_language(conn, account) == "hi"


async def book_of(pool: Pool, floor: Floor) -> TokenBook:
    book = TokenBook(floor, pool)
    await book.refresh()
    return book


def public_keys(book: TokenBook) -> KeySet:
    return KeySet([ECKey.import_key(key) for key in book.jwks()["keys"]])


def part(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert isinstance(found, dict)
    return found


async def test_a_token_is_read_by_every_process_and_by_strangers_with_the_public_key(pool: Pool, floor: Floor) -> None:
    one, other, account = await book_of(pool, floor), await book_of(pool, floor), uuid4()
    token = one.issue(account, "portal")
    assert other.read(token) == account
    claims = jwt.decode(token, public_keys(other), algorithms=["ES256"]).claims
    assert claims["exp"] - claims["iat"] == floor.settings.token_minutes * 60
    assert (claims["user_type"], claims["face"], claims["sub"]) == ("BENEFICIARY", "portal", str(account))
    assert part(token, 0)["alg"] == "ES256"
    assert all("d" not in key for key in one.jwks()["keys"])
    async with transaction(pool) as conn:
        private = await fetch_all(conn, Sealed, "SELECT private_sealed FROM signing_key")
    assert private
    assert all(b"PRIVATE" not in row.private_sealed for row in private)


class Sealed:
    """One sealed private key."""

    def __init__(self, private_sealed: bytes) -> None:
        self.private_sealed = private_sealed


async def test_a_token_ends(pool: Pool, floor: Floor) -> None:
    time = MovableTime()
    book, account = await book_of(pool, with_time(floor, time)), uuid4()
    token = book.issue(account, "portal")
    time.move(minutes=floor.settings.token_minutes - 1)
    assert book.read(token) == account
    time.move(minutes=1)
    with pytest.raises(identity.NotSignedIn):
        book.read(token)
    await asyncio.sleep(0.2)


async def test_forged_and_altered_tokens_are_refused(pool: Pool, floor: Floor) -> None:
    book = await book_of(pool, floor)
    token = book.issue(uuid4(), "portal")
    header, payload, signature = token.split(".")
    claims, kid = part(token, 1), part(token, 0)["kid"]
    public = book.jwks()["keys"][0]
    other_key = ECKey.generate_key("P-256")
    bare = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": kid}).encode()).decode().rstrip("=")
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": str(uuid4())}).encode()).decode().rstrip("=")
    secret = OctKey.import_key(json.dumps(public).encode())
    forged = [
        "",
        "a.b.c",
        "é",
        f"{header}.{changed}.{signature}",
        f"{bare}.{payload}.",
        jwt.encode({"alg": "ES256", "kid": kid}, claims, other_key),
        jwt.encode({"alg": "ES256", "kid": "unknown"}, claims, other_key),
        jwt.encode({"alg": "HS256", "kid": kid}, claims, secret),
        book.issue_status(registry.Person(uuid4(), uuid4())),
    ]
    for text in forged:
        with pytest.raises(identity.NotSignedIn):
            book.read(text)


async def test_a_token_of_another_deployment_is_refused(pool: Pool, floor: Floor) -> None:
    book = await book_of(pool, with_settings(floor, public_url="https://elsewhere.example"))
    token = book.issue(uuid4(), "portal")
    with pytest.raises(identity.NotSignedIn):
        (await book_of(pool, floor)).read(token)


async def test_a_status_token_names_one_person_and_signs_nobody_in(pool: Pool, floor: Floor) -> None:
    book, person = await book_of(pool, floor), registry.Person(uuid4(), uuid4())
    assert book.read_status(book.issue_status(person)) == person
    with pytest.raises(identity.NotSignedIn):
        book.read_status(book.issue(person.account_id, "portal"))


async def test_a_share_code_holds_for_its_time_and_its_reference(pool: Pool, floor: Floor) -> None:
    time = MovableTime()
    book = await book_of(pool, with_time(floor, time))
    code = book.share_code(12345678901234, timedelta(hours=1))
    until, mark = code.split("-")
    assert book.share_code_holds(12345678901234, code)
    longer = f"{int(until, 16) + 3600:x}-{mark}"
    for reference, text in ((12345678901235, code), (12345678901234, longer), (12345678901234, "é"), (1, "")):
        assert not book.share_code_holds(reference, text)
    time.move(hours=1, seconds=1)
    assert not book.share_code_holds(12345678901234, code)


async def test_processes_that_start_together_share_one_key(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        await conn.execute("DELETE FROM signing_key WHERE purpose = 'token'")
    books = await asyncio.gather(*(book_of(pool, floor) for _ in range(6)))
    assert {len(book.jwks()["keys"]) for book in books} == {1}
    assert len({book.jwks()["keys"][0]["kid"] for book in books}) == 1


async def test_keys_rotate_before_anybody_signs_with_the_new_one(pool: Pool, floor: Floor) -> None:
    book = await book_of(pool, floor)
    old = part(book.issue(uuid4(), "portal"), 0)["kid"]
    await age_keys(pool, "31 days")
    await book.refresh()
    assert len(book.jwks()["keys"]) >= 2, "the new key is published"
    account = uuid4()
    token = book.issue(account, "portal")
    assert part(token, 0)["kid"] == old, "but does not sign yet"
    await age_keys(pool, "11 minutes")
    await book.refresh()
    assert part(book.issue(uuid4(), "portal"), 0)["kid"] != old
    assert book.read(token) == account


async def age_keys(pool: Pool, by: str) -> None:
    async with transaction(pool) as conn:
        await conn.execute(
            """
            UPDATE signing_key SET created_at = created_at - %(by)s::interval,
                                   active_from = active_from - %(by)s::interval
            WHERE purpose = 'token'
            """,
            {"by": by},
        )


async def test_an_unknown_key_is_learned_without_a_restart(pool: Pool, floor: Floor) -> None:
    time = MovableTime()
    book, account = await book_of(pool, with_time(floor, time)), uuid4()
    async with transaction(pool) as conn:
        await conn.execute("DELETE FROM signing_key WHERE purpose = 'token'")
    token = (await book_of(pool, floor)).issue(account, "portal")
    with pytest.raises(identity.NotSignedIn):
        book.read(token)
    await asyncio.sleep(0.3)
    with pytest.raises(identity.NotSignedIn):
        book.read(token)
    time.move(seconds=11)
    with pytest.raises(identity.NotSignedIn):
        book.read(token)
    for _ in range(50):
        await asyncio.sleep(0.05)
        if part(token, 0)["kid"] in {key["kid"] for key in book.jwks()["keys"]}:
            break
    assert book.read(token) == account


async def test_what_a_retired_key_signed_ends_with_its_tokens(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        await conn.execute("DELETE FROM signing_key WHERE purpose = 'token'")
    book, account = await book_of(pool, floor), uuid4()
    token = book.issue(account, "portal")
    kid = part(token, 0)["kid"]
    async with transaction(pool) as conn:
        assert await signing_keys.retire(conn, kid, floor.clock.now())
        assert not await signing_keys.retire(conn, kid, floor.clock.now())
    await book.refresh()
    assert book.read(token) == account
    assert part(book.issue(account, "portal"), 0)["kid"] != kid
    async with transaction(pool) as conn:
        longer_ago = floor.clock.now() - timedelta(minutes=floor.settings.token_minutes + 1)
        await conn.execute("UPDATE signing_key SET retired_at = %s WHERE key_id = %s", (longer_ago, kid))
        assert kid in {key.key_id for key in await signing_keys.published(conn, "token")}
    await book.refresh()
    with pytest.raises(identity.NotSignedIn):
        book.read(token)


async def new_key(conn: Connection, floor: Floor, **changes: Any) -> tuple[UUID, str]:
    plain: dict[str, Any] = {
        "permissions": {Permission.VACCINATE},
        "place": Place(17),
        "calls_per_minute": 60,
        "calls_per_day": 1000,
    }
    return await identity.make_api_key(conn, floor, OPERATOR, "State system", **{**plain, **changes})


async def shown(conn: Connection, floor: Floor, secret: str, address: str) -> identity.Grant:
    """Who calls with this key."""
    return await identity.KeyBook(floor, lambda: nullcontext(conn)).grant(secret, address)


async def test_an_api_key_yields_a_scoped_actor_and_is_not_kept(conn: Connection, floor: Floor) -> None:
    key_id, secret = await new_key(conn, floor)
    grant = await shown(conn, floor, secret, "192.0.2.9")
    assert (grant.calls_per_minute, grant.calls_per_day) == (60, 1000)
    assert grant.actor == Actor(
        ActorKind.PARTNER, str(key_id), frozenset({Permission.VACCINATE}), place=Place(17), address="192.0.2.9"
    )
    assert secret.startswith("ocw_")
    text = await text_of_tables(conn)
    assert str(key_id) in text
    assert secret not in text
    assert secret.encode().hex() not in text
    await identity.revoke_api_key(conn, floor, OPERATOR, key_id)
    for wrong in (secret, secret[:-1], ""):
        with pytest.raises(identity.UnknownApiKey):
            await shown(conn, floor, wrong, "192.0.2.9")
    with pytest.raises(identity.UnknownApiKey):
        await identity.revoke_api_key(conn, floor, OPERATOR, key_id)


async def test_keys_that_are_shown_together_are_read_together(conn: Connection, floor: Floor) -> None:
    reads = count()

    def reading() -> AbstractAsyncContextManager[Connection]:
        next(reads)
        return nullcontext(conn)

    book = identity.KeyBook(floor, reading)
    made = [await new_key(conn, floor, calls_per_minute=1 + at) for at in range(5)]
    secrets = [secret for _, secret in made]
    calls = [*secrets, secrets[0], "unknown"]
    told = await asyncio.gather(*(book.grant(one, str(at)) for at, one in enumerate(calls)), return_exceptions=True)
    assert next(reads) == 1
    assert isinstance(told.pop(), identity.UnknownApiKey)
    grants = [one for one in told if isinstance(one, identity.Grant)]
    assert [one.calls_per_minute for one in grants] == [1, 2, 3, 4, 5, 1]
    assert [one.actor.address for one in grants] == ["0", "1", "2", "3", "4", "5"], "each call has its own address"
    await identity.revoke_api_key(conn, floor, OPERATOR, made[2][0])
    told = await asyncio.gather(*(book.grant(one, "") for one in secrets), return_exceptions=True)
    assert [type(one) for one in told].index(identity.UnknownApiKey) == 2


async def test_an_api_key_ends(conn: Connection, floor: Floor) -> None:
    time = MovableTime()
    moved = with_time(floor, time)
    _, secret = await new_key(conn, moved, expires_at=time.at + timedelta(days=1))
    assert (await shown(conn, moved, secret, "")).calls_per_day == 1000
    time.move(days=1)
    with pytest.raises(identity.UnknownApiKey):
        await shown(conn, moved, secret, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"permissions": {Permission.OPERATE}},
        {"permissions": set()},
        {"calls_per_day": 0},
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
)
async def test_unfit_api_keys_are_refused(conn: Connection, floor: Floor, changes: dict[str, Any]) -> None:
    with pytest.raises(identity.ApiKeyInvalid):
        await new_key(conn, floor, **changes)


async def test_only_operators_make_keys_and_within_their_area(conn: Connection, floor: Floor) -> None:
    def by(actor: Actor, place: Place) -> Awaitable[object]:
        vaccinate = {Permission.VACCINATE}
        return identity.make_api_key(
            conn, floor, actor, "x", permissions=vaccinate, place=place, calls_per_minute=1, calls_per_day=1
        )

    local = Actor(ActorKind.STAFF, "s", frozenset({Permission.OPERATE}), place=Place(17))
    with pytest.raises(NotPermitted):
        await by(replace(local, permissions=frozenset({Permission.MANAGE_CENTRES})), Place(17))
    for elsewhere in (Place(), Place(18)):
        with pytest.raises(NotPermitted):
            await by(local, elsewhere)
    await by(local, Place(17, 307))
    assert {key.place for key in await identity.list_api_keys(conn, floor, local)} == {Place(17, 307)}


async def new_staff(conn: Connection, floor: Floor, **changes: Any) -> tuple[identity.Staff, str]:
    plain: dict[str, Any] = {"name": "Xenobia Quill", "role": Role.VACCINATOR, "place": Place(17, 307, 5)}
    user_name = changes.pop("user_name", f"nurse{next(_numbers)}")
    return await identity.create_staff(
        conn, floor, changes.pop("actor", OPERATOR), user_name, **{**plain, "password": PASSWORD, **changes}
    )


async def test_staff_sign_in_with_the_rights_of_their_role_and_leave_at_once(conn: Connection, floor: Floor) -> None:
    made, _ = await new_staff(conn, floor)
    actor = await identity.check_password(conn, floor, made.user_name.upper(), PASSWORD, "192.0.2.3")
    assert actor.permissions == identity.permissions_of(Role.VACCINATOR)
    assert (actor.kind, actor.place, actor.address) == (ActorKind.STAFF, Place(17, 307, 5), "192.0.2.3")
    assert await identity.actor_of_staff(conn, made.staff_id, "192.0.2.3") == actor
    text = await text_of_tables(conn)
    assert "Xenobia" not in text
    assert PASSWORD not in text
    assert "$argon2id$" in text
    await identity.deactivate_staff(conn, floor, OPERATOR, made.staff_id)
    with pytest.raises(identity.NotSignedIn):
        await identity.actor_of_staff(conn, made.staff_id, "192.0.2.3")
    with pytest.raises(identity.WrongPassword):
        await identity.check_password(conn, floor, made.user_name, PASSWORD, "192.0.2.3")


async def test_a_wrong_name_and_a_wrong_password_are_refused_alike(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        made, _ = await new_staff(conn, floor)
    refusals = []
    for user_name, password in ((made.user_name, "wrong password"), (f"no-{made.user_name}", PASSWORD)):
        with pytest.raises(identity.WrongPassword) as refused:
            async with transaction(pool) as conn:
                await identity.check_password(conn, floor, user_name, password, new_address())
        refusals.append((refused.value.code, refused.value.message, refused.value.field, dict(refused.value.details)))
    assert refusals[0] == refusals[1]


async def test_an_unknown_name_costs_the_work_of_a_known_one(
    conn: Connection, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = await new_staff(conn, floor)
    checked: list[str] = []
    real = passwords._verify

    def counting(password_hash: str, password: str) -> bool:
        checked.append(password_hash.rsplit("$", 2)[0])
        return real(password_hash, password)

    monkeypatch.setattr(passwords, "_verify", counting)
    for user_name in (made.user_name, f"no-{made.user_name}"):
        with pytest.raises(identity.WrongPassword):
            await identity.check_password(conn, floor, user_name, "wrong password", new_address())
    assert len(checked) == 2
    assert checked[0] == checked[1], "the same algorithm with the same parameters"


async def test_wrong_passwords_are_limited(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        made, _ = await new_staff(conn, floor)
    here = new_address()

    async def guess(conn: Connection) -> object:
        return await identity.check_password(conn, floor, made.user_name, "wrong password", here)

    results = [await attempt(pool, guess) for _ in range(11)]
    assert results == [identity.WrongPassword] * 10 + [identity.TooManyWrongPasswords]
    with pytest.raises(identity.TooManyWrongPasswords):
        async with transaction(pool) as conn:
            await identity.check_password(conn, floor, made.user_name, PASSWORD, here)
    async with transaction(pool) as conn:
        actor = await identity.check_password(conn, floor, made.user_name, PASSWORD, new_address())
    assert actor.actor_id == str(made.staff_id)


async def test_passwords_are_generated_and_changed(conn: Connection, floor: Floor) -> None:
    made, generated = await new_staff(conn, floor, password=None)
    own = await identity.check_password(conn, floor, made.user_name, generated, new_address())
    changed = await identity.change_password(conn, floor, own, made.staff_id, "another long one")
    assert changed == "another long one"
    assert await identity.check_password(conn, floor, made.user_name, changed, new_address()) is not None
    with pytest.raises(identity.WrongPassword):
        await identity.check_password(conn, floor, made.user_name, generated, new_address())
    with pytest.raises(identity.PasswordTooShort):
        await identity.change_password(conn, floor, own, made.staff_id, "short")
    other, _ = await new_staff(conn, floor)
    with pytest.raises(NotPermitted):
        await identity.change_password(conn, floor, own, other.staff_id)


async def test_unfit_appointments_are_refused(conn: Connection, floor: Floor) -> None:
    made, _ = await new_staff(conn, floor)
    with pytest.raises(identity.UserNameTaken):
        await new_staff(conn, floor, user_name=made.user_name)
    for user_name in ("ab", "Nurse", "a b c", "a@b.c", "-abc"):
        with pytest.raises(identity.UserNameInvalid):
            await new_staff(conn, floor, user_name=user_name)
    for role, place in (
        (Role.STATE_OFFICER, Place()),
        (Role.DISTRICT_OFFICER, Place(17)),
        (Role.VERIFIER, Place(17, 307)),
    ):
        with pytest.raises(identity.RoleNeedsPlace):
            await new_staff(conn, floor, role=role, place=place)


async def test_officers_appoint_below_themselves_in_their_area(conn: Connection, floor: Floor) -> None:
    def officer(role: Role, place: Place) -> Actor:
        return Actor(ActorKind.STAFF, role.value, identity.permissions_of(role), place=place)

    state, district = officer(Role.STATE_OFFICER, Place(17)), officer(Role.DISTRICT_OFFICER, Place(17, 307))
    manager = officer(Role.CENTRE_MANAGER, Place(17, 307, 5))
    allowed = [
        (state, Role.DISTRICT_OFFICER, Place(17, 307)),
        (state, Role.VACCINATOR, Place(17, 307, 5)),
        (district, Role.CENTRE_MANAGER, Place(17, 307, 5)),
        (manager, Role.VACCINATOR, Place(17, 307, 5)),
    ]
    refused = [
        (state, Role.STATE_OFFICER, Place(17)),
        (state, Role.NATION_OFFICER, Place(17)),
        (state, Role.VACCINATOR, Place(18, 1, 5)),
        (district, Role.DISTRICT_OFFICER, Place(17, 307)),
        (district, Role.VACCINATOR, Place(17, 308, 5)),
        (manager, Role.CENTRE_MANAGER, Place(17, 307, 5)),
        (manager, Role.VACCINATOR, Place(17, 307, 6)),
        (officer(Role.VACCINATOR, Place(17, 307, 5)), Role.VERIFIER, Place(17, 307, 5)),
    ]
    for actor, role, place in refused:
        with pytest.raises(NotPermitted):
            await new_staff(conn, floor, actor=actor, role=role, place=place)
    made = [(await new_staff(conn, floor, actor=actor, role=role, place=place))[0] for actor, role, place in allowed]
    seen = await identity.list_staff(conn, floor, district)
    assert {one.staff_id for one in made} <= {one.staff_id for one in seen}
    with pytest.raises(NotPermitted):
        await identity.deactivate_staff(conn, floor, district, made[0].staff_id)


async def test_who_runs_the_campaign_leaves_a_trail(conn: Connection, floor: Floor) -> None:
    made, _ = await new_staff(conn, floor)
    key_id, _ = await new_key(conn, floor)
    await identity.deactivate_staff(conn, floor, OPERATOR, made.staff_id)
    await identity.revoke_api_key(conn, floor, OPERATOR, key_id)
    cursor = await conn.execute(
        "SELECT action FROM audit WHERE subject_id = ANY(%s) ORDER BY audit_id", ([str(made.staff_id), str(key_id)],)
    )
    assert [row[0] for row in await cursor.fetchall()] == [
        "identity.create_staff",
        "identity.make_api_key",
        "identity.deactivate_staff",
        "identity.revoke_api_key",
    ]


async def test_a_key_pair_of_any_purpose_is_kept_sealed(conn: Connection, floor: Floor) -> None:
    made = ECKey.generate_key("P-256")
    pem = made.as_pem(private=True)
    await signing_keys.hold(conn, "trial")
    await signing_keys.store(
        conn,
        floor.keyring,
        "trial",
        key_id="trial:1",
        algorithm="ES256",
        private_pem=pem,
        public_pem=made.as_pem().decode(),
        certificate_pem="certificate",
    )
    key = await signing_keys.current(conn, floor.keyring, "trial")
    assert key is not None
    assert (key.key_id, key.private_pem, key.certificate_pem) == ("trial:1", pem, "certificate")
    assert [one.public_pem for one in await signing_keys.published(conn, "trial")] == [made.as_pem().decode()]
    assert await signing_keys.current(conn, floor.keyring, "none") is None
    with pytest.raises(psycopg.errors.UniqueViolation):
        await signing_keys.store(
            conn, floor.keyring, "trial", key_id="trial:1", algorithm="ES256", private_pem=pem, public_pem=""
        )


async def test_strangers_guesses_keep_the_owner_out_neither_at_a_known_address_nor_in_a_known_browser(
    pool: Pool, floor: Floor
) -> None:
    home, browser = new_address(), uuid4().hex
    async with transaction(pool) as conn:
        made, _ = await new_staff(conn, floor)
        own = await identity.check_password(conn, floor, made.user_name, PASSWORD, home)
        await identity.begin_session(conn, floor, own, device="", browser=browser)
        for _ in range(60):
            await count_use(conn, floor.keyring, floor.clock, f"password-name:{made.user_name}", timedelta(hours=1))
    async with transaction(pool) as conn:
        with pytest.raises(identity.TooManyWrongPasswords):
            await identity.check_password(conn, floor, made.user_name, PASSWORD, new_address())
        await identity.check_password(conn, floor, made.user_name, PASSWORD, home)
        await identity.check_password(conn, floor, made.user_name, PASSWORD, new_address(), browser=browser)


async def test_keys_that_are_kept_open_a_sandbox_that_was_made_anew(conn: Connection, floor: Floor) -> None:
    _, secret = await new_key(conn, floor)
    request = await identity.ask_for_key(
        conn, floor, name="Alerts", contact="dev@alerts.example", purpose="Alerts", language="en", address=""
    )
    kept = await identity.keys_to_keep(conn)
    await run(conn, "TRUNCATE api_key, api_key_request CASCADE")
    with pytest.raises(identity.UnknownApiKey):
        await shown(conn, floor, secret, "")
    await identity.put_back_keys(conn, kept)
    assert (await shown(conn, floor, secret, "")).actor.permissions == {Permission.VACCINATE}
    assert await identity.keys_to_keep(conn) == kept
    assert str(request) in str(kept["requests"])
