"""What the jobs about an upload share: the upload held for one batch, its officer as things stand now, and its stop."""

from uuid import UUID

from opencowin import identity
from opencowin.bulk import queries
from opencowin.bulk.faults import seal_faults
from opencowin.bulk.model import Fault, Kind, UploadState
from opencowin.bulk.queries import UploadRow
from opencowin.bulk.refusals import OfficerGone
from opencowin.bulk.sheets import SHEETS
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor


class OutOfTurn(Exception):
    """The upload is no longer at this step: a job that ran before did the work."""


async def hold_turn(conn: Connection, upload_id: UUID, state: UploadState) -> tuple[UploadRow, Actor]:
    """The upload, held until the transaction ends, and who acts. Raises OutOfTurn, OfficerGone."""
    row = await queries.hold_upload(conn, upload_id)
    if row is None or row.state != state.value:
        raise OutOfTurn
    try:
        actor = await identity.actor_of_staff(conn, row.staff_id, row.address)
    except Refusal as no:
        raise OfficerGone from no
    if not SHEETS[Kind(row.kind)].is_open_to(actor):
        raise OfficerGone
    return row, actor


async def stop(pool: Pool, floor: Floor, upload_id: UUID, no: Refusal) -> None:
    """Note why nothing more is done with an upload."""
    async with transaction(pool) as conn:
        row = await queries.hold_upload(conn, upload_id)
        if row is not None:
            await queries.set_problem(conn, upload_id, seal_faults(floor.keyring, [Fault("", no)]))
            await queries.set_state(conn, upload_id, UploadState.STOPPED.value, floor.clock.now())
            await queries.drop_chunks(conn, upload_id)
