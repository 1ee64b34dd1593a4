"""SQL of second factors: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, run


@dataclass(frozen=True, slots=True)
class FactorRow:
    """What somebody has as second factor."""

    secret_sealed: bytes | None
    step: int
    passkeys: int
    recovery_left: int


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey as the table keeps it."""

    credential_id: bytes
    staff_id: UUID
    public_key: bytes
    sign_count: int
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignInRow:
    """A sign-in that waits for its second factor."""

    sign_in_id: UUID
    staff_id: UUID
    challenge: bytes
    begun_at: datetime


async def factors_of(conn: Connection, staff_id: UUID) -> FactorRow | None:
    """What somebody has; None for nobody."""
    return await fetch_one(
        conn,
        FactorRow,
        """
        SELECT second_factor_sealed AS secret_sealed, second_factor_step AS step,
               (SELECT count(*) FROM staff_passkey WHERE staff_id = %(staff)s) AS passkeys,
               (SELECT count(*) FROM staff_recovery_code
                WHERE staff_id = %(staff)s AND used_at IS NULL) AS recovery_left
        FROM staff WHERE staff_id = %(staff)s
        """,
        staff=staff_id,
    )


async def set_enrolment(conn: Connection, staff_id: UUID, code_hash: bytes, until: datetime) -> None:
    """Keep the code by which somebody may set up the first second factor; an older one is good no longer."""
    await run(
        conn,
        "UPDATE staff SET enrolment_hash = %(hash)s, enrolment_until = %(until)s WHERE staff_id = %(staff)s",
        hash=code_hash,
        until=until,
        staff=staff_id,
    )


async def use_enrolment(conn: Connection, staff_id: UUID, code_hash: bytes, now: datetime) -> bool:
    """Use such a code up; False for another, or one that has expired."""
    used = await run(
        conn,
        """
        UPDATE staff SET enrolment_hash = NULL, enrolment_until = NULL
        WHERE staff_id = %(staff)s AND enrolment_hash = %(hash)s AND enrolment_until > %(now)s
        """,
        staff=staff_id,
        hash=code_hash,
        now=now,
    )
    return used == 1


async def set_secret(conn: Connection, staff_id: UUID, secret_sealed: bytes | None, step: int) -> None:
    """Keep the secret of an authenticator app, of which this step's code was shown; None: there is none any more."""
    await run(
        conn,
        "UPDATE staff SET second_factor_sealed = %(secret)s, second_factor_step = %(step)s WHERE staff_id = %(staff)s",
        secret=secret_sealed,
        step=step,
        staff=staff_id,
    )


async def use_step(conn: Connection, staff_id: UUID, step: int) -> bool:
    """Use the code of a time step; False when it, or a later one, was used."""
    used = await run(
        conn,
        "UPDATE staff SET second_factor_step = %(step)s WHERE staff_id = %(staff)s AND second_factor_step < %(step)s",
        step=step,
        staff=staff_id,
    )
    return used == 1


async def insert_codes(conn: Connection, staff_id: UUID, hashes: Sequence[bytes]) -> None:
    """Add recovery codes."""
    await run(
        conn,
        """
        INSERT INTO staff_recovery_code (staff_id, code_hash)
        SELECT %(staff)s, unnest(%(hashes)s::bytea[])
        """,
        staff=staff_id,
        hashes=list(hashes),
    )


async def use_code(conn: Connection, staff_id: UUID, code_hash: bytes, at: datetime) -> bool:
    """Use a recovery code; False when there is none such that is unused."""
    used = await run(
        conn,
        """
        UPDATE staff_recovery_code SET used_at = %(at)s
        WHERE staff_id = %(staff)s AND code_hash = %(code)s AND used_at IS NULL
        """,
        staff=staff_id,
        code=code_hash,
        at=at,
    )
    return used == 1


async def delete_codes(conn: Connection, staff_id: UUID) -> None:
    """Forget all recovery codes of a person, used or not."""
    await run(conn, "DELETE FROM staff_recovery_code WHERE staff_id = %(staff)s", staff=staff_id)


async def insert_passkey(conn: Connection, row: PasskeyRow) -> bool:
    """Add a passkey; False when it is known."""
    added = await run(
        conn,
        """
        INSERT INTO staff_passkey (credential_id, staff_id, public_key, sign_count, name, added_at)
        VALUES (%(credential)s, %(staff)s, %(key)s, %(count)s, %(name)s, %(at)s)
        ON CONFLICT (credential_id) DO NOTHING
        """,
        credential=row.credential_id,
        staff=row.staff_id,
        key=row.public_key,
        count=row.sign_count,
        name=row.name,
        at=row.added_at,
    )
    return added == 1


async def passkeys_of(conn: Connection, staff_id: UUID) -> list[PasskeyRow]:
    """The passkeys of a person, in the order in which they were added."""
    return await fetch_all(
        conn,
        PasskeyRow,
        """
        SELECT credential_id, staff_id, public_key, sign_count, name, added_at, used_at FROM staff_passkey
        WHERE staff_id = %(staff)s ORDER BY added_at, credential_id
        """,
        staff=staff_id,
    )


async def use_passkey(conn: Connection, credential_id: bytes, count: int, at: datetime) -> None:
    """Note that a passkey was used, and how often it says so itself."""
    await run(
        conn,
        "UPDATE staff_passkey SET sign_count = %(count)s, used_at = %(at)s WHERE credential_id = %(credential)s",
        credential=credential_id,
        count=count,
        at=at,
    )


async def delete_passkeys(conn: Connection, staff_id: UUID, credential_id: bytes | None) -> int:
    """Forget one passkey of a person, or all; how many."""
    return await run(
        conn,
        """
        DELETE FROM staff_passkey
        WHERE staff_id = %(staff)s AND (%(credential)s::bytea IS NULL OR credential_id = %(credential)s)
        """,
        staff=staff_id,
        credential=credential_id,
    )


async def insert_sign_in(conn: Connection, row: SignInRow) -> None:
    """Begin a sign-in that waits for its second factor."""
    await run(
        conn,
        """
        INSERT INTO staff_sign_in (sign_in_id, staff_id, challenge, begun_at)
        VALUES (%(sign_in)s, %(staff)s, %(challenge)s, %(at)s)
        """,
        sign_in=row.sign_in_id,
        staff=row.staff_id,
        challenge=row.challenge,
        at=row.begun_at,
    )


async def open_sign_in(conn: Connection, sign_in_id: UUID, since: datetime) -> SignInRow | None:
    """A sign-in that waits and began lately."""
    return await fetch_one(
        conn,
        SignInRow,
        """
        SELECT sign_in_id, staff_id, challenge, begun_at FROM staff_sign_in
        WHERE sign_in_id = %(sign_in)s AND ended_at IS NULL AND begun_at > %(since)s
        """,
        sign_in=sign_in_id,
        since=since,
    )


async def end_sign_in(conn: Connection, sign_in_id: UUID, at: datetime) -> bool:
    """A sign-in leads no further; False when it had ended."""
    ended = await run(
        conn,
        "UPDATE staff_sign_in SET ended_at = %(at)s WHERE sign_in_id = %(sign_in)s AND ended_at IS NULL",
        sign_in=sign_in_id,
        at=at,
    )
    return ended == 1


async def end_sign_ins(conn: Connection, staff_id: UUID, at: datetime) -> None:
    """No sign-in of a person that waits leads any further."""
    await run(
        conn,
        "UPDATE staff_sign_in SET ended_at = %(at)s WHERE staff_id = %(staff)s AND ended_at IS NULL",
        staff=staff_id,
        at=at,
    )


async def delete_sign_ins(conn: Connection, before: datetime) -> int:
    """Forget sign-ins of other days; how many."""
    return await run(conn, "DELETE FROM staff_sign_in WHERE begun_at < %(at)s", at=before)
