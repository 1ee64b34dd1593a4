"""SQL of exports: what is asked for, the tables themselves, and their end. One function, one statement."""

# ruff: noqa: S608  # only literals are put together: LiteralString holds the type checker to it

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.actor import Place
from opencowin.kit.db import Connection, fetch_all, fetch_one, run

_EXPORT: LiteralString = """
    SELECT export_id, kind, staff_id, address, first_on, last_on, asked_at, rows_written, made_at, expires_at,
           content_sealed
    FROM bulk_export"""
_PLACES: LiteralString = """
    (SELECT d.district_id, d.name AS district_name, s.state_id, s.name AS state_name
     FROM district d JOIN state s USING (state_id)) p"""
_WITHIN: LiteralString = """
      (%(district)s::int IS NULL OR p.district_id = %(district)s)
      AND (%(state)s::int IS NULL OR p.state_id = %(state)s)"""
_TABLES: Mapping[str, LiteralString] = {
    "doses": """
        SELECT p.state_name, p.district_name, x.centre_id, x.given_on, x.vaccine_id AS vaccine, x.batch_number,
               x.dose_number AS dose, x.state, count(*) AS doses
        FROM dose x JOIN """
    + _PLACES
    + """ USING (district_id)
        WHERE x.given_on BETWEEN %(first)s AND %(last)s AND (%(centre)s::int IS NULL OR x.centre_id = %(centre)s) AND"""
    + _WITHIN
    + " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 4, 3, 5, 6, 7, 8",
    "sessions": """
        SELECT p.state_name, p.district_name, x.centre_id, c.name AS centre, x.session_id, x.held_on,
               x.vaccine_id AS vaccine, x.min_age, x.max_age, x.fee, x.state, t.doses, t.booked
        FROM session x JOIN session_stock t USING (district_id, session_id)
            JOIN centre c USING (district_id, centre_id)
            JOIN """
    + _PLACES
    + """ USING (district_id)
        WHERE x.held_on BETWEEN %(first)s AND %(last)s AND (%(centre)s::int IS NULL OR x.centre_id = %(centre)s) AND"""
    + _WITHIN
    + " ORDER BY 1, 2, 6, 3, 5",
    "stock": """
        SELECT p.state_name, p.district_name, x.centre_id, c.name AS centre, x.vaccine_id AS vaccine, x.batch_number,
               x.expires_on, x.received, x.allotted
        FROM batch x JOIN centre c USING (district_id, centre_id)
            JOIN """
    + _PLACES
    + """ USING (district_id)
        WHERE x.expires_on >= %(first)s AND %(last)s::date IS NOT NULL
          AND (%(centre)s::int IS NULL OR x.centre_id = %(centre)s) AND"""
    + _WITHIN
    + " ORDER BY 1, 2, 3, 5, 7, 6",
    "adverse_events": """
        SELECT p.state_name, p.district_name, x.adverse_event_id AS event, x.noticed_on,
               x.reported_at::date AS reported_on,
               v.vaccine_id AS vaccine, v.batch_number, v.dose_number AS dose, x.noticed_on - v.given_on AS days_after,
               x.severity, x.review_state, x.causality, x.outcome, x.in_hospital
        FROM adverse_event x LEFT JOIN dose v USING (account_id, beneficiary_id, dose_id)
            LEFT JOIN """
    + _PLACES
    + """ ON p.district_id = x.district_id
        WHERE x.reported_at >= %(first)s AND x.reported_at < %(last)s::date + 1
          AND (%(centre)s::int IS NULL OR v.centre_id = %(centre)s) AND"""
    + _WITHIN
    + " ORDER BY x.reported_at, x.adverse_event_id",
    "coverage": """
        SELECT p.district_name, p.state_name, x.keys ->> 'dose' AS dose, x.keys ->> 'age' AS age,
               x.keys ->> 'gender' AS gender_id, sum(x.amount)::bigint AS doses
        FROM report_daily x JOIN """
    + _PLACES
    + """ USING (district_id)
        WHERE x.measure = 'dose' AND x.on_date BETWEEN %(first)s AND %(last)s
          AND (%(centre)s::int IS NULL OR (x.keys ->> 'centre')::int = %(centre)s) AND"""
    + _WITHIN
    + " GROUP BY 1, 2, 3, 4, 5 ORDER BY 2, 1, 3, 4, 5",
}


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A row of `bulk_export`."""

    export_id: UUID
    kind: str
    staff_id: UUID
    address: str
    first_on: date
    last_on: date
    asked_at: datetime
    rows_written: int | None
    made_at: datetime | None
    expires_at: datetime
    content_sealed: bytes | None


async def table(
    conn: Connection, kind: str, place: Place, first_on: date, last_on: date
) -> tuple[list[str], list[list[str]]]:
    """The header and rows of a table of these days in this scope."""
    cursor = await conn.execute(
        _TABLES[kind],
        {
            "state": place.state_id,
            "district": place.district_id,
            "centre": place.centre_id,
            "first": first_on,
            "last": last_on,
        },
    )
    header = [column.name for column in cursor.description or ()]
    return header, [["" if value is None else str(value) for value in row] async for row in cursor]


async def insert_export(
    conn: Connection,
    export_id: UUID,
    *,
    kind: str,
    staff_id: UUID,
    place: Place,
    address: str,
    first_on: date,
    last_on: date,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Enter an export that was asked for."""
    await run(
        conn,
        """
        INSERT INTO bulk_export (export_id, kind, staff_id, state_id, district_id, centre_id, address, first_on,
                                 last_on, asked_at, expires_at)
        VALUES (%(export)s, %(kind)s, %(staff)s, %(state)s, %(district)s, %(centre)s, %(address)s, %(first)s,
                %(last)s, %(at)s, %(expires)s)
        """,
        export=export_id,
        kind=kind,
        staff=staff_id,
        state=place.state_id,
        district=place.district_id,
        centre=place.centre_id,
        address=address,
        first=first_on,
        last=last_on,
        at=at,
        expires=expires_at,
    )


async def hold_export(conn: Connection, export_id: UUID) -> ExportRow | None:
    """One export, for one transaction at a time."""
    return await fetch_one(conn, ExportRow, _EXPORT + " WHERE export_id = %(export)s FOR UPDATE", export=export_id)


async def exports_of(conn: Connection, staff_id: UUID, now: datetime) -> list[ExportRow]:
    """What somebody asked for and is not over, the newest first, without the content."""
    return await fetch_all(
        conn,
        ExportRow,
        """
        SELECT export_id, kind, staff_id, address, first_on, last_on, asked_at, rows_written, made_at, expires_at,
               NULL::bytea AS content_sealed
        FROM bulk_export WHERE staff_id = %(staff)s AND expires_at > %(now)s ORDER BY asked_at DESC LIMIT 50
        """,
        staff=staff_id,
        now=now,
    )


async def keep_content(conn: Connection, export_id: UUID, content_sealed: bytes, rows: int, at: datetime) -> None:
    """The file is ready."""
    await run(
        conn,
        """
        UPDATE bulk_export SET content_sealed = %(content)s, rows_written = %(rows)s, made_at = %(at)s
        WHERE export_id = %(export)s
        """,
        export=export_id,
        content=content_sealed,
        rows=rows,
        at=at,
    )


async def drop_export(conn: Connection, export_id: UUID) -> None:
    """Nobody may have this one any more."""
    await run(conn, "DELETE FROM bulk_export WHERE export_id = %(export)s", export=export_id)


async def forget_exports(conn: Connection, now: datetime) -> int:
    """Remove files whose time is over."""
    return await run(
        conn,
        "UPDATE bulk_export SET content_sealed = NULL WHERE content_sealed IS NOT NULL AND expires_at <= %(now)s",
        now=now,
    )
