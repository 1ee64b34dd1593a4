"""Throttling of tries: several limits on one thing, asked together, with the seconds until the next try is welcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.limits import count_uses, uses_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` uses of `what` (kind and value) in a window."""

    what: str
    most: int
    window: timedelta

    @property
    def key(self) -> tuple[str, timedelta]:
        """What is counted, and in which window."""
        return self.what, self.window


def seconds_left(floor: Floor, window: timedelta) -> int:
    """Seconds until the present window ends, at least one."""
    length = window.total_seconds()
    return max(1, round(length - floor.clock.now().timestamp() % length))


async def wait_for(conn: Connection, floor: Floor, limits: Sequence[Limit]) -> int | None:
    """Seconds until none of these limits is used up any more; None when none is."""
    used = await uses_of(conn, floor.keyring, floor.clock, [limit.key for limit in limits])
    waits = [seconds_left(floor, limit.window) for limit, uses in zip(limits, used, strict=True) if uses >= limit.most]
    return max(waits, default=None)


async def count_all(conn: Connection, floor: Floor, limits: Sequence[Limit]) -> None:
    """Count one use of each. Name them in one order everywhere, the widely shared one (an address) last."""
    await count_uses(conn, floor.keyring, floor.clock, {limit.key: 1 for limit in limits})
