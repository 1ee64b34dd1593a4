"""Tables that officers take away: of their area, without names, numbers or references, made by a job, soon removed."""

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from opencowin import identity
from opencowin.bulk import export_queries as queries
from opencowin.bulk.export_queries import ExportRow
from opencowin.bulk.refusals import DaysReversed, NoSuchExport
from opencowin.bulk.tables import write_rows
from opencowin.kit import audit
from opencowin.kit.actor import Actor, NotPermitted, Permission, system
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import BULK, Job
from opencowin.reports import hide_small

CONTENT = "bulk.export"
MOST_DAYS = 366
HIDDEN = "<5"
"""What stands for a small count in the one table that is meant for the public."""


class ExportKind(StrEnum):
    """What the rows of an export are."""

    DOSES = "doses"
    SESSIONS = "sessions"
    STOCK = "stock"
    ADVERSE_EVENTS = "adverse_events"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was asked for; `rows` is None until it is ready."""

    export_id: UUID
    kind: ExportKind
    first_on: date
    last_on: date
    asked_at: datetime
    rows: int | None
    made_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExportAsked:
    """An export has to be made."""

    export_id: UUID


EXPORT_ASKED = Job("bulk.export_asked", ExportAsked, BULK)
_NEEDED: Mapping[ExportKind, Permission] = {ExportKind.ADVERSE_EVENTS: Permission.REVIEW_ADVERSE_EVENTS}


def exports_for(actor: Actor) -> list[ExportKind]:
    """What the actor may take away."""
    if Permission.EXPORT_RECORDS not in actor.permissions:
        return []
    return [kind for kind in ExportKind if _NEEDED.get(kind, Permission.EXPORT_RECORDS) in actor.permissions]


async def ask_export(  # noqa: PLR0917 (said in one breath)
    conn: Connection, floor: Floor, actor: Actor, kind: ExportKind, first_on: date, last_on: date
) -> UUID:
    """Have a table made of these days of the actor's area. Raises NotPermitted, DaysReversed."""
    if kind not in exports_for(actor):
        raise NotPermitted
    if not timedelta(0) <= last_on - first_on <= timedelta(days=MOST_DAYS):
        raise DaysReversed(field="last_on", most=MOST_DAYS)
    export_id, now = uuid4(), floor.clock.now()
    await queries.insert_export(
        conn,
        export_id,
        kind=kind.value,
        staff_id=actor.own_staff_id(),
        place=actor.place,
        address=actor.address,
        first_on=first_on,
        last_on=last_on,
        at=now,
        expires_at=now + floor.settings.exports_kept,
    )
    detail = {"kind": kind.value, "first": str(first_on), "last": str(last_on)}
    subject = ("export", export_id)
    await audit.record(conn, actor, "bulk.ask_export", subject=subject, reason=kind.value, detail=detail)
    await EXPORT_ASKED.enqueue(conn, ExportAsked(export_id))
    return export_id


async def make_export(conn: Connection, floor: Floor, export_id: UUID) -> None:
    """Write the table; for the worker. What an officer may no longer have is dropped, and the trail says so."""
    row = await queries.hold_export(conn, export_id)
    if row is None or row.made_at is not None:
        return
    try:
        actor: Actor | None = await identity.actor_of_staff(conn, row.staff_id, row.address)
    except Refusal:
        actor = None
    kind = ExportKind(row.kind)
    if actor is None or kind not in exports_for(actor):
        await queries.drop_export(conn, export_id)
        why, who = f"staff {row.staff_id} may not have it any more", system("bulk.make_export")
        await audit.record(conn, who, "bulk.drop_export", subject=("export", export_id), reason=why)
        return
    header, rows = await queries.table(conn, kind.value, actor.place, row.first_on, row.last_on)
    if kind is ExportKind.COVERAGE:
        rows = _without_small(rows)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as out:
        for line in write_rows([header, *rows]):
            out.write(line.encode())
    sealed = floor.keyring.seal_bytes(packed.getvalue(), CONTENT)
    await queries.keep_content(conn, export_id, sealed, len(rows), floor.clock.now())


async def exports_of(conn: Connection, floor: Floor, actor: Actor) -> list[Export]:
    """One's own exports that are not removed yet, the newest first."""
    return [_export(row) for row in await queries.exports_of(conn, actor.own_staff_id(), floor.clock.now())]


async def fetch_export(conn: Connection, floor: Floor, actor: Actor, export_id: UUID) -> tuple[Export, bytes]:
    """One's own export and its CSV; written to the audit trail. Raises NoSuchExport, also for one that is over."""
    row = await queries.hold_export(conn, export_id)
    if row is None or row.staff_id != actor.own_staff_id() or floor.clock.now() >= row.expires_at:
        raise NoSuchExport
    if row.content_sealed is None or ExportKind(row.kind) not in exports_for(actor):
        raise NoSuchExport
    content = gzip.decompress(floor.keyring.open_bytes(bytes(row.content_sealed), CONTENT))
    subject, detail = ("export", export_id), {"rows": row.rows_written}
    await audit.record(conn, actor, "bulk.fetch_export", subject=subject, reason=row.kind, detail=detail)
    return _export(row), content


async def forget_old_exports(conn: Connection, floor: Floor) -> int:
    """Remove exports whose time is over; how many. For the worker, now and then."""
    return await queries.forget_exports(conn, floor.clock.now())


def _export(row: ExportRow) -> Export:
    return Export(
        export_id=row.export_id,
        kind=ExportKind(row.kind),
        first_on=row.first_on,
        last_on=row.last_on,
        asked_at=row.asked_at,
        rows=row.rows_written,
        made_at=row.made_at,
        expires_at=row.expires_at,
    )


def _without_small(rows: list[list[str]]) -> list[list[str]]:
    """Coverage as it may be published: small counts of a district are hidden, and what would tell them."""
    by_district: dict[str, list[list[str]]] = {}
    for row in rows:
        by_district.setdefault(row[0], []).append(row)
    for some in by_district.values():
        for row, shown in zip(some, hide_small([int(row[-1]) for row in some]), strict=True):
            row[-1] = HIDDEN if shown is None else str(shown)
    return rows
