"""Ids of sessions: they begin with the day, so that what lies by session lies by date (UUID version 7, RFC 9562).

Callers take them as they are: sessions from before have random ones for ever, and a draft that is moved to another day
keeps its own. So an id tells where rows lie, and only the session itself on which day it is held.
"""

import random
import secrets
from datetime import UTC, date, datetime, time
from uuid import UUID

VERSION, VARIANT = 0x7 << 76, 0b10 << 62
RANDOM_HIGH, RANDOM_LOW = 12, 62


def new_session_id(held_on: date, dice: random.Random | None = None) -> UUID:
    """An id for a session of this day: its midnight (UTC) in milliseconds, then chance, or what these dice show."""
    day = int(datetime.combine(held_on, time(), UTC).timestamp()) * 1000
    draw = dice.getrandbits if dice else secrets.randbits
    return UUID(int=day << 80 | VERSION | draw(RANDOM_HIGH) << 64 | VARIANT | draw(RANDOM_LOW))
