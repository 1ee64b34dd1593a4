"""Hearing SMS that come over a gateway's own line: the same talk as through its calls to us."""

from uuid import uuid4

from opencowin import talks
from opencowin.kit.actor import system
from opencowin.kit.country import InvalidMobile
from opencowin.kit.db import Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.i18n import read_catalogues

MOST_LETTERS = 2000


async def hear_text(pool: Pool, floor: Floor, gateway: str, number: str, text: str) -> None:
    """Hear an SMS, and queue the answer. A centre tells the number as it is dialled from abroad, without a plus sign;
    what comes from no mobile of this country is passed over."""
    said = talks.Text(uuid4().hex, number[:40], text.replace("\x00", "")[:MOST_LETTERS])
    try:
        async with transaction(pool) as conn:
            await talks.hear_text(conn, floor, system(f"gateway {gateway}"), read_catalogues(), said)
    except InvalidMobile:
        return
