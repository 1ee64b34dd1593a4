"""Accounts: a mobile number and the account that it opens; the number itself is sealed and found by keyed hash."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from opencowin.identity import queries
from opencowin.identity.refusals import AccountNotFound
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

MOBILE = "mobile"
"""Purpose of the seal and of the keyed hash of a mobile number."""


async def open_account(conn: Connection, floor: Floor, mobile: str, language: str = "en") -> UUID:
    """The account of a number, made if there is none. Raises InvalidMobile."""
    account_id, _ = await find_or_make(conn, floor, floor.country.normalise_mobile(mobile), language)
    return account_id


async def open_closed_account(conn: Connection, floor: Floor) -> UUID:
    """An account without a number, which nobody can sign in to: for a person whom no household answers for."""
    fresh = uuid4()
    language = floor.country.default_language
    await queries.insert_account(conn, fresh, mobile_sealed=None, language=language, at=floor.clock.now())
    return fresh


async def find_or_make(conn: Connection, floor: Floor, number: str, language: str) -> tuple[UUID, bool]:
    """The account of a normalised number, and whether it was made now; two callers at once make one."""
    mobile_hash, fresh = floor.keyring.index(number, MOBILE), uuid4()
    if not await queries.reserve_mobile(conn, mobile_hash, fresh):
        known = await queries.account_of_hash(conn, mobile_hash)
        if known is None:
            raise AccountNotFound
        return known, False
    await queries.insert_account(
        conn,
        fresh,
        mobile_sealed=floor.keyring.seal(number, MOBILE),
        language=known_language(floor, language),
        at=floor.clock.now(),
    )
    return fresh, True


async def open_account_without_mobile(conn: Connection, floor: Floor, account_id: UUID, language: str = "en") -> None:
    """An account for somebody without a phone, who was registered at a centre."""
    await queries.insert_account(
        conn, account_id, mobile_sealed=None, language=known_language(floor, language), at=floor.clock.now()
    )


async def account_of_mobile(conn: Connection, floor: Floor, mobile: str) -> UUID | None:
    """The account of a number. For the system only: no answer to a caller may depend on it. Raises InvalidMobile."""
    return await queries.account_of_hash(conn, floor.keyring.index(floor.country.normalise_mobile(mobile), MOBILE))


async def account_mobile(conn: Connection, floor: Floor, account_id: UUID) -> str:
    """The number of an account, national digits; empty when a national ID opened it. Raises AccountNotFound."""
    sealed = await queries.mobile_of_account(conn, account_id)
    if sealed is None:
        raise AccountNotFound
    return floor.keyring.open(sealed, MOBILE) if sealed else ""


async def reached_accounts(conn: Connection, floor: Floor, account_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Where and how accounts are reached: the number, empty where there is none, and the language of messages."""
    return {
        one.account_id: (floor.keyring.open(one.mobile_sealed, MOBILE) if one.mobile_sealed else "", one.language)
        for one in await queries.reached(conn, account_ids)
    }


async def account_language(conn: Connection, account_id: UUID) -> str:
    """The language of an account's messages, a code of the country pack. Raises AccountNotFound."""
    language = await queries.language_of_account(conn, account_id)
    if language is None:
        raise AccountNotFound
    return language


async def choose_language(conn: Connection, floor: Floor, account_id: UUID, language: str) -> None:
    """Let messages to this account be in another language; one that the country does not list changes nothing."""
    if known := floor.country.language(language):
        await queries.set_language(conn, account_id, known.code)


def known_language(floor: Floor, language: str) -> str:
    """The code of a language that the country lists, or else its default."""
    known = floor.country.language(language)
    return known.code if known else floor.country.default_language
