"""Officers open a draw over sessions, reveal it with the public number when it has closed, or call it off."""

import re
import secrets
from uuid import UUID, uuid4

from opencowin import places, programme, scheduling
from opencowin.draw import queries
from opencowin.draw.lots import commitment_of
from opencowin.draw.model import Draw, DrawState, NewDraw
from opencowin.draw.reading import draw_of
from opencowin.draw.refusals import DrawIncomplete, DrawOver, NoSuchDraw, NotToReveal, NumberInvalid
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling import ReasonMissing

SEED_BYTES = 32
PURPOSE = "draw.seed"
LONGEST = 300
LEAST_DIGITS, MOST_DIGITS = 4, 80
MOST_SESSIONS = 200


async def open_draw(conn: Connection, floor: Floor, actor: Actor, new: NewDraw) -> UUID:
    """Open a draw and commit to its seed; from now on nobody else gives the seats of its sessions.

    Raises NotPermitted, UnknownDistrict, DrawIncomplete, NotForDraw.
    """
    actor.require(Permission.PUBLISH_SESSIONS)
    await _require_scope(conn, actor, new.district_id)
    now, draw_id = floor.clock.now(), uuid4()
    groups = (await programme.current_programme(conn)).groups
    said = 0 < len(new.number_source.strip()) <= LONGEST
    if not said:
        raise DrawIncomplete(field="number_source")
    if not 0 < len(set(new.session_ids)) == len(new.session_ids) <= MOST_SESSIONS:
        raise DrawIncomplete(field="sessions")
    if len(set(new.groups)) != len(new.groups) or not set(new.groups) <= set(groups):
        raise DrawIncomplete(field="groups")
    sessions = await scheduling.give_to_draw(conn, actor, draw_id, new.district_id, new.session_ids)
    first = min(scheduling.begins(floor.clock, one.held_on, one.slots[0].starts_at) for one in sessions)
    if not now < new.closes_at < first:
        raise DrawIncomplete(field="closes_at")
    seed = secrets.token_bytes(SEED_BYTES)
    commitment = commitment_of(seed)
    sealed = floor.keyring.seal_bytes(seed, PURPOSE)
    await queries.insert(conn, draw_id, new, now, commitment=commitment, sealed=sealed)
    detail = {"sessions": len(sessions), "commitment": commitment, "number_source": new.number_source.strip()}
    await record(conn, actor, "draw.open", subject=("draw", draw_id), reason="opened", detail=detail)
    return draw_id


async def reveal(conn: Connection, floor: Floor, actor: Actor, draw_id: UUID, number: str) -> None:
    """Enter the public number of a draw that has closed, and make its seed known; the worker draws. Of the number its
    digits count. Raises NotPermitted, NoSuchDraw, NotToReveal, NumberInvalid."""
    found = await _hold(conn, actor, draw_id)
    if found.state != DrawState.CLOSED:
        raise NotToReveal(field="number")
    digits = "".join(re.findall(r"[0-9]", number))
    if not LEAST_DIGITS <= len(digits) <= MOST_DIGITS:
        raise NumberInvalid(field="number", least=LEAST_DIGITS)
    await queries.set_revealed(conn, draw_id, _seed(floor, found), digits, floor.clock.now())
    detail = {"number": digits, "list": found.list_digest or ""}
    await record(conn, actor, "draw.reveal", subject=("draw", draw_id), reason="public number known", detail=detail)


async def cancel_draw(conn: Connection, floor: Floor, actor: Actor, draw_id: UUID, reason: str) -> None:
    """Call a draw off before it is revealed: its sessions are open to all, who entered is told, the reason and the seed
    are public. Raises NotPermitted, NoSuchDraw, ReasonMissing, DrawOver."""
    found = await _hold(conn, actor, draw_id)
    if found.is_over:
        raise DrawOver(field="draw_id")
    if not 0 < len(reason.strip()) <= LONGEST:
        raise ReasonMissing(field="reason")
    await queries.set_cancelled(conn, draw_id, _seed(floor, found), reason.strip())
    await scheduling.end_draw(conn, found.district_id, draw_id, await queries.session_ids(conn, draw_id))
    await record(conn, actor, "draw.cancel", subject=("draw", draw_id), reason=reason.strip())


def _seed(floor: Floor, found: Draw) -> str:
    return floor.keyring.open_bytes(found.seed_sealed, PURPOSE).hex()


async def _hold(conn: Connection, actor: Actor, draw_id: UUID) -> Draw:
    """A draw of the actor's own district, which nobody else changes until the transaction ends."""
    actor.require(Permission.PUBLISH_SESSIONS)
    if not await queries.hold(conn, draw_id):
        raise NoSuchDraw(field="draw_id")
    found = await draw_of(conn, draw_id)
    await _require_scope(conn, actor, found.district_id)
    return found


async def _require_scope(conn: Connection, actor: Actor, district_id: int) -> None:
    if actor.place.centre_id is not None or not await places.in_scope(
        conn, actor, district_id=district_id, centre_id=None
    ):
        raise NotPermitted
