"""SQL of claims and appointments that follow a person into another household. One function, one statement."""

from uuid import UUID

from opencowin.kit.db import Connection, run
from opencowin.registry import Person


async def move_appointments(conn: Connection, person: Person, account_id: UUID) -> int:
    """The place's side: before the claims, which lead there."""
    return await run(
        conn,
        """
        UPDATE appointment a SET account_id = %(to)s FROM claim c
        WHERE c.account_id = %(account_id)s AND c.beneficiary_id = %(beneficiary_id)s
          AND (a.district_id, a.session_id, a.claim_id) = (c.district_id, c.session_id, c.claim_id)
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        to=account_id,
    )


async def move_claims(conn: Connection, person: Person, account_id: UUID) -> int:
    """The person's side."""
    return await run(
        conn,
        """
        UPDATE claim SET account_id = %(to)s
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        to=account_id,
    )
