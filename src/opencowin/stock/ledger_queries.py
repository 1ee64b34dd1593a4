"""SQL of the ledger: one function, one statement."""

from collections.abc import Sequence
from datetime import datetime

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value
from opencowin.stock.ledger_model import Balance, Movement, Recorded, VaccineBatch


async def post(conn: Connection, movement: Movement, *, at: datetime, by: str) -> str:
    """Post a movement; what the set function answers: posted, known, short or differs."""
    outcome = await fetch_value(
        conn,
        """
        SELECT stock_post(%(id)s, %(kind)s, %(vaccine)s, %(batch)s, %(doses)s, %(source)s, %(target)s, %(note)s,
                          %(at)s, %(by)s)
        """,
        id=movement.movement_id,
        kind=movement.kind.value,
        vaccine=movement.vaccine_id,
        batch=movement.batch_number,
        doses=movement.doses,
        source=movement.source,
        target=movement.target,
        note=movement.note,
        at=at,
        by=by,
    )
    return str(outcome)


async def enter_vaccine_batch(conn: Connection, batch: VaccineBatch) -> VaccineBatch:
    """The batch as it is on record, entered when it is new."""
    known = await fetch_one(
        conn,
        VaccineBatch,
        """
        WITH entered AS (
            INSERT INTO vaccine_batch (vaccine_id, batch_number, expires_on, doses_per_vial, manufacturer)
            VALUES (%(vaccine_id)s, %(batch_number)s, %(expires_on)s, %(doses_per_vial)s, %(manufacturer)s)
            ON CONFLICT DO NOTHING RETURNING vaccine_id, batch_number, expires_on, doses_per_vial, manufacturer)
        SELECT vaccine_id, batch_number, expires_on, doses_per_vial, manufacturer FROM entered
        UNION ALL SELECT vaccine_id, batch_number, expires_on, doses_per_vial, manufacturer FROM vaccine_batch
        WHERE vaccine_id = %(vaccine_id)s AND batch_number = %(batch_number)s LIMIT 1
        """,
        vaccine_id=batch.vaccine_id,
        batch_number=batch.batch_number,
        expires_on=batch.expires_on,
        doses_per_vial=batch.doses_per_vial,
        manufacturer=batch.manufacturer,
    )
    return known or batch


async def vaccine_batch(conn: Connection, vaccine_id: str, batch_number: str) -> VaccineBatch | None:
    """A batch on record."""
    return await fetch_one(
        conn,
        VaccineBatch,
        """
        SELECT vaccine_id, batch_number, expires_on, doses_per_vial, manufacturer FROM vaccine_batch
        WHERE vaccine_id = %(vaccine_id)s AND batch_number = %(batch_number)s
        """,
        vaccine_id=vaccine_id,
        batch_number=batch_number,
    )


async def balances(conn: Connection, accounts: Sequence[str]) -> list[Balance]:
    """What these accounts have, batch by batch, soonest-expiring first; accounts without doses are left out."""
    return await fetch_all(
        conn,
        Balance,
        """
        SELECT account, vaccine_id, batch_number, expires_on, doses_per_vial, doses, manufacturer
        FROM stock_balance JOIN vaccine_batch USING (vaccine_id, batch_number)
        WHERE account = ANY (%(accounts)s) AND doses <> 0
        ORDER BY account, vaccine_id, expires_on, batch_number
        """,
        accounts=list(accounts),
    )


async def movements(conn: Connection, account: str, since: datetime, limit: int) -> list[Recorded]:
    """The latest movements from and to an account, newest first."""
    return await fetch_all(
        conn,
        Recorded,
        """
        SELECT movement_id, kind, vaccine_id, batch_number, doses, source, target, note, recorded_at, recorded_by
        FROM stock_movement WHERE (source = %(account)s OR target = %(account)s) AND recorded_at >= %(since)s
        ORDER BY recorded_at DESC, movement_id LIMIT %(limit)s
        """,
        account=account,
        since=since,
        limit=limit,
    )


async def movements_since(conn: Connection, account: str, since: datetime, limit: int) -> list[Recorded]:
    """The movements from and to an account since an instant, oldest first."""
    return await fetch_all(
        conn,
        Recorded,
        """
        SELECT movement_id, kind, vaccine_id, batch_number, doses, source, target, note, recorded_at, recorded_by
        FROM stock_movement WHERE (source = %(account)s OR target = %(account)s) AND recorded_at >= %(since)s
        ORDER BY recorded_at, movement_id LIMIT %(limit)s
        """,
        account=account,
        since=since,
        limit=limit,
    )


async def was_issued(conn: Connection, account: str) -> bool:
    """Whether a session's account was ever issued doses."""
    found = await fetch_value(
        conn,
        "SELECT EXISTS (SELECT FROM stock_movement WHERE target = %(account)s AND kind = 'issue')",
        account=account,
    )
    return found is True
