"""Closes a centre for good or for a while: not while it still holds sessions that people may come to."""

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.places import read_centre, shut_centre
from opencowin.scheduling.refusals import CentreHasSessions


async def close_centre(conn: Connection, floor: Floor, actor: Actor, centre_id: int, reason: str) -> None:
    """Close a centre that holds nothing any more: it is found no longer, its records stay.

    Raises NotPermitted, UnknownCentre, CentreAlreadyClosed, CentreReasonMissing, CentreHasSessions.
    """
    centre = await read_centre(conn, centre_id)
    await shut_centre(conn, floor, actor, centre_id, reason)
    left = await fetch_value(
        conn,
        """
        SELECT count(*) FROM session
        WHERE district_id = %(district)s AND centre_id = %(centre)s AND held_on >= %(today)s
          AND state IN ('draft', 'published')
        """,
        district=centre.district_id,
        centre=centre_id,
        today=floor.clock.today(),
    )
    if left:
        raise CentreHasSessions(field="centre_id", sessions=left)
