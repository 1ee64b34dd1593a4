"""Signing in in two steps: after the password a sign-in waits for the second factor, leads to a session, once.

Programs that carry name and password with each call show a code beside it; nothing opens by the password alone to
whom more is asked of.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from opencowin.identity import second_factor_queries as queries
from opencowin.identity.passkeys import options_to_prove, passkeys_possible, prove_passkey
from opencowin.identity.refusals import NotSignedIn, SecondFactorMissing, SecondFactorNeeded
from opencowin.identity.second_factor import Factors, Proof, factors_of, must_prove, prove_code
from opencowin.identity.second_factor_queries import SignInRow
from opencowin.identity.staff import actor_of_staff, check_password
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

PATIENCE = timedelta(minutes=10)
KEPT = timedelta(days=2)
CHALLENGE_BYTES = 32


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that waits for its second factor: who, by what it can be shown, and what a passkey has to sign."""

    sign_in_id: UUID
    actor: Actor
    factors: Factors
    challenge: bytes


async def begin_sign_in(conn: Connection, floor: Floor, actor: Actor) -> UUID | None:
    """After the right password: the sign-in that waits for the second factor; None where there is none to show."""
    if not (await factors_of(conn, actor.own_staff_id())).enrolled:
        return None
    row = SignInRow(uuid4(), actor.own_staff_id(), secrets.token_bytes(CHALLENGE_BYTES), floor.clock.now())
    await queries.insert_sign_in(conn, row)
    return row.sign_in_id


async def waiting_sign_in(conn: Connection, floor: Floor, sign_in_id: UUID, address: str) -> SignIn:
    """The sign-in that waits. Raises NotSignedIn when it has ended, or the person has left."""
    row = await queries.open_sign_in(conn, sign_in_id, floor.clock.now() - PATIENCE)
    if row is None:
        raise NotSignedIn
    actor = await actor_of_staff(conn, row.staff_id, address)
    return SignIn(row.sign_in_id, actor, await factors_of(conn, row.staff_id), bytes(row.challenge))


async def passkey_question(conn: Connection, floor: Floor, waiting: SignIn) -> str:
    """What a browser needs to prove a passkey, as JSON; empty where there is none, or none can be used here."""
    keys = await queries.passkeys_of(conn, waiting.actor.own_staff_id())
    return options_to_prove(floor, waiting.challenge, keys) if keys and passkeys_possible(floor) else ""


async def finish_sign_in(
    conn: Connection, floor: Floor, waiting: SignIn, *, code: str = "", credential: str = "", browser: str = ""
) -> Proof:
    """The second factor is shown: by a code, or by what a passkey signed. The sign-in ends; begin the session.

    Raises WrongSecondFactor (keeps the count), TooManyWrongOtps, and NotSignedIn when another was quicker.
    """
    if credential:
        proof = await prove_passkey(
            conn, floor, waiting.actor, challenge=waiting.challenge, credential=credential, browser=browser
        )
    else:
        proof = await prove_code(conn, floor, waiting.actor, code, browser)
    if not await queries.end_sign_in(conn, waiting.sign_in_id, floor.clock.now()):
        raise NotSignedIn
    return proof


async def actor_of_log_in(
    conn: Connection, floor: Floor, user_name: str, password: str, *, code: str, address: str
) -> Actor:
    """Who calls with name and password, and with a code where somebody has, or needs, a second factor.

    Raises WrongPassword, TooManyWrongPasswords, SecondFactorNeeded, SecondFactorMissing, WrongSecondFactor.
    """
    actor = await check_password(conn, floor, user_name, password, address)
    if (await factors_of(conn, actor.own_staff_id())).enrolled:
        if not code:
            raise SecondFactorNeeded(field="code")
        await prove_code(conn, floor, actor, code)
    elif must_prove(floor, actor.permissions):
        raise SecondFactorMissing
    return actor


async def forget_old_sign_ins(conn: Connection, floor: Floor) -> int:
    """Delete sign-ins of other days; how many."""
    return await queries.delete_sign_ins(conn, floor.clock.now() - KEPT)
