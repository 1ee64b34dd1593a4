"""Months of the audit trail that are put away: only what is chained leaves, and the chain is kept where it passes."""

from datetime import datetime

import psycopg
from psycopg import sql

from opencowin.kit.archive import ArchiveRefused, Part, Shelf


def _ends(_: psycopg.Connection, part: Part) -> datetime | None:
    return part.ends_at


def _refuse_unchained(conn: psycopg.Connection, part: Part) -> None:
    """The chain must have passed the part, and gone on in another one."""
    found = conn.execute(
        sql.SQL(
            """
            SELECT EXISTS (SELECT FROM {part} WHERE chain_hash IS NULL),
                   coalesce((SELECT max(audit_id) FROM {part})
                            < (SELECT max(audit_id) FROM audit WHERE chain_hash IS NOT NULL), true)
            """
        ).format(part=sql.Identifier(part.partition))
    ).fetchone()
    if found != (False, True):
        raise ArchiveRefused(f"{part.partition} is not wholly chained, or nothing comes after it: is a worker running?")


def _keep_seams(conn: psycopg.Connection, part: Part) -> None:
    """Keep the hash before each row whose predecessor is on the other side of the part's border."""
    conn.execute(
        sql.SQL(
            """
            WITH span AS (
                SELECT coalesce((SELECT max(audit_id) FROM audit WHERE audit_id < min(own.audit_id)),
                                min(own.audit_id)) AS first,
                       (SELECT min(audit_id) FROM audit WHERE audit_id > max(own.audit_id)) AS last
                FROM {part} AS own),
            pair AS (
                SELECT audit_id, tableoid AS place, lag(chain_hash) OVER chain AS hash,
                       lag(tableoid) OVER chain AS before
                FROM audit, span WHERE audit_id BETWEEN first AND last WINDOW chain AS (ORDER BY audit_id))
            INSERT INTO audit_seam (audit_id, previous_hash, partition)
            SELECT audit_id, hash, before::regclass::text FROM pair
            WHERE place <> before AND {own}::regclass IN (place, before)
            ON CONFLICT (audit_id) DO NOTHING
            """
        ).format(part=sql.Identifier(part.partition), own=sql.Literal(part.partition))
    )


TRAIL = Shelf("audit", ends=_ends, refuse=_refuse_unchained, leaving=_keep_seams)
