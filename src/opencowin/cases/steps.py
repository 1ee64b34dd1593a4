"""Steps: what happens to a case, written down for both sides, and told by message."""

from datetime import date, datetime
from uuid import UUID

from pydantic import TypeAdapter

from opencowin.cases import queries
from opencowin.cases.model import CASE_MOVED, Case, CaseKind, CaseNews, CaseState, News, Side, Step, Wish
from opencowin.cases.queries import CaseRow
from opencowin.kit.actor import Actor, ActorKind
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

DETAILS, WISH, NOTE = "help_case.details", "help_case.wish", "help_case.answer"
"""Purposes of seals. A step's note is sealed as answers were before there were steps."""
SIDES = {ActorKind.CITIZEN: Side.PERSON, ActorKind.SYSTEM: Side.SYSTEM}
NEWS = {
    CaseState.RAISED: News.RAISED,
    CaseState.ASKED: News.ASKED,
    CaseState.ACCEPTED: News.ACCEPTED,
    CaseState.REFUSED: News.REFUSED,
    CaseState.DONE: News.DONE,
}
_wishes = TypeAdapter(Wish)


async def step(  # noqa: PLR0917 (said in one breath: this case goes to that state, with these words)
    conn: Connection,
    floor: Floor,
    actor: Actor,
    row: CaseRow,
    state: CaseState,
    note: str = "",
    *,
    takes_effect_at: datetime | None = None,
) -> None:
    """Take a case one step further: written down on both sides, and told to whoever raised it."""
    now = floor.clock.now()
    await queries.set_state(conn, row.case_id, state.value, now, takes_effect_at=takes_effect_at)
    number = await queries.add_step(
        conn,
        row.case_id,
        state=state.value,
        side=SIDES.get(actor.kind, Side.OFFICER).value,
        actor_id=actor.actor_id,
        note_sealed=floor.keyring.seal(note, NOTE) if note else None,
        at=now,
    )
    subject, detail = ("case", row.case_id), {"kind": row.kind}
    await record(conn, actor, f"cases.{state.value}", subject=subject, reason="case", detail=detail)
    if state in NEWS and (row.source == "person" or state is CaseState.DONE):
        await tell(conn, floor, row, row.account_id, NEWS[state], number)


async def tell(  # noqa: PLR0917
    conn: Connection,
    floor: Floor,
    row: CaseRow,
    account_id: UUID,
    news: News,
    step_number: int,
    until: date | None = None,
) -> None:
    """Queue a message to one side of a case."""
    now = floor.clock.now()
    told = CaseNews(account_id, row.case_number, step_number, news, now, row.reference_id, until)
    await CASE_MOVED.enqueue(conn, told)


async def steps_of(conn: Connection, floor: Floor, case_id: UUID) -> tuple[Step, ...]:
    """The steps of a case."""
    rows = await queries.steps(conn, case_id)
    return tuple(
        Step(
            step_number=one.step_number,
            state=CaseState(one.state),
            side=Side(one.side),
            actor_id=one.actor_id,
            note=floor.keyring.open(bytes(one.note_sealed), NOTE) if one.note_sealed else "",
            at=one.at,
        )
        for one in rows
    )


def sealed_wish(floor: Floor, wish: Wish) -> bytes:
    """A wish, sealed."""
    return floor.keyring.seal(_wishes.dump_json(wish).decode(), WISH)


def wish_told(wish: Wish) -> dict[str, object]:
    """A wish as an officer reads it: what it names, and nothing else."""
    told: dict[str, object] = _wishes.dump_python(wish, mode="json", exclude_none=True, exclude_defaults=True)
    return told


def opened(floor: Floor, row: CaseRow) -> Case:
    """A stored case, opened."""
    wish = _wishes.validate_json(floor.keyring.open(bytes(row.wish_sealed), WISH)) if row.wish_sealed else Wish()
    return Case(
        account_id=row.account_id,
        case_id=row.case_id,
        case_number=row.case_number,
        kind=CaseKind(row.kind),
        state=CaseState(row.state),
        found_by_system=row.source == "system",
        reference_id=row.reference_id,
        other_reference_id=row.other_reference_id,
        district_id=row.district_id,
        details=floor.keyring.open(row.details_sealed, DETAILS),
        wish=wish,
        raised_at=row.raised_at,
        changed_at=row.changed_at,
        takes_effect_at=row.takes_effect_at,
        undone_at=row.undone_at,
    )
