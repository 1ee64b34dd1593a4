"""SQL of batches that stand out: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, fetch_all, fetch_value, run


@dataclass(frozen=True, slots=True)
class EventsOfBatch:
    """Severe and serious events after doses of a batch."""

    vaccine_id: str
    batch_number: str
    events: int
    district_ids: list[int]


@dataclass(frozen=True, slots=True)
class DosesOfVaccine:
    """Doses given of a vaccine, as folded."""

    vaccine_id: str
    doses: int


@dataclass(frozen=True, slots=True)
class BatchSignal:
    """A batch that stands out."""

    vaccine_id: str
    batch_number: str
    events: int
    doses: int
    expected: float
    chance: float
    district_ids: Sequence[int]
    found_at: datetime


async def events_by_batch(conn: Connection, since: datetime) -> list[EventsOfBatch]:
    """Severe and serious events reported since then, by batch."""
    return await fetch_all(
        conn,
        EventsOfBatch,
        """
        SELECT d.vaccine_id, d.batch_number, count(*)::int AS events,
               array_agg(DISTINCT coalesce(d.district_id, 0)) AS district_ids
        FROM adverse_event e JOIN dose d USING (account_id, beneficiary_id, dose_id)
        WHERE e.reported_at >= %(since)s AND e.severity <> 'minor' AND d.batch_number <> '' AND d.state = 'valid'
        GROUP BY d.vaccine_id, d.batch_number ORDER BY events DESC, d.vaccine_id, d.batch_number
        """,
        since=since,
    )


async def doses_by_vaccine(conn: Connection) -> list[DosesOfVaccine]:
    """Doses given of each vaccine."""
    return await fetch_all(
        conn,
        DosesOfVaccine,
        """
        SELECT keys ->> 'vaccine' AS vaccine_id, sum(amount)::bigint AS doses FROM report_total
        WHERE measure = 'dose' AND keys ? 'vaccine' GROUP BY 1
        """,
    )


async def doses_of_batch(conn: Connection, vaccine_id: str, batch_number: str) -> int:
    """Doses given of a batch."""
    return int(
        await fetch_value(
            conn,
            """
            SELECT count(*) FROM dose
            WHERE vaccine_id = %(vaccine)s AND batch_number = %(batch)s AND state = 'valid'
            """,
            vaccine=vaccine_id,
            batch=batch_number,
        )
    )


async def replace_signals(conn: Connection, found: Sequence[BatchSignal]) -> None:
    """Keep these and no others."""
    rows = [
        {
            "vaccine_id": one.vaccine_id,
            "batch_number": one.batch_number,
            "events": one.events,
            "doses": one.doses,
            "expected": one.expected,
            "chance": one.chance,
            "district_ids": list(one.district_ids),
            "found_at": one.found_at.isoformat(),
        }
        for one in found
    ]
    await run(
        conn,
        """
        WITH found AS (
            SELECT * FROM jsonb_to_recordset(%(rows)s) AS f (vaccine_id text, batch_number text, events integer,
                doses bigint, expected double precision, chance double precision, district_ids integer[],
                found_at timestamptz)),
        gone AS (
            DELETE FROM report_batch_signal s WHERE NOT EXISTS (
                SELECT FROM found f WHERE (f.vaccine_id, f.batch_number) = (s.vaccine_id, s.batch_number)))
        INSERT INTO report_batch_signal (vaccine_id, batch_number, events, doses, expected, chance, district_ids,
                                         found_at)
        SELECT vaccine_id, batch_number, events, doses, expected, chance, district_ids, found_at FROM found
        ON CONFLICT (vaccine_id, batch_number) DO UPDATE
        SET events = excluded.events, doses = excluded.doses, expected = excluded.expected, chance = excluded.chance,
            district_ids = excluded.district_ids, found_at = excluded.found_at
        """,
        rows=Jsonb(rows),
    )


async def signals(conn: Connection) -> list[BatchSignal]:
    """The batches that stand out, the rarest first."""
    return await fetch_all(
        conn,
        BatchSignal,
        """
        SELECT vaccine_id, batch_number, events, doses, expected, chance, district_ids, found_at
        FROM report_batch_signal ORDER BY chance, vaccine_id, batch_number
        """,
    )
