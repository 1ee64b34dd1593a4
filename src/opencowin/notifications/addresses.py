"""Addresses of a household beyond its mobile number: asked for, proved, used, and ended by whoever holds them."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from opencowin import alerts, identity
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.country import InvalidMobile
from opencowin.kit.db import Connection
from opencowin.kit.errors import Conflict, Invalid, NotFound
from opencowin.kit.floor import Floor
from opencowin.kit.limits import count_use
from opencowin.notifications import address_queries as queries
from opencowin.notifications import device_queries
from opencowin.notifications.address_queries import StoredAddress, StoredProof
from opencowin.notifications.gateways import Carriage, Kind
from opencowin.notifications.model import Draft, Medium, Priority
from opencowin.notifications.sealed import RECIPIENT
from opencowin.notifications.sending import write
from opencowin.notifications.templates import Template, read_texts

MOST = 5
CODE_LENGTH, CODE_TRIES = 8, 5
TOKEN_BYTES = 24
LASTS = timedelta(hours=1)
ASKED_BY_HOUSEHOLD, ASKED_OF_ADDRESS, DAY = 10, 3, timedelta(days=1)
"""Codes that a household may have sent in a day, and that one address may be sent."""
WRITTEN_TO = (Medium.EMAIL, Medium.SIGNAL)
"""Media to whose addresses a code is sent; in a Telegram chat it is the person who writes first."""
PROOF = "address.proof"
_ABROAD = re.compile(r"\+[1-9][0-9]{7,14}")


class AddressInvalid(Invalid):
    """Write an e-mail address, or a number with its country code."""

    code = "MSG0004"


class TooManyAddresses(Conflict):
    """You have {most} addresses already: remove one first."""

    code = "MSG0005"


class ProofWrong(Invalid):
    """This code is not right, or is too old. Check it, or ask for another one."""

    code = "MSG0006"
    commits = True


class TooManyProofs(Conflict):
    """Too many codes were asked for. Please try again tomorrow."""

    code = "MSG0007"


class WayNotOffered(NotFound):
    """Messages cannot be sent this way here."""

    code = "MSG0008"


@dataclass(frozen=True, slots=True)
class HouseholdAddress:
    """An address that is proved; `key` names it in a form."""

    medium: Medium
    address: str
    key: str


@dataclass(frozen=True, slots=True)
class Ways:
    """How word reaches a household, and how else it could."""

    mobile: str
    sms_last: bool
    devices: int
    addresses: tuple[HouseholdAddress, ...]
    proving: tuple[HouseholdAddress, ...]
    offered: tuple[Medium, ...]


def offered_media(floor: Floor, carriage: Carriage) -> tuple[Medium, ...]:
    """By what a household may be reached here: what a gateway carries; in demo mode what the outbox can show."""
    shown = {Medium.EMAIL, Medium.SIGNAL} if floor.settings.demo else set()
    return tuple(one for one in (Medium.EMAIL, Medium.TELEGRAM, Medium.SIGNAL) if one in shown or carriage.of(one))


async def ways_of(conn: Connection, floor: Floor, carriage: Carriage, actor: Actor) -> Ways:
    """How word reaches the actor's household. Raises NotPermitted."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    found = await queries.ways_of(conn, [account])
    proving = await queries.proofs_of(conn, account, floor.clock.now() - LASTS)
    return Ways(
        mobile=await identity.account_mobile(conn, floor, account),
        sms_last=any(one.medium == Medium.SMS for one in found),
        devices=sum(one.medium == Medium.WEB_PUSH for one in found),
        addresses=tuple(_shown(floor, one) for one in await queries.of_account(conn, account)),
        proving=tuple(
            HouseholdAddress(Medium(one.medium), floor.keyring.open(one.address_sealed, RECIPIENT), "")
            for one in proving
            if one.address_sealed is not None and one.tries < CODE_TRIES
        ),
        offered=offered_media(floor, carriage),
    )


async def ask_proof(  # noqa: PLR0917 (said in one breath: let this medium's address be the actor's)
    conn: Connection, floor: Floor, carriage: Carriage, actor: Actor, medium: Medium, written: str
) -> None:
    """Send a code to an address that shall be the actor's; nothing else is sent there before it comes back.

    Raises NotPermitted, WayNotOffered, AddressInvalid, TooManyAddresses, TooManyProofs.
    """
    account = await _may_add(conn, floor, carriage, actor, medium)
    if medium not in WRITTEN_TO:
        raise WayNotOffered(field="medium")
    address = _normalised(floor, medium, written)
    for what, most in ((f"address by {account}", ASKED_BY_HOUSEHOLD), (f"address at {address}", ASKED_OF_ADDRESS)):
        if await count_use(conn, floor.keyring, floor.clock, what, DAY) > most:
            raise TooManyProofs(field="address")
    code = "".join(secrets.choice(alerts.LETTERS) for _ in range(CODE_LENGTH))
    now, sealed = floor.clock.now(), floor.keyring.seal(address, RECIPIENT)
    await queries.ask(conn, StoredProof(account, medium, sealed, _proof_hash(floor, f"{account} {code}"), 0), now)
    texts = read_texts(floor.pack, floor.country.default_language)
    language = texts.language(await identity.account_language(conn, account))
    values = {"code": f"{code[:4]}-{code[4:]}", "url": f"{floor.settings.address}/messages"}
    text = texts.render(Template.ADDRESS_CODE, language, **values)
    draft = Draft(uuid4(), Template.ADDRESS_CODE, language, address, text, now, now + LASTS, medium, Priority.URGENT)
    await write(conn, floor, carriage, [draft])
    await _note(conn, actor, account, "notifications.ask_address", medium)


async def prove(conn: Connection, floor: Floor, actor: Actor, medium: Medium, code: str) -> None:
    """Use an address from now on, since its code came back. Raises NotPermitted, ProofWrong."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    found = await queries.proofs_of(conn, account, floor.clock.now() - LASTS)
    proof = next((one for one in found if one.medium == medium and one.address_sealed is not None), None)
    given = _proof_hash(floor, f"{account} {re.sub(r'[^A-Z0-9]', '', code.upper())}")
    if proof is None or proof.address_sealed is None or proof.tries >= CODE_TRIES:
        raise ProofWrong(field="code")
    if not secrets.compare_digest(proof.proof_hash, given):
        await queries.count_try(conn, account, medium)
        raise ProofWrong(field="code")
    await queries.end_proof(conn, account, medium)
    await _add(conn, floor, account, medium, floor.keyring.open(proof.address_sealed, RECIPIENT))
    await _note(conn, actor, account, "notifications.add_address", medium)


async def ask_chat(conn: Connection, floor: Floor, carriage: Carriage, actor: Actor) -> str:
    """A link that opens the chat with our bot, with a token in it that is good once.

    Raises NotPermitted, WayNotOffered, TooManyAddresses, TooManyProofs.
    """
    account = await _may_add(conn, floor, carriage, actor, Medium.TELEGRAM)
    if await count_use(conn, floor.keyring, floor.clock, f"address by {account}", DAY) > ASKED_BY_HOUSEHOLD:
        raise TooManyProofs(field="medium")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = floor.clock.now()
    await queries.ask(conn, StoredProof(account, Medium.TELEGRAM, None, _proof_hash(floor, token), 0), now)
    await _note(conn, actor, account, "notifications.ask_address", Medium.TELEGRAM)
    bot = next(one.sender for one in carriage.of(Medium.TELEGRAM) if one.kind is Kind.TELEGRAM)
    return f"https://t.me/{bot.removeprefix('@')}?start={token}"


async def prove_chat(conn: Connection, floor: Floor, actor: Actor, token: str, chat: str) -> UUID | None:
    """Use a chat from now on, since the token came from it: whose it is; None where the token is not good (any more).

    Raises NotPermitted.
    """
    actor.require(Permission.RECEIVE_MESSAGES)
    account = await queries.take_token(conn, _proof_hash(floor, token), floor.clock.now() - LASTS)
    if account is not None:
        await _add(conn, floor, account, Medium.TELEGRAM, chat)
        await _note(conn, actor, account, "notifications.add_address", Medium.TELEGRAM, "the token came from there")
    return account


async def end_address(conn: Connection, actor: Actor, key: str) -> int:
    """Send nothing more to an address of the actor's; how many ended. Raises NotPermitted."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    ended = await queries.end(conn, account, bytes.fromhex(key) if re.fullmatch(r"[0-9a-f]{64}", key) else b"")
    if ended:
        await record(
            conn, actor, "notifications.end_address", subject=("account", account), reason="asked by the household"
        )
    return ended


async def end_for_all(conn: Connection, floor: Floor, actor: Actor, medium: Medium, address: str) -> int:
    """Send nothing more to an address, whosever messages went there, since who reads them there says so: how many
    ended."""
    key = floor.keyring.index(address, RECIPIENT)
    for account in await queries.accounts_at(conn, medium, key):
        await _note(conn, actor, account, "notifications.end_address", medium, "asked from there")
    return await queries.forget(conn, [key])


async def choose_sms(conn: Connection, floor: Floor, actor: Actor, *, last: bool) -> None:
    """Have an SMS always, or only where nothing else took a message. Raises NotPermitted."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    done = queries.put_sms_last(conn, account, floor.clock.now()) if last else queries.put_sms_first(conn, account)
    if await done:
        await record(
            conn,
            actor,
            "notifications.choose_sms",
            subject=("account", account),
            reason="asked by the household",
            detail={"sms": "last" if last else "always"},
        )


async def accounts_at(conn: Connection, floor: Floor, medium: Medium, address: str) -> list[UUID]:
    """Whose messages go to an address, who proved it last first."""
    return await queries.accounts_at(conn, medium, floor.keyring.index(address, RECIPIENT))


async def forget_addresses(conn: Connection, floor: Floor, gone: Sequence[str]) -> int:
    """Forget addresses at which their carrier delivers nothing of ours any more; how many."""
    return await queries.forget(conn, [floor.keyring.index(one, RECIPIENT) for one in gone])


async def forget_proofs(conn: Connection, floor: Floor) -> int:
    """Delete what was not proved in time; how many."""
    return await queries.forget_proofs(conn, floor.clock.now() - LASTS)


async def _may_add(conn: Connection, floor: Floor, carriage: Carriage, actor: Actor, medium: Medium) -> UUID:
    """The account, one change at a time."""
    actor.require(Permission.MANAGE_OWN_MEMBERS)
    account = actor.own_account()
    if medium not in offered_media(floor, carriage):
        raise WayNotOffered(field="medium")
    await device_queries.hold_account(conn, account)
    if len(await queries.of_account(conn, account)) >= MOST:
        raise TooManyAddresses(field="address", most=MOST)
    return account


async def _add(conn: Connection, floor: Floor, account: UUID, medium: Medium, address: str) -> None:
    stored = StoredAddress(medium, floor.keyring.index(address, RECIPIENT), floor.keyring.seal(address, RECIPIENT))
    await queries.insert(conn, account, stored, floor.clock.now())


def _normalised(floor: Floor, medium: Medium, written: str) -> str:
    """The address as it is kept. Raises AddressInvalid."""
    if medium is Medium.EMAIL:
        address = written.strip().lower()
        if identity.is_email(address):
            return address
        raise AddressInvalid(field="address")
    bare = re.sub(r"[\s().-]", "", written)
    if _ABROAD.fullmatch(bare):
        return bare
    try:
        return floor.country.mobile.international(floor.country.normalise_mobile(written))
    except InvalidMobile as no:
        raise AddressInvalid(field="address") from no


def _proof_hash(floor: Floor, proof: str) -> bytes:
    return floor.keyring.index(proof, PROOF)


def _shown(floor: Floor, one: StoredAddress) -> HouseholdAddress:
    return HouseholdAddress(
        Medium(one.medium), floor.keyring.open(one.address_sealed, RECIPIENT), bytes(one.address_hash).hex()
    )


async def _note(  # noqa: PLR0917 (said in one breath)
    conn: Connection, actor: Actor, account: UUID, act: str, medium: str, reason: str = "asked by the household"
) -> None:
    await record(conn, actor, act, subject=("account", account), reason=reason, detail={"medium": str(medium)})
