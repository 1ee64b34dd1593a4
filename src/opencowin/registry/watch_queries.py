"""SQL of the alarms on unusual reading: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value, run


class AlertKind(StrEnum):
    """What is unusual."""

    MANY_LOOKS = "many_looks"
    WRONG_CODES = "wrong_codes"
    FAR_AWAY = "far_away"
    REFUSED_LOOKS = "refused_looks"


@dataclass(frozen=True, slots=True)
class LookAlert:
    """An alarm: who read in an unusual way, how often in that hour, and whether an officer looked after it."""

    alert_id: UUID
    kind: AlertKind
    actor_kind: str
    actor_id: str
    times: int
    raised_at: datetime
    last_at: datetime
    seen_by: str | None
    seen_at: datetime | None

    def __post_init__(self) -> None:
        """The database gives a word where the model has an enumeration."""
        object.__setattr__(self, "kind", AlertKind(self.kind))


@dataclass(frozen=True, slots=True)
class Unseen:
    """How many alarms of a kind nobody has looked after."""

    kind: str
    alerts: int


async def ring(  # noqa: PLR0917 (said in one breath: this alarm about that actor, in this hour)
    conn: Connection, alert_id: UUID, kind: AlertKind, actor_kind: str, actor_id: str, window: datetime, at: datetime
) -> bool:
    """Raise an alarm, or count on with the one of this hour; whether it is new. What was seen rings anew."""
    return bool(
        await fetch_value(
            conn,
            """
            INSERT INTO look_alert (alert_id, kind, actor_kind, actor_id, window_start, raised_at, last_at)
            VALUES (%(id)s, %(kind)s, %(actor_kind)s, %(actor)s, %(window)s, %(at)s, %(at)s)
            ON CONFLICT ON CONSTRAINT look_alert_once DO UPDATE
            SET times = look_alert.times + 1, last_at = excluded.last_at, seen_by = NULL, seen_at = NULL
            RETURNING times = 1
            """,
            id=alert_id,
            kind=kind.value,
            actor_kind=actor_kind,
            actor=actor_id,
            window=window,
            at=at,
        )
    )


async def alerts(
    conn: Connection, actors: Sequence[str] | None, *, unseen: bool, start: int, rows: int
) -> list[LookAlert]:
    """Alarms about these actors (None: all), those that nobody looked after or the others, newest first."""
    return await fetch_all(
        conn,
        LookAlert,
        """
        SELECT alert_id, kind, actor_kind, actor_id, times, raised_at, last_at, seen_by, seen_at FROM look_alert
        WHERE (seen_at IS NULL) = %(unseen)s AND (%(actors)s::text[] IS NULL OR actor_id = ANY (%(actors)s))
        ORDER BY last_at DESC, alert_id LIMIT %(rows)s OFFSET %(start)s
        """,
        actors=list(actors) if actors is not None else None,
        unseen=unseen,
        start=start,
        rows=rows,
    )


async def mark_seen(conn: Connection, actors: Sequence[str] | None, alert_id: UUID, by: str, at: datetime) -> bool:
    """Note that an officer looked after an alarm about one of these actors; False when there is none such."""
    marked = await run(
        conn,
        """
        UPDATE look_alert SET seen_by = %(by)s, seen_at = %(at)s
        WHERE alert_id = %(id)s AND seen_at IS NULL
          AND (%(actors)s::text[] IS NULL OR actor_id = ANY (%(actors)s))
        """,
        actors=list(actors) if actors is not None else None,
        id=alert_id,
        by=by,
        at=at,
    )
    return marked == 1


async def unseen(conn: Connection) -> list[Unseen]:
    """How many alarms nobody has looked after, by kind."""
    return await fetch_all(
        conn, Unseen, "SELECT kind, count(*) AS alerts FROM look_alert WHERE seen_at IS NULL GROUP BY kind"
    )
