"""Passkeys of staff as second factors: WebAuthn, checked by a library that is kept for it."""

import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from opencowin.identity import second_factor_queries as queries
from opencowin.identity.refusals import EnrolmentOver, TooManyWrongOtps, WrongSecondFactor
from opencowin.identity.second_factor import (
    ENROLMENT_MINUTES,
    Proof,
    enrolled,
    factors_of,
    must_prove,
    removed,
    require_enrolment,
    wrong_codes,
)
from opencowin.identity.second_factor_queries import PasskeyRow
from opencowin.kit.actor import Actor, NotPermitted
from opencowin.kit.crypto import SealBroken
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.throttle import count_all, wait_for

CHALLENGE = "staff.passkey_challenge"
CHALLENGE_BYTES, LONGEST_NAME = 32, 60


@dataclass(frozen=True, slots=True)
class PasskeyOffer:
    """What a browser is asked to make: WebAuthn's options as JSON, and what the form carries to be checked against."""

    options: str
    sealed: str


def passkeys_possible(floor: Floor) -> bool:
    """Whether browsers make passkeys for this deployment: its address is a name, and https or this machine."""
    host, scheme = _host(floor), urlsplit(floor.settings.address).scheme
    try:
        ip_address(host)
    except ValueError:
        return scheme == "https" or host == "localhost"
    return False


async def offer_passkey(conn: Connection, floor: Floor, actor: Actor, user_name: str) -> PasskeyOffer:
    """What a browser needs to make another passkey for the actor."""
    staff_id, challenge = actor.own_staff_id(), secrets.token_bytes(CHALLENGE_BYTES)
    options = generate_registration_options(
        rp_id=_host(floor),
        rp_name=f"CoWIN {floor.country.name}",
        user_id=staff_id.bytes,
        user_name=user_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=bytes(one.credential_id))
            for one in await queries.passkeys_of(conn, staff_id)
        ],
    )
    begun = int(floor.clock.now().timestamp())
    sealed = floor.keyring.seal(f"{actor.actor_id} {challenge.hex()} {begun}", CHALLENGE)
    return PasskeyOffer(options_to_json(options), sealed.hex())


async def add_passkey(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    session_id: UUID,
    *,
    name: str,
    sealed: str,
    credential: str,
    enrolment: str = "",
) -> list[str]:
    """Keep the passkey that a browser made. Recovery codes, where there were none.

    `enrolment` is the code for whom this is the first factor. Raises EnrolmentOver, WrongSecondFactor,
    EnrolmentCodeWrong, TooManyWrongOtps.
    """
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=_challenge(floor, actor, sealed),
            expected_rp_id=_host(floor),
            expected_origin=_origin(floor),
        )
    except (WebAuthnException, ValueError):
        raise WrongSecondFactor from None
    await require_enrolment(conn, floor, actor, enrolment)
    row = PasskeyRow(
        made.credential_id,
        actor.own_staff_id(),
        made.credential_public_key,
        made.sign_count,
        name[:LONGEST_NAME],
        floor.clock.now(),
        None,
    )
    if not await queries.insert_passkey(conn, row):
        raise WrongSecondFactor
    return await enrolled(conn, floor, actor, session_id, Proof.PASSKEY)


async def passkeys_of(conn: Connection, actor: Actor) -> list[PasskeyRow]:
    """The actor's own passkeys."""
    return await queries.passkeys_of(conn, actor.own_staff_id())


async def remove_passkey(conn: Connection, floor: Floor, actor: Actor, credential_id: bytes) -> bool:
    """Do without a passkey; False for none such. Raises NotPermitted where it is the last factor of who needs one."""
    known = await factors_of(conn, actor.own_staff_id())
    if known.passkeys <= 1 and not known.app and must_prove(floor, actor.permissions):
        raise NotPermitted
    gone = await queries.delete_passkeys(conn, actor.own_staff_id(), credential_id)
    if gone:
        await removed(conn, actor, Proof.PASSKEY)
    return gone > 0


def options_to_prove(floor: Floor, challenge: bytes, keys: list[PasskeyRow]) -> str:
    """What a browser needs to sign with one of these passkeys, as JSON."""
    return options_to_json(
        generate_authentication_options(
            rp_id=_host(floor),
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=bytes(one.credential_id)) for one in keys],
            user_verification=UserVerificationRequirement.PREFERRED,
        )
    )


async def prove_passkey(
    conn: Connection, floor: Floor, actor: Actor, *, challenge: bytes, credential: str, browser: str = ""
) -> Proof:
    """A passkey of the actor signed the challenge. Raises WrongSecondFactor (keeps the count), TooManyWrongOtps."""
    limits = await wrong_codes(conn, floor, actor, browser)
    if wait := await wait_for(conn, floor, limits):
        raise TooManyWrongOtps(retry_after=wait)
    keys = {bytes(one.credential_id): one for one in await queries.passkeys_of(conn, actor.own_staff_id())}
    try:
        known = keys[parse_authentication_credential_json(credential).raw_id]
        shown = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(floor),
            expected_origin=_origin(floor),
            credential_public_key=bytes(known.public_key),
            credential_current_sign_count=known.sign_count,
        )
    except (WebAuthnException, ValueError, KeyError):
        await count_all(conn, floor, limits)
        raise WrongSecondFactor from None
    await queries.use_passkey(conn, shown.credential_id, shown.new_sign_count, floor.clock.now())
    return Proof.PASSKEY


def _challenge(floor: Floor, actor: Actor, sealed: str) -> bytes:
    try:
        whose, challenge, begun = floor.keyring.open(bytes.fromhex(sealed), CHALLENGE).split(" ")
    except (SealBroken, ValueError):
        raise EnrolmentOver from None
    if whose != actor.actor_id or floor.clock.now().timestamp() - int(begun) > ENROLMENT_MINUTES * 60:
        raise EnrolmentOver
    return bytes.fromhex(challenge)


def _host(floor: Floor) -> str:
    return urlsplit(floor.settings.address).hostname or ""


def _origin(floor: Floor) -> str:
    parts = urlsplit(floor.settings.address)
    return f"{parts.scheme}://{parts.netloc}"


def name_of_credential(credential_id: bytes) -> str:
    """A passkey's id as an address carries it."""
    return bytes_to_base64url(bytes(credential_id))


def credential_named(text: str) -> bytes:
    """A passkey's id as an address carries it. Empty for what is none."""
    try:
        return base64url_to_bytes(text)
    except ValueError:
        return b""
