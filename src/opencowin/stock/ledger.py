"""The ledger: every dose of a batch is in one account at a time, and a movement takes it from one to another.

The accounts are the supplier, the stores of the four tiers, consignments on the way, sessions, and where doses end:
given, wasted for a reason, missing. Balances of a batch over all accounts are 0 at every moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value
from opencowin.stock.refusals import MovementDiffers, NotSoManyThere

SUPPLIER, GIVEN, MISSING, FOUND = "supplier", "given", "missing", "found"


class MovementKind(StrEnum):
    """Why doses move."""

    RECEIPT = "receipt"
    DISPATCH = "dispatch"
    ARRIVAL = "arrival"
    ISSUE = "issue"
    RETURN = "return"
    USE = "use"
    WASTE = "waste"
    COUNT = "count"


class WasteReason(StrEnum):
    """Why doses cannot be given; WHO's closed and open vial wastage."""

    EXPIRED = "expired"
    HEAT = "heat"
    FROZEN = "frozen"
    BROKEN = "broken"
    OPEN_VIAL = "open_vial"
    CONTAMINATED = "contaminated"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class VaccineBatch:
    """A batch wherever its doses are."""

    vaccine_id: str
    batch_number: str
    expires_on: date
    doses_per_vial: int
    manufacturer: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """Doses of a batch on their way from an account to another; `movement_id` is made by whoever records it."""

    movement_id: UUID
    kind: MovementKind
    vaccine_id: str
    batch_number: str
    doses: int
    source: str
    target: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recorded(Movement):
    """A movement of the ledger: when it was recorded and by whom."""

    recorded_at: datetime | None = None
    recorded_by: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has of a batch."""

    account: str
    vaccine_id: str
    batch_number: str
    expires_on: date
    doses_per_vial: int
    doses: int
    manufacturer: str = ""


def wasted(reason: WasteReason) -> str:
    """The account of doses lost for this reason."""
    return f"wasted:{reason.value}"


async def post(conn: Connection, movement: Movement, *, at: datetime, by: str) -> bool:
    """Write a movement down; False when it was there already. Raises NotSoManyThere, MovementDiffers."""
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
    if outcome == "short":
        raise NotSoManyThere(field="doses", batch=movement.batch_number)
    if outcome == "differs":
        raise MovementDiffers(field="movement_id")
    return bool(outcome == "posted")


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


async def was_issued(conn: Connection, account: str) -> bool:
    """Whether a session's account was ever issued doses."""
    found = await fetch_value(
        conn,
        "SELECT EXISTS (SELECT FROM stock_movement WHERE target = %(account)s AND kind = 'issue')",
        account=account,
    )
    return found is True
