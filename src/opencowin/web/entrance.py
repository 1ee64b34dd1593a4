"""How fair access is spoken of in HTTP: headers that carry a ticket or a proof, and those that tell a place."""

from typing import Annotated
from uuid import UUID

from fastapi import Header

from opencowin import places, scheduling
from opencowin.fairness import Standing, Wanted
from opencowin.kit.db import Connection

TICKET, POSITION = "X-Queue-Ticket", "X-Queue-Position"
QueueTicket = Annotated[
    str | None,
    Header(
        alias=TICKET.lower(),
        description="The ticket of the waiting room, as the last answer gave it. Without it the call is answered alike,"
        " only more slowly.",
        max_length=200,
    ),
]

CHALLENGE, PROOF = "X-Altcha-Challenge", "X-Altcha"
Proof = Annotated[
    str | None,
    Header(
        alias=PROOF.lower(),
        description="A solved challenge (ALTCHA, version 2), where one was asked for: 503 QUEUE0006 carries it as JSON"
        " in base64 in `x-altcha-challenge`.",
        max_length=2000,
    ),
]


async def look_at_session(conn: Connection, session_id: UUID) -> Wanted:
    """What the entrance must know of a session. Raises NoSuchSession."""
    session = await scheduling.read_session(conn, session_id)
    return Wanted(await places.place_of(conn, district_id=session.district_id), session.bookable_from)


def told(standing: Standing) -> dict[str, str]:
    """The headers that tell a place in a waiting room."""
    headers = {TICKET: standing.ticket}
    if standing.before is not None:
        headers[POSITION] = str(standing.before + 1)
    return headers
