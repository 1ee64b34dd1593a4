"""Saves the good rows of a confirmed upload, and undoes them. What became of a row is written in the transaction that
made it so: a job that was killed goes on where the last batch ended, and no row is saved or undone twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from uuid import UUID, uuid5

from opencowin.bulk import queries
from opencowin.bulk.cells import PROBLEM_COLUMN, read_cells
from opencowin.bulk.faults import seal_faults
from opencowin.bulk.model import Fault, Kind, Line, RowState, UploadState
from opencowin.bulk.queries import RowOfUpload, UploadRow
from opencowin.bulk.sheets import SHEETS
from opencowin.bulk.sheets.sheet import Made, Sheet
from opencowin.bulk.turns import OutOfTurn, hold_turn, stop
from opencowin.bulk.uploads import UNDO_ASKED, UPLOAD_CONFIRMED, UploadStep
from opencowin.bulk.wording import open_cells
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Job

AT_ONCE = 50
TURN = 3.0
"""Seconds of work after which a job lets others come first, and goes on as another job."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One direction of the work: from which state to which, and what is done with a row."""

    job: Job[UploadStep]
    while_in: UploadState
    then: UploadState
    rows: Callable[[Connection, UUID], Awaitable[list[RowOfUpload]]]
    good: RowState
    bad: RowState
    do: Callable[[Connection, Floor, Actor, Sheet, UploadRow, RowOfUpload], Awaitable[Made | None]]


async def save_rows(pool: Pool, floor: Floor, step: UploadStep) -> None:
    """Save good rows for a while; the rest is another job's."""
    await _turn(pool, floor, step, _SAVING)


async def undo_rows(pool: Pool, floor: Floor, step: UploadStep) -> None:
    """Undo saved rows for a while, the last first; the rest is another job's."""
    await _turn(pool, floor, step, _UNDOING)


async def _turn(pool: Pool, floor: Floor, step: UploadStep, work: _Work) -> None:
    ends = monotonic() + TURN
    try:
        while await _batch(pool, floor, step, work, last=monotonic() >= ends):
            pass
    except OutOfTurn:
        return
    except Refusal as no:
        await stop(pool, floor, step.upload_id, no)


async def _batch(pool: Pool, floor: Floor, step: UploadStep, work: _Work, *, last: bool) -> bool:
    """Do one batch; whether this job goes on. The last batch of a turn queues the job that does."""
    async with transaction(pool) as conn:
        upload, actor = await hold_turn(conn, step.upload_id, work.while_in)
        rows = await work.rows(conn, step.upload_id)
        if not rows:
            await queries.set_state(conn, step.upload_id, work.then.value, floor.clock.now())
            return False
        sheet = SHEETS[Kind(upload.kind)]
        outcomes = [await _one(conn, floor, actor, sheet, upload, row, work) for row in rows]
        await queries.set_rows(conn, step.upload_id, outcomes)
        good = sum(one["state"] == work.good.value for one in outcomes)
        counts = {work.good.value: good, work.bad.value: len(rows) - good}
        await queries.count_rows(conn, step.upload_id, counts)
        if last:
            await work.job.enqueue(conn, step)
    return not last


async def _one(  # noqa: PLR0917 (who does what with which row of what)
    conn: Connection, floor: Floor, actor: Actor, sheet: Sheet, upload: UploadRow, row: RowOfUpload, work: _Work
) -> dict[str, object]:
    """What became of one row; a refusal undoes what it had done, unless the refusal keeps it."""
    kept: Refusal | None = None
    made: Made | None = None
    try:
        async with conn.transaction():
            try:
                made = await work.do(conn, floor, actor, sheet, upload, row)
            except Refusal as no:
                if not no.commits:
                    raise
                kept = no
    except Refusal as no:
        kept = no
    if kept is None:
        return {"number": row.row_number, "state": work.good.value, "made": made}
    sealed = seal_faults(floor.keyring, [Fault("", kept)])
    await queries.set_problems(conn, upload.upload_id, row.row_number, sealed)
    return {"number": row.row_number, "state": work.bad.value, "made": None}


async def _save(  # noqa: PLR0917
    conn: Connection, floor: Floor, actor: Actor, sheet: Sheet, upload: UploadRow, row: RowOfUpload
) -> Made:
    names = [name for name in upload.header if name != PROBLEM_COLUMN]
    line = Line(row.row_number, dict(zip(names, open_cells(floor.keyring, row.cells_sealed), strict=False)))
    read_cells(line, sheet.columns)
    return await sheet.save(conn, floor, actor, line, uuid5(upload.upload_id, str(row.row_number)))


async def _undo(  # noqa: PLR0917
    conn: Connection, floor: Floor, actor: Actor, sheet: Sheet, upload: UploadRow, row: RowOfUpload
) -> None:
    del upload
    await sheet.undo(conn, floor, actor, row.made or {})


async def _good_rows(conn: Connection, upload_id: UUID) -> list[RowOfUpload]:
    return await queries.rows_in(conn, upload_id, [RowState.GOOD.value], after=0, limit=AT_ONCE)


async def _saved_rows(conn: Connection, upload_id: UUID) -> list[RowOfUpload]:
    return await queries.last_rows_in(conn, upload_id, RowState.SAVED.value, AT_ONCE)


_SAVING = _Work(
    UPLOAD_CONFIRMED, UploadState.CONFIRMED, UploadState.SAVED, _good_rows, RowState.SAVED, RowState.FAILED, _save
)
_UNDOING = _Work(
    UNDO_ASKED, UploadState.UNDOING, UploadState.UNDONE, _saved_rows, RowState.UNDONE, RowState.KEPT, _undo
)
