"""What the worker does for the jobs of this room."""

from opencowin.bulk.checking import check_upload
from opencowin.bulk.exports import EXPORT_ASKED, ExportAsked, make_export
from opencowin.bulk.saving import save_rows, undo_rows
from opencowin.bulk.uploads import UNDO_ASKED, UPLOAD_CONFIRMED, UPLOAD_RECEIVED, UploadStep
from opencowin.kit.db import Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Handler


def handlers(pool: Pool, floor: Floor) -> list[Handler]:
    """A handler for each job: checks, saves, undoes, exports."""

    async def check(step: UploadStep) -> None:
        await check_upload(pool, floor, step)

    async def save(step: UploadStep) -> None:
        await save_rows(pool, floor, step)

    async def undo(step: UploadStep) -> None:
        await undo_rows(pool, floor, step)

    async def export(asked: ExportAsked) -> None:
        async with transaction(pool) as conn:
            await make_export(conn, floor, asked.export_id)

    return [
        Handler(UPLOAD_RECEIVED, check),
        Handler(UPLOAD_CONFIRMED, save),
        Handler(UNDO_ASKED, undo),
        Handler(EXPORT_ASKED, export),
    ]
