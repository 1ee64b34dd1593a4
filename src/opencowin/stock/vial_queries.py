"""SQL of opened vials: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run


@dataclass(frozen=True, slots=True)
class Opening:
    """Vials opened at once, and when what is left of them must be thrown away."""

    opening_id: UUID
    account: str
    vaccine_id: str
    batch_number: str
    vials: int
    doses: int
    opened_at: datetime
    discard_at: datetime
    opened_by: str


@dataclass(frozen=True, slots=True)
class _Sum:
    """Vials of a batch."""

    vaccine_id: str
    batch_number: str
    vials: int


async def open_at(conn: Connection, accounts: Sequence[str], now: datetime) -> list[Opening]:
    """The vials that are open in these accounts, those to be thrown away first at the head."""
    return await fetch_all(
        conn,
        Opening,
        """
        SELECT opening_id, account, vaccine_id, batch_number, vials, doses, opened_at, discard_at, opened_by
        FROM vial_opening WHERE account = ANY (%(accounts)s) AND discard_at > %(now)s ORDER BY discard_at, opening_id
        """,
        accounts=list(accounts),
        now=now,
    )


async def opened_by_batch(conn: Connection, account: str) -> dict[tuple[str, str], int]:
    """How many vials of each vaccine and batch were opened from an account."""
    found = await fetch_all(
        conn,
        _Sum,
        """
        SELECT vaccine_id, batch_number, sum(vials)::integer AS vials FROM vial_opening
        WHERE account = %(account)s GROUP BY 1, 2
        """,
        account=account,
    )
    return {(one.vaccine_id, one.batch_number): one.vials for one in found}


async def opening(conn: Connection, opening_id: UUID) -> Opening | None:
    """An opening on record."""
    return await fetch_one(
        conn,
        Opening,
        """
        SELECT opening_id, account, vaccine_id, batch_number, vials, doses, opened_at, discard_at, opened_by
        FROM vial_opening WHERE opening_id = %(id)s
        """,
        id=opening_id,
    )


async def hold_doses(conn: Connection, opening: Opening) -> int:
    """How many doses of the batch its account has, locked."""
    held = await fetch_value(
        conn,
        """
        SELECT doses FROM stock_balance
        WHERE account = %(account)s AND vaccine_id = %(vaccine)s AND batch_number = %(batch)s FOR UPDATE
        """,
        account=opening.account,
        vaccine=opening.vaccine_id,
        batch=opening.batch_number,
    )
    return int(held or 0)


async def insert(conn: Connection, opening: Opening, held: int) -> bool:
    """Enter an opening where so many vials can be there: one that has begun may be opened for its last doses."""
    touched = await run(
        conn,
        """
        INSERT INTO vial_opening (opening_id, account, vaccine_id, batch_number, vials, doses, opened_at, discard_at,
                                  opened_by)
        SELECT %(id)s, %(account)s, %(vaccine)s, %(batch)s, %(vials)s, %(doses)s, %(at)s, %(until)s, %(by)s
        WHERE (SELECT coalesce(sum(vials), 0) FROM vial_opening
               WHERE account = %(account)s AND vaccine_id = %(vaccine)s AND batch_number = %(batch)s
                 AND discard_at > %(at)s) + %(vials)s <= ceil(%(held)s::numeric / %(per_vial)s)
        """,
        id=opening.opening_id,
        account=opening.account,
        vaccine=opening.vaccine_id,
        batch=opening.batch_number,
        vials=opening.vials,
        doses=opening.doses,
        at=opening.opened_at,
        until=opening.discard_at,
        by=opening.opened_by,
        held=held,
        per_vial=opening.doses // opening.vials,
    )
    return touched == 1
