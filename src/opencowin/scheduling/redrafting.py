"""Makes another session of a draft: another day, vaccine, price, or other times, while nobody knows of it."""

from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import current_programme
from opencowin.scheduling import plan_queries, queries
from opencowin.scheduling.invitations import new_invitation
from opencowin.scheduling.model import NewSession
from opencowin.scheduling.refusals import CentreMismatch, NotADraft
from opencowin.scheduling.sessions import check_price, check_session, read_session, require_scope


async def change_draft(conn: Connection, floor: Floor, actor: Actor, session_id: UUID, new: NewSession) -> None:
    """Change a draft into this session of the same centre; when it is published stays as it is set.

    Raises NoSuchSession, NotPermitted, CentreMismatch, NotADraft and what `check_session` raises.
    """
    session = await read_session(conn, session_id)
    centre = await require_scope(conn, actor, session)
    if new.centre_id != session.centre_id:
        raise CentreMismatch(field="centre_id")
    check_session(floor.clock, new, centre, await current_programme(conn))
    check_price(floor, new)
    invitation = new_invitation() if new.closed else None
    if not await plan_queries.rewrite_draft(conn, session.district_id, session_id, new, invitation):
        raise NotADraft(field="session_id")
    await plan_queries.clear_slots(conn, session.district_id, session_id)
    await queries.insert_slots(conn, session.district_id, session_id, new.slots)
    subject, detail = ("session", session_id), {"held_on": str(new.held_on), "doses": new.doses}
    await record(conn, actor, "scheduling.change_draft", subject=subject, reason="planned", detail=detail)
