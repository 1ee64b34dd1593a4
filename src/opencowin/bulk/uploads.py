"""Uploads from the officer's side: a template, a file received, what was found in it, confirmed, dropped, undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from opencowin import identity
from opencowin.bulk import queries
from opencowin.bulk.cells import PROBLEM_COLUMN
from opencowin.bulk.faults import open_faults
from opencowin.bulk.model import Column, Kind, RowState, Upload, UploadState, WrongRow
from opencowin.bulk.queries import RowOfUpload, UploadRow
from opencowin.bulk.refusals import FileTooLarge, NoSuchUpload, TooLateForThis, UploadForgotten
from opencowin.bulk.sheets import SHEETS
from opencowin.bulk.wording import open_cells
from opencowin.kit import audit
from opencowin.kit.actor import Actor, NotPermitted, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import BULK, Job

MOST_MEGABYTES = 20
PIECE = 1 << 20
CONTENT, FILE_NAME = "bulk.content", "bulk.file_name"
LONGEST_NAME = 120
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class UploadStep:
    """An upload has something to be done."""

    upload_id: UUID


UPLOAD_RECEIVED = Job("bulk.upload_received", UploadStep, BULK)
UPLOAD_CONFIRMED = Job("bulk.upload_confirmed", UploadStep, BULK)
UNDO_ASKED = Job("bulk.undo_asked", UploadStep, BULK)


def columns_of(kind: Kind) -> Sequence[Column]:
    """The columns of a kind's template."""
    return SHEETS[kind].columns


def kinds_for(actor: Actor) -> list[Kind]:
    """What the actor may upload."""
    return [kind for kind, sheet in SHEETS.items() if sheet.is_open_to(actor)]


async def receive_upload(  # noqa: PLR0917 (said in one breath)
    conn: Connection, floor: Floor, actor: Actor, kind: Kind, file_name: str, content: bytes, *, language: str = "en"
) -> UUID:
    """Keep a file to be checked; nothing of it is saved. Raises NotPermitted, FileTooLarge."""
    if not SHEETS[kind].is_open_to(actor):
        raise NotPermitted
    if len(content) > MOST_MEGABYTES << 20:
        raise FileTooLarge(field="file", most=MOST_MEGABYTES)
    upload_id, keyring = uuid4(), floor.keyring
    await queries.insert_upload(
        conn,
        upload_id,
        kind=kind.value,
        staff_id=actor.own_staff_id(),
        place=actor.place,
        address=actor.address,
        language=language,
        file_name_sealed=keyring.seal(file_name.strip()[:LONGEST_NAME], FILE_NAME),
        at=floor.clock.now(),
    )
    pieces = [keyring.seal_bytes(content[at : at + PIECE], CONTENT) for at in range(0, len(content), PIECE)]
    await queries.copy_chunks(conn, upload_id, pieces)
    subject, detail = ("upload", upload_id), {"kind": kind.value, "bytes": len(content)}
    await audit.record(conn, actor, "bulk.receive_upload", subject=subject, reason=kind.value, detail=detail)
    await UPLOAD_RECEIVED.enqueue(conn, UploadStep(upload_id))
    return upload_id


async def uploads_of(conn: Connection, floor: Floor, actor: Actor, limit: int = 50) -> list[Upload]:
    """The latest uploads of the actor's area, of the kinds that the actor may upload."""
    rows = await queries.uploads_within(conn, actor.place, [kind.value for kind in kinds_for(actor)], limit)
    return [opened(floor, row) for row in rows]


async def read_upload(conn: Connection, floor: Floor, actor: Actor, upload_id: UUID) -> Upload:
    """One upload of the actor's area. Raises NoSuchUpload."""
    row = await queries.upload(conn, upload_id)
    if row is None or not _is_near(actor, row):
        raise NoSuchUpload
    return opened(floor, row)


async def wrong_rows(conn: Connection, floor: Floor, actor: Actor, upload_id: UUID, limit: int) -> list[WrongRow]:
    """The first rows that are wrong, failed or were kept, with all that is wrong in each. Raises NoSuchUpload."""
    await read_upload(conn, floor, actor, upload_id)
    found = await queries.rows_in(conn, upload_id, _WRONG, after=0, limit=limit)
    return [_wrong_row(floor, row) for row in found]


async def every_wrong_row(conn: Connection, floor: Floor, actor: Actor, upload_id: UUID) -> list[WrongRow]:
    """All of them, for the fix-file: whoever uploaded them may have them back. Raises NoSuchUpload, NotPermitted."""
    upload = await read_upload(conn, floor, actor, upload_id)
    if upload.staff_id != actor.own_staff_id():
        raise NotPermitted
    found: list[WrongRow] = []
    after = 0
    while rows := await queries.rows_in(conn, upload_id, _WRONG, after=after, limit=AT_ONCE):
        found += [_wrong_row(floor, row) for row in rows]
        after = rows[-1].row_number
    subject, detail = ("upload", upload_id), {"rows": len(found)}
    await audit.record(conn, actor, "bulk.fetch_wrong_rows", subject=subject, reason="fix-file", detail=detail)
    return found


async def confirm_upload(conn: Connection, floor: Floor, actor: Actor, upload_id: UUID) -> None:
    """Save the good rows of one's own checked upload. Raises NoSuchUpload, NotPermitted, TooLateForThis."""
    await _next_step(conn, floor, actor, upload_id, {UploadState.CHECKED}, UploadState.CONFIRMED)
    await UPLOAD_CONFIRMED.enqueue(conn, UploadStep(upload_id))


async def drop_upload(conn: Connection, floor: Floor, actor: Actor, upload_id: UUID) -> None:
    """Save nothing of one's own checked upload. Raises NoSuchUpload, NotPermitted, TooLateForThis."""
    await _next_step(conn, floor, actor, upload_id, {UploadState.CHECKED}, UploadState.DROPPED)


async def undo_upload(conn: Connection, floor: Floor, actor: Actor, upload_id: UUID) -> None:
    """Undo what was saved of one's own upload, row by row; what something depends on stays.

    Raises NoSuchUpload, NotPermitted, TooLateForThis, UploadForgotten.
    """
    saved = {UploadState.SAVED, UploadState.STOPPED}
    await _next_step(conn, floor, actor, upload_id, saved, UploadState.UNDOING)
    await UNDO_ASKED.enqueue(conn, UploadStep(upload_id))


async def forget_old_uploads(conn: Connection, floor: Floor) -> int:
    """Remove what the rows of old uploads say; how many uploads. For the worker, now and then."""
    now = floor.clock.now()
    before = now - floor.settings.uploads_kept
    return await queries.forget(conn, before, now, floor.keyring.seal("", FILE_NAME))


def header_of_fix_file(upload: Upload) -> list[str]:
    """The columns of the fix-file: those of the upload and what is wrong."""
    return [*(name for name in upload.header if name != PROBLEM_COLUMN), PROBLEM_COLUMN]


def opened(floor: Floor, row: UploadRow) -> Upload:
    """The upload of a row."""
    faults = open_faults(floor.keyring, row.problem_sealed)
    return Upload(
        upload_id=row.upload_id,
        kind=Kind(row.kind),
        state=UploadState(row.state),
        staff_id=row.staff_id,
        place=Place(row.state_id, row.district_id, row.centre_id),
        address=row.address,
        file_name=floor.keyring.open(bytes(row.file_name_sealed), FILE_NAME),
        header=row.header,
        problem=faults[0].refusal if faults else None,
        rows_read=row.rows_read,
        rows_wrong=row.rows_wrong,
        rows_saved=row.rows_saved,
        rows_failed=row.rows_failed,
        rows_undone=row.rows_undone,
        rows_kept=row.rows_kept,
        received_at=row.received_at,
        checked_at=row.checked_at,
        ended_at=row.ended_at,
        forgotten_at=row.forgotten_at,
    )


_WRONG = (RowState.WRONG.value, RowState.FAILED.value, RowState.KEPT.value)


def _wrong_row(floor: Floor, row: RowOfUpload) -> WrongRow:
    faults = open_faults(floor.keyring, row.problems_sealed)
    return WrongRow(row.row_number, RowState(row.state), open_cells(floor.keyring, row.cells_sealed), faults)


def _is_near(actor: Actor, row: UploadRow) -> bool:
    place = Place(row.state_id, row.district_id, row.centre_id)
    return identity.is_within(place, actor.place) and SHEETS[Kind(row.kind)].is_open_to(actor)


async def _next_step(  # noqa: PLR0917 (said in one breath)
    conn: Connection, floor: Floor, actor: Actor, upload_id: UUID, at: set[UploadState], to: UploadState
) -> None:
    row = await queries.hold_upload(conn, upload_id)
    if row is None or not _is_near(actor, row):
        raise NoSuchUpload
    if row.staff_id != actor.own_staff_id():
        raise NotPermitted
    if row.forgotten_at is not None:
        raise UploadForgotten(days=floor.settings.uploads_kept.days)
    if UploadState(row.state) not in at:
        raise TooLateForThis
    await queries.set_state(conn, upload_id, to.value, floor.clock.now())
    subject, detail = ("upload", upload_id), {"kind": row.kind, "rows": row.rows_read - row.rows_wrong}
    await audit.record(conn, actor, f"bulk.{to.value}", subject=subject, reason=row.kind, detail=detail)
