"""SQL of what is shown as proof: one function, one statement."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, run


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """Something shown as proof, without its content."""

    evidence_id: UUID
    media_type: str
    bytes: int
    added_at: datetime
    deleted: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What it shows, sealed."""

    media_type: str
    content_sealed: bytes | None


async def insert(
    conn: Connection, case_id: UUID, evidence_id: UUID, *, media_type: str, size: int, sealed: bytes, at: datetime
) -> int:
    """Keep something; 0 when it is there already."""
    return await run(
        conn,
        """
        INSERT INTO case_evidence (case_id, evidence_id, media_type, bytes, content_sealed, added_at)
        VALUES (%(case_id)s, %(evidence_id)s, %(media_type)s, %(size)s, %(sealed)s, %(at)s) ON CONFLICT DO NOTHING
        """,
        case_id=case_id,
        evidence_id=evidence_id,
        media_type=media_type,
        size=size,
        sealed=sealed,
        at=at,
    )


async def of_case(conn: Connection, case_id: UUID) -> list[EvidenceRow]:
    """What was shown in a case."""
    return await fetch_all(
        conn,
        EvidenceRow,
        """
        SELECT evidence_id, media_type, bytes, added_at, content_sealed IS NULL AS deleted FROM case_evidence
        WHERE case_id = %(case_id)s ORDER BY added_at, evidence_id
        """,
        case_id=case_id,
    )


async def content(conn: Connection, case_id: UUID, evidence_id: UUID) -> Content | None:
    """One of them."""
    return await fetch_one(
        conn,
        Content,
        """
        SELECT media_type, content_sealed FROM case_evidence
        WHERE case_id = %(case_id)s AND evidence_id = %(evidence_id)s
        """,
        case_id=case_id,
        evidence_id=evidence_id,
    )


async def delete_contents(conn: Connection, closed_before: datetime, limit: int) -> int:
    """Delete what was shown in cases that were closed before an instant; of how many files."""
    return await run(
        conn,
        """
        UPDATE case_evidence SET content_sealed = NULL
        WHERE content_sealed IS NOT NULL AND case_id IN (
            SELECT case_id FROM help_case WHERE state IN ('refused', 'done') AND evidence_deleted_at IS NULL
              AND changed_at < %(before)s ORDER BY changed_at LIMIT %(limit)s)
        """,
        before=closed_before,
        limit=limit,
    )


async def note_deleted(conn: Connection, closed_before: datetime, limit: int, at: datetime) -> int:
    """Note in which of those cases nothing is kept any more."""
    return await run(
        conn,
        """
        UPDATE help_case SET evidence_deleted_at = %(at)s
        WHERE case_id IN (
            SELECT case_id FROM help_case WHERE state IN ('refused', 'done') AND evidence_deleted_at IS NULL
              AND changed_at < %(before)s ORDER BY changed_at LIMIT %(limit)s)
          AND NOT EXISTS (SELECT FROM case_evidence kept
                          WHERE kept.case_id = help_case.case_id AND kept.content_sealed IS NOT NULL)
        """,
        before=closed_before,
        limit=limit,
        at=at,
    )
