"""All SQL of the room `bulk` about uploads: one function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from opencowin.kit.actor import Place
from opencowin.kit.db import Connection, copy_rows, fetch_all, fetch_one, fetch_value, run

_UPLOAD: LiteralString = """
    SELECT upload_id, kind, state, staff_id, state_id, district_id, centre_id, address, file_name_sealed, header,
           problem_sealed, rows_read, rows_wrong, rows_saved, rows_failed, rows_undone, rows_kept, received_at,
           checked_at, ended_at, forgotten_at
    FROM bulk_upload"""


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A row of `bulk_upload`."""

    upload_id: UUID
    kind: str
    state: str
    staff_id: UUID
    state_id: int | None
    district_id: int | None
    centre_id: int | None
    address: str
    file_name_sealed: bytes
    header: list[str]
    problem_sealed: bytes | None
    rows_read: int
    rows_wrong: int
    rows_saved: int
    rows_failed: int
    rows_undone: int
    rows_kept: int
    received_at: datetime
    checked_at: datetime | None
    ended_at: datetime | None
    forgotten_at: datetime | None


@dataclass(frozen=True, slots=True)
class RowOfUpload:
    """A row of `bulk_row`."""

    row_number: int
    state: str
    cells_sealed: bytes
    problems_sealed: bytes | None
    made: dict[str, Any] | None


async def insert_upload(
    conn: Connection,
    upload_id: UUID,
    *,
    kind: str,
    staff_id: UUID,
    place: Place,
    address: str,
    language: str,
    file_name_sealed: bytes,
    at: datetime,
) -> None:
    """Enter an upload."""
    await run(
        conn,
        """
        INSERT INTO bulk_upload (upload_id, kind, staff_id, state_id, district_id, centre_id, address, language,
                                 file_name_sealed, received_at)
        VALUES (%(upload)s, %(kind)s, %(staff)s, %(state)s, %(district)s, %(centre)s, %(address)s, %(language)s,
                %(name)s, %(at)s)
        """,
        upload=upload_id,
        kind=kind,
        staff=staff_id,
        state=place.state_id,
        district=place.district_id,
        centre=place.centre_id,
        address=address,
        language=language,
        name=file_name_sealed,
        at=at,
    )


async def copy_chunks(conn: Connection, upload_id: UUID, pieces: Sequence[bytes]) -> None:
    """Keep the file in pieces."""
    rows: list[tuple[object, ...]] = [(upload_id, number, piece) for number, piece in enumerate(pieces)]
    await copy_rows(conn, "COPY bulk_chunk (upload_id, number, content_sealed) FROM STDIN", rows)


async def chunks(conn: Connection, upload_id: UUID) -> list[bytes]:
    """The pieces of the file, in their order."""
    cursor = await conn.execute(
        "SELECT content_sealed FROM bulk_chunk WHERE upload_id = %(upload)s ORDER BY number", {"upload": upload_id}
    )
    return [bytes(row[0]) for row in await cursor.fetchall()]


async def drop_chunks(conn: Connection, upload_id: UUID) -> None:
    """The file is not needed any more."""
    await run(conn, "DELETE FROM bulk_chunk WHERE upload_id = %(upload)s", upload=upload_id)


async def upload(conn: Connection, upload_id: UUID) -> UploadRow | None:
    """One upload."""
    return await fetch_one(conn, UploadRow, _UPLOAD + " WHERE upload_id = %(upload)s", upload=upload_id)


async def hold_upload(conn: Connection, upload_id: UUID) -> UploadRow | None:
    """One upload, for one transaction at a time."""
    return await fetch_one(conn, UploadRow, _UPLOAD + " WHERE upload_id = %(upload)s FOR UPDATE", upload=upload_id)


async def uploads_within(conn: Connection, place: Place, kinds: Sequence[str], limit: int) -> list[UploadRow]:
    """The latest uploads of these kinds by officers of this scope."""
    return await fetch_all(
        conn,
        UploadRow,
        _UPLOAD
        + """ WHERE (%(state)s::int IS NULL OR state_id = %(state)s)
          AND (%(district)s::int IS NULL OR district_id = %(district)s)
          AND (%(centre)s::int IS NULL OR centre_id = %(centre)s)
          AND kind = ANY (%(kinds)s)
        ORDER BY received_at DESC LIMIT %(limit)s""",
        state=place.state_id,
        district=place.district_id,
        centre=place.centre_id,
        kinds=list(kinds),
        limit=limit,
    )


async def set_state(conn: Connection, upload_id: UUID, state: str, at: datetime) -> None:
    """The upload is at this step now."""
    await run(
        conn,
        """
        UPDATE bulk_upload SET state = %(state)s,
            checked_at = CASE WHEN %(state)s = 'checked' THEN %(at)s ELSE checked_at END,
            confirmed_at = CASE WHEN %(state)s = 'confirmed' THEN %(at)s ELSE confirmed_at END,
            ended_at = CASE WHEN %(state)s IN ('saved', 'undone', 'stopped', 'dropped') THEN %(at)s END
        WHERE upload_id = %(upload)s
        """,
        upload=upload_id,
        state=state,
        at=at,
    )


async def set_problem(conn: Connection, upload_id: UUID, problem_sealed: bytes) -> None:
    """Why the upload was stopped."""
    await run(
        conn,
        "UPDATE bulk_upload SET problem_sealed = %(problem)s WHERE upload_id = %(upload)s",
        upload=upload_id,
        problem=problem_sealed,
    )


async def begin_reading(conn: Connection, upload_id: UUID, header: Sequence[str]) -> None:
    """Nothing of the file is read yet, but its header."""
    await run(
        conn,
        """
        WITH earlier AS (DELETE FROM bulk_row WHERE upload_id = %(upload)s)
        UPDATE bulk_upload SET header = %(header)s, rows_read = 0, rows_wrong = 0 WHERE upload_id = %(upload)s
        """,
        upload=upload_id,
        header=list(header),
    )


async def copy_lines(conn: Connection, rows: list[tuple[object, ...]]) -> None:
    """Keep rows: (upload, number, state, cells, problems)."""
    await copy_rows(
        conn, "COPY bulk_row (upload_id, row_number, state, cells_sealed, problems_sealed) FROM STDIN", rows
    )


async def count_rows(conn: Connection, upload_id: UUID, counts: Mapping[str, int]) -> None:
    """Add to the counts of an upload."""
    await run(
        conn,
        """
        UPDATE bulk_upload SET rows_read = rows_read + %(read)s, rows_wrong = rows_wrong + %(wrong)s,
            rows_saved = rows_saved + %(saved)s, rows_failed = rows_failed + %(failed)s,
            rows_undone = rows_undone + %(undone)s, rows_kept = rows_kept + %(kept)s
        WHERE upload_id = %(upload)s
        """,
        upload=upload_id,
        **{name: counts.get(name, 0) for name in ("read", "wrong", "saved", "failed", "undone", "kept")},
    )


async def rows_in(
    conn: Connection, upload_id: UUID, states: Sequence[str], *, after: int, limit: int
) -> list[RowOfUpload]:
    """Rows in these states, by number."""
    return await fetch_all(
        conn,
        RowOfUpload,
        """
        SELECT row_number, state, cells_sealed, problems_sealed, made FROM bulk_row
        WHERE upload_id = %(upload)s AND state = ANY (%(states)s) AND row_number > %(after)s
        ORDER BY row_number LIMIT %(limit)s
        """,
        upload=upload_id,
        states=list(states),
        after=after,
        limit=limit,
    )


async def last_rows_in(conn: Connection, upload_id: UUID, state: str, limit: int) -> list[RowOfUpload]:
    """The last rows in this state, the last one first: what came later is undone earlier."""
    return await fetch_all(
        conn,
        RowOfUpload,
        """
        SELECT row_number, state, cells_sealed, problems_sealed, made FROM bulk_row
        WHERE upload_id = %(upload)s AND state = %(state)s ORDER BY row_number DESC LIMIT %(limit)s
        """,
        upload=upload_id,
        state=state,
        limit=limit,
    )


async def set_rows(conn: Connection, upload_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """What became of rows: {number, state, made}."""
    await run(
        conn,
        """
        UPDATE bulk_row b SET state = n.state, made = coalesce(n.made, b.made)
        FROM jsonb_to_recordset(%(rows)s) AS n (number integer, state text, made jsonb)
        WHERE b.upload_id = %(upload)s AND b.row_number = n.number
        """,
        upload=upload_id,
        rows=Jsonb(list(rows)),
    )


async def set_problems(conn: Connection, upload_id: UUID, row_number: int, problems_sealed: bytes) -> None:
    """Why a row was not saved, or not undone."""
    await run(
        conn,
        """
        UPDATE bulk_row SET problems_sealed = %(problems)s
        WHERE upload_id = %(upload)s AND row_number = %(number)s
        """,
        upload=upload_id,
        number=row_number,
        problems=problems_sealed,
    )


async def forget(conn: Connection, before: datetime, now: datetime, empty: bytes) -> int:
    """Remove what the rows of old uploads say; how many uploads."""
    return int(
        await fetch_value(
            conn,
            """
            WITH old AS (
                UPDATE bulk_upload SET forgotten_at = %(now)s, file_name_sealed = %(empty)s, problem_sealed = NULL
                WHERE forgotten_at IS NULL AND received_at < %(before)s AND state NOT IN ('confirmed', 'undoing')
                RETURNING upload_id),
            pieces AS (DELETE FROM bulk_chunk USING old WHERE bulk_chunk.upload_id = old.upload_id),
            contents AS (DELETE FROM bulk_row USING old WHERE bulk_row.upload_id = old.upload_id)
            SELECT count(*) FROM old
            """,
            before=before,
            now=now,
            empty=empty,
        )
    )
