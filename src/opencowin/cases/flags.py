"""Integrity flags: doses that do not fit the site or the person are raised to the district; none is dropped."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from opencowin import certificates, vaccination
from opencowin.cases import finding_queries, flag_queries
from opencowin.cases.finding import OVERLAP, WINDOW
from opencowin.cases.flag_queries import FlagRow
from opencowin.cases.raising import LONGEST
from opencowin.cases.refusals import DecisionUnexplained, NoDoseToRevoke, NoSuchFlag
from opencowin.cases.reviewing import districts_in_scope
from opencowin.identity import Role, permissions_of
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import find_person

FLAGGED = "flags"
NOTE = "integrity_flag.note"
SHOWN = 200


class FlagKind(StrEnum):
    """What does not fit."""

    AFTER_DEATH = "after_death"
    TOO_FAST = "too_fast"
    FAR_FROM_SITE = "far_from_site"
    OUTSIDE_HOURS = "outside_hours"
    BEYOND_STOCK = "beyond_stock"
    NUMBER_THERE_ALREADY = "dose_number_conflict"


class FlagState(StrEnum):
    """What a review came to."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as an officer sees it; who a dose was given to is behind its reference."""

    flag_id: int
    kind: FlagKind
    district_id: int | None
    centre_id: int | None
    on_date: date | None
    dose_id: UUID | None
    reference_id: int | None
    subject: str
    counted: int | None
    allowed: int | None
    state: FlagState
    found_at: datetime
    note: str


async def raise_flags(conn: Connection, floor: Floor) -> int:
    """Look at what was recorded since the last time, and raise what does not fit; how many flags."""
    since = await finding_queries.found_until(conn, FLAGGED)
    until = await finding_queries.end_of_window(conn, since, WINDOW) or since
    if until is None:
        return 0
    settings, now = floor.settings, floor.clock.now()
    begin = since and since - OVERLAP
    raised = await flag_queries.flag_marked(conn, begin, until, now)
    raised += await flag_queries.flag_after_death(conn, begin, until, now)
    raised += await flag_queries.flag_after_fatal_event(conn, now)
    raised += await flag_queries.flag_outside_hours(
        conn,
        begin,
        until,
        now,
        zone=floor.clock.zone.key,
        grace_minutes=settings.site_hours_grace_minutes,
    )
    raised += await flag_queries.flag_too_fast(
        conn,
        begin,
        until,
        now,
        per_hour=settings.doses_per_vaccinator_per_hour,
        assumed=settings.vaccinators_where_unknown,
        roles=[role.value for role in Role if Permission.VACCINATE in permissions_of(role)],
    )
    raised += await flag_queries.flag_beyond_stock(conn, begin, until, now)
    await finding_queries.note_until(conn, FLAGGED, until)
    return raised


async def list_flags(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    *,
    kind: FlagKind | None = None,
    state: FlagState = FlagState.OPEN,
) -> list[Flag]:
    """Flags within the actor's scope, the oldest first. Raises NotPermitted."""
    actor.require(Permission.ANSWER_CASES)
    scope = await districts_in_scope(conn, actor)
    rows = await flag_queries.listed(conn, scope, kind.value if kind else None, state=state.value, limit=SHOWN)
    detail = {"shown": len(rows)}
    await record(conn, actor, "cases.list_flags", subject=("flag", "list"), reason="officer's list", detail=detail)
    return [_opened(floor, row) for row in rows]


async def review_flag(  # noqa: PLR0917 (said in one breath: this flag came to that, for this reason)
    conn: Connection, floor: Floor, actor: Actor, flag_id: int, outcome: FlagState, words: str, *, revoke: bool = False
) -> None:
    """Note what a review came to; one that is upheld may revoke the dose that it is about, with its certificates.

    Raises NotPermitted, NoSuchFlag (also outside the scope), DecisionUnexplained, NoDoseToRevoke.
    """
    actor.require(Permission.ANSWER_CASES)
    said = words.strip()
    if not 0 < len(said) <= LONGEST or outcome is FlagState.OPEN:
        raise DecisionUnexplained(field="reason", most=LONGEST)
    scope = await districts_in_scope(conn, actor)
    row = await flag_queries.hold_open(conn, flag_id)
    if row is None or (scope is not None and row.district_id not in scope):
        raise NoSuchFlag(field="flag_id")
    if revoke:
        await _revoke(conn, floor, actor, row, outcome)
    sealed = floor.keyring.seal(said, NOTE)
    now = floor.clock.now()
    await flag_queries.review(conn, flag_id, state=outcome.value, note_sealed=sealed, by=actor.actor_id, at=now)
    detail = {"outcome": outcome.value, "revoked": revoke}
    await record(conn, actor, "cases.review_flag", subject=("flag", flag_id), reason=outcome.value, detail=detail)


async def _revoke(conn: Connection, floor: Floor, actor: Actor, row: FlagRow, outcome: FlagState) -> None:
    if row.dose_id is None or row.reference_id is None or outcome is not FlagState.UPHELD:
        raise NoDoseToRevoke(field="revoke")
    person = await find_person(conn, row.reference_id)
    reason = f"flag {row.flag_id}"
    await vaccination.revoke_dose(conn, floor, actor, person, row.dose_id, reason=reason)
    await certificates.renew(conn, floor, actor, person, reason)


def _opened(floor: Floor, row: FlagRow) -> Flag:
    return Flag(
        flag_id=row.flag_id,
        kind=FlagKind(row.kind),
        district_id=row.district_id,
        centre_id=row.centre_id,
        on_date=row.on_date,
        dose_id=row.dose_id,
        reference_id=row.reference_id,
        subject=row.subject,
        counted=row.counted,
        allowed=row.allowed,
        state=FlagState(row.state),
        found_at=row.found_at,
        note=floor.keyring.open(bytes(row.note_sealed), NOTE) if row.note_sealed else "",
    )
