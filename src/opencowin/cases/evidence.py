"""What people show as proof: a few pictures or documents, bounded, sealed, and deleted when the case is long closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from opencowin.cases import evidence_queries
from opencowin.cases.model import Evidence
from opencowin.cases.refusals import EvidenceUnreadable, NoSuchCase, TooMuchEvidence
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

MOST_FILES, MOST_MB = 3, 2
CONTENT = "case_evidence.content"
BEGINNINGS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"%PDF-": "application/pdf"}
BATCH = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """A file as it was sent; what it is, is read from itself and not from its name."""

    evidence_id: UUID
    content: bytes


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file to look at."""

    media_type: str
    content: bytes


def media_type(content: bytes) -> str:
    """Which of the accepted types a file is. Raises EvidenceUnreadable."""
    for beginning, kind in BEGINNINGS.items():
        if content.startswith(beginning) and len(content) <= MOST_MB * 1_000_000:
            return kind
    raise EvidenceUnreadable(field="evidence", most=MOST_MB)


async def keep(conn: Connection, floor: Floor, case_id: UUID, files: Sequence[Shown]) -> None:
    """Keep files with a case. Raises EvidenceUnreadable, TooMuchEvidence."""
    known = {one.evidence_id for one in await evidence_queries.of_case(conn, case_id)}
    fresh = [one for one in files if one.evidence_id not in known]
    if len(known) + len(fresh) > MOST_FILES:
        raise TooMuchEvidence(field="evidence", most=MOST_FILES)
    for one in fresh:
        await evidence_queries.insert(
            conn,
            case_id,
            one.evidence_id,
            media_type=media_type(one.content),
            size=len(one.content),
            sealed=floor.keyring.seal_bytes(one.content, CONTENT),
            at=floor.clock.now(),
        )


async def shown_in(conn: Connection, case_id: UUID) -> tuple[Evidence, ...]:
    """What was shown in a case."""
    rows = await evidence_queries.of_case(conn, case_id)
    return tuple(Evidence(one.evidence_id, one.media_type, one.bytes, one.added_at, one.deleted) for one in rows)


async def read_content(conn: Connection, floor: Floor, case_id: UUID, evidence_id: UUID) -> ShownFile:
    """One file. Raises NoSuchCase, also once it is deleted."""
    found = await evidence_queries.content(conn, case_id, evidence_id)
    if found is None or found.content_sealed is None:
        raise NoSuchCase(field="evidence")
    return ShownFile(found.media_type, floor.keyring.open_bytes(bytes(found.content_sealed), CONTENT))


async def forget_evidence(conn: Connection, floor: Floor) -> int:
    """Delete what was shown in cases that are closed for the settled number of days; how many files."""
    now = floor.clock.now()
    before = now - timedelta(days=floor.settings.evidence_days)
    deleted = await evidence_queries.delete_contents(conn, before, BATCH)
    await evidence_queries.note_deleted(conn, before, BATCH, now)
    return deleted
