"""One-time passwords: asked for, sent, and confirmed once; only a keyed hash of the code is kept."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from opencowin.identity import queries
from opencowin.identity.accounts import MOBILE, find_or_make, known_language
from opencowin.identity.model import OTP_REQUESTED, Confirmed, OtpPurpose, OtpRequested
from opencowin.identity.queries import OtpRow
from opencowin.identity.refusals import InvalidOtp, OtpWait, TooManyOtps, TooManyWrongOtps
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.throttle import DAY, HOUR, Limit, count_all, wait_for

OTP_CODE, OTP_DETAIL = "otp.code", "otp.detail"
"""Purposes of seals and keyed hashes."""
CODES = 1_000_000
WRONG_PER_NUMBER = 6
"""Times the wrong tries of one password, in an hour: an attacker who asks for many gains little."""
KEPT_FOR = timedelta(days=1)


async def request_otp(
    conn: Connection,
    floor: Floor,
    mobile: str | int,
    *,
    address: str,
    purpose: OtpPurpose = OtpPurpose.SIGN_IN,
    language: str = "en",
    detail: str | None = None,
) -> UUID:
    """Have a one-time password sent to a number; the transaction to confirm it under.

    Does the same for every number, whether it has an account or not. `detail` is kept, sealed, for whoever confirms.
    Raises InvalidMobile, OtpWait, TooManyOtps.
    """
    number = floor.country.normalise_mobile(mobile)
    mobile_hash, now = floor.keyring.index(number, MOBILE), floor.clock.now()
    await queries.hold_number(conn, mobile_hash)
    _refuse_if_just_asked(floor, await queries.last_asked_at(conn, mobile_hash), now)
    await _count_request(conn, floor, mobile_hash, address)
    row, news = new_otp(floor, number, purpose=purpose, language=language, now=now, detail=detail)
    await queries.insert_otp(conn, row)
    await OTP_REQUESTED.enqueue(conn, news)
    return row.txn_id


def new_otp(
    floor: Floor, number: str, *, purpose: OtpPurpose, language: str, now: datetime, detail: str | None = None
) -> tuple[OtpRow, OtpRequested]:
    """A one-time password for a normalised number: what is kept of it, and the news that sends it."""
    code, txn_id = f"{secrets.randbelow(CODES):06}", uuid4()
    row = OtpRow(
        txn_id=txn_id,
        mobile_hash=floor.keyring.index(number, MOBILE),
        mobile_sealed=floor.keyring.seal(number, MOBILE),
        code_hash=_code_hash(floor, txn_id, hashlib.sha256(code.encode()).hexdigest()),
        purpose=purpose.value,
        language=known_language(floor, language),
        created_at=now,
        expires_at=now + timedelta(seconds=floor.settings.otp_valid_seconds),
        tries=0,
        spent_at=None,
        detail_sealed=None if detail is None else floor.keyring.seal(detail, OTP_DETAIL),
    )
    return row, _news(floor, row, code)


async def confirm_otp(
    conn: Connection,
    floor: Floor,
    otp_hash: str,
    txn_id: UUID,
    *,
    address: str,
    purpose: OtpPurpose = OtpPurpose.SIGN_IN,
) -> Confirmed:
    """Confirm a one-time password by the hexadecimal SHA-256 of its six digits; opens the number's account.

    Raises InvalidOtp (keeps the count) for whatever is not right: wrong, unknown, expired, used, used up, or asked for
    another purpose; and TooManyWrongOtps.
    """
    row = await queries.hold_otp(conn, txn_id)
    limits = wrong_tries(floor, row, address)
    if wait := await wait_for(conn, floor, limits):
        raise TooManyWrongOtps(retry_after=wait)
    now = floor.clock.now()
    right = is_right(floor, row, txn_id, otp_hash, purpose, now)
    if row is None or not right:
        await _count_wrong(conn, floor, row, limits, now)
        raise InvalidOtp(field="otp")
    await queries.spend_otp(conn, txn_id, now)
    number = floor.keyring.open(row.mobile_sealed, MOBILE)
    account_id, is_new = await find_or_make(conn, floor, number, row.language)
    if purpose is OtpPurpose.SIGN_IN:
        await queries.note_sign_in(conn, account_id, now)
    detail = None if row.detail_sealed is None else floor.keyring.open(row.detail_sealed, OTP_DETAIL)
    return Confirmed(account_id, is_new, number, purpose, detail)


def open_otp_request(floor: Floor, news: OtpRequested) -> tuple[str, str]:
    """The number (national digits) and the code of a queued request, for whoever sends the message."""
    mobile = floor.keyring.open(base64.b64decode(news.mobile_sealed), MOBILE)
    return mobile, floor.keyring.open(base64.b64decode(news.code_sealed), OTP_CODE)


async def forget_old_otps(conn: Connection, floor: Floor) -> int:
    """Delete one-time passwords that are over since a day; how many. For the worker, now and then."""
    return await queries.delete_otps(conn, floor.clock.now() - KEPT_FOR)


def is_right(  # noqa: PLR0917 (a code is judged by all of these)
    floor: Floor, row: OtpRow | None, txn_id: UUID, otp_hash: str, purpose: OtpPurpose, now: datetime
) -> bool:
    """Whether the code is the one that was sent, and still good for this; as long to judge for an unknown password."""
    given = _code_hash(floor, txn_id, otp_hash.strip().lower())
    fits = hmac.compare_digest(given, row.code_hash if row else bytes(len(given)))
    return fits and row is not None and _is_good(floor, row, purpose, now)


def _code_hash(floor: Floor, txn_id: UUID, wire_form: str) -> bytes:
    return floor.keyring.index(f"{txn_id}:{wire_form}", OTP_CODE)


def _refuse_if_just_asked(floor: Floor, last: datetime | None, now: datetime) -> None:
    """The wait runs from the last password asked for, whether it was used or not."""
    if last is None:
        return
    left = floor.settings.otp_resend_seconds - (now - last).total_seconds()
    if left > 0:
        raise OtpWait(retry_after=max(1, round(left)))


def request_limits(floor: Floor, mobile_hash: bytes, address: str) -> tuple[Limit, Limit]:
    """How many one-time passwords a number may have, and an address may ask for."""
    return (
        Limit(f"otp-number:{mobile_hash.hex()}", floor.settings.otp_per_number_per_day, DAY),
        Limit(f"otp-address:{address}", floor.settings.otp_per_address_per_hour, HOUR),
    )


async def _count_request(conn: Connection, floor: Floor, mobile_hash: bytes, address: str) -> None:
    limits = request_limits(floor, mobile_hash, address)
    if wait := await wait_for(conn, floor, limits):
        raise TooManyOtps(retry_after=wait)
    await count_all(conn, floor, limits)


def wrong_tries(floor: Floor, row: OtpRow | None, address: str) -> list[Limit]:
    """How many wrong codes an address, and a number, may have tried."""
    by_address = Limit(f"otp-wrong-address:{address}", floor.settings.otp_failures_per_hour, HOUR)
    if row is None:
        return [by_address]
    most = floor.settings.otp_tries * WRONG_PER_NUMBER
    return [Limit(f"otp-wrong-number:{row.mobile_hash.hex()}", most, HOUR), by_address]


def _is_good(floor: Floor, row: OtpRow, purpose: OtpPurpose, now: datetime) -> bool:
    return (
        row.spent_at is None
        and row.tries < floor.settings.otp_tries
        and now < row.expires_at
        and row.purpose == purpose.value
    )


async def _count_wrong(conn: Connection, floor: Floor, row: OtpRow | None, limits: list[Limit], now: datetime) -> None:
    """Count a wrong try; the last that is allowed uses the password up."""
    if row is not None:
        await queries.count_wrong_try(conn, row.txn_id, floor.settings.otp_tries, now)
    await count_all(conn, floor, limits)


def _news(floor: Floor, row: OtpRow, code: str) -> OtpRequested:
    return OtpRequested(
        txn_id=row.txn_id,
        mobile_sealed=base64.b64encode(row.mobile_sealed).decode(),
        code_sealed=base64.b64encode(floor.keyring.seal(code, OTP_CODE)).decode(),
        language=row.language,
        caused_at=row.created_at,
        expires_at=row.expires_at,
        spoken=row.purpose == OtpPurpose.ASSISTANCE.value,
    )
