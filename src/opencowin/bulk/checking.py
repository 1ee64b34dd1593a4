"""The dry run: reads an uploaded file and notes what is wrong in each row. Nothing else is written, so that a check
that was interrupted begins anew."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from opencowin.bulk import queries
from opencowin.bulk.cells import PROBLEM_COLUMN, read_cells, read_header
from opencowin.bulk.faults import seal_faults
from opencowin.bulk.model import Kind, Line, RowState, UploadState
from opencowin.bulk.refusals import CellsDiffer, FileEmpty, RowDoubled
from opencowin.bulk.sheets import SHEETS
from opencowin.bulk.sheets.sheet import Reading, Sheet
from opencowin.bulk.tables import Row, read_rows
from opencowin.bulk.turns import OutOfTurn, hold_turn, stop
from opencowin.bulk.uploads import CONTENT, UploadStep
from opencowin.bulk.wording import seal_cells
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor

AT_ONCE = 500


async def check_upload(pool: Pool, floor: Floor, step: UploadStep) -> None:
    """Read the file, batch by batch, and note what is wrong in each row."""
    try:
        await _check(pool, floor, step.upload_id)
    except OutOfTurn:
        return
    except Refusal as no:
        await stop(pool, floor, step.upload_id, no)


async def _check(pool: Pool, floor: Floor, upload_id: UUID) -> None:
    async with transaction(pool) as conn:
        upload, _ = await hold_turn(conn, upload_id, UploadState.RECEIVED)
        sheet = SHEETS[Kind(upload.kind)]
        pieces = [floor.keyring.open_bytes(piece, CONTENT) for piece in await queries.chunks(conn, upload_id)]
        rows = read_rows(b"".join(pieces))
        del pieces
        _, cells = next(rows, (0, []))
        header = read_header(cells, sheet.columns)
        await queries.begin_reading(conn, upload_id, header)
    reading = Reading()
    while batch := list(islice(rows, AT_ONCE)):
        async with transaction(pool) as conn:
            _, actor = await hold_turn(conn, upload_id, UploadState.RECEIVED)
            lines = [_line(header, row) for row in batch]
            await judge(conn, floor, actor, sheet, lines, reading)
            await _keep(conn, floor, upload_id, header, batch, lines)
    async with transaction(pool) as conn:
        upload, _ = await hold_turn(conn, upload_id, UploadState.RECEIVED)
        if upload.rows_read == 0:
            raise FileEmpty(field="file")
        await queries.set_state(conn, upload_id, UploadState.CHECKED.value, floor.clock.now())
        await queries.drop_chunks(conn, upload_id)


async def judge(  # noqa: PLR0917 (said in one breath)
    conn: Connection, floor: Floor, actor: Actor, sheet: Sheet, lines: Sequence[Line], reading: Reading
) -> None:
    """Note all that is wrong in these lines: cells that cannot be read, lines that are there twice, what is not so."""
    for line in lines:
        read_cells(line, sheet.columns)
    await sheet.check(conn, floor, actor, lines, reading)
    for line in lines:
        key = sheet.key(line)
        if key is None:
            continue
        mark = int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=8).digest(), "big")
        earlier = reading.rows.setdefault(mark, line.number)
        if earlier != line.number:
            line.blame("", RowDoubled(row=earlier))


def _line(header: Sequence[str], row: Row) -> Line:
    """The line of a row, whose cells are those of the header."""
    number, cells = row
    told = list(cells)
    while len(told) > len(header) and not told[-1]:
        told.pop()
    line = Line(number, {name: cell for name, cell in zip(header, told, strict=False) if name != PROBLEM_COLUMN})
    if len(told) > len(header):
        line.blame("", CellsDiffer(found=len(told), wanted=len(header)))
    return line


async def _keep(  # noqa: PLR0917 (said in one breath)
    conn: Connection, floor: Floor, upload_id: UUID, header: Sequence[str], batch: Sequence[Row], lines: Sequence[Line]
) -> None:
    await queries.copy_lines(conn, list(_stored(floor, upload_id, header, batch, lines)))
    wrong = sum(bool(line.faults) for line in lines)
    await queries.count_rows(conn, upload_id, {"read": len(lines), "wrong": wrong})


def _stored(
    floor: Floor, upload_id: UUID, header: Sequence[str], batch: Sequence[Row], lines: Sequence[Line]
) -> Iterator[tuple[object, ...]]:
    kept = [at for at, name in enumerate(header) if name != PROBLEM_COLUMN]
    for (number, cells), line in zip(batch, lines, strict=True):
        state = RowState.WRONG if line.faults else RowState.GOOD
        told = [cells[at] if at < len(cells) else "" for at in kept]
        problems = seal_faults(floor.keyring, line.faults) if line.faults else None
        yield upload_id, number, state.value, seal_cells(floor.keyring, told), problems
