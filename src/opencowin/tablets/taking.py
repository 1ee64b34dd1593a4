"""Takes what a tablet sends: each record once, with an answer that stays; what cannot be used is kept as it came."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.tablets import closing, giving, queries
from opencowin.tablets.model import (
    Answer,
    AnySent,
    Kept,
    Outcome,
    SentAdverseEvent,
    SentClose,
    SentDose,
    SentUndo,
    SentVials,
    SentWaste,
    Tablet,
)

RECORD = "tablet_record.content"
UNREAD = "unread"
KINDS: dict[type[AnySent], str] = {
    SentDose: "dose",
    SentUndo: "undo",
    SentAdverseEvent: "adverse_event",
    SentVials: "vials",
    SentWaste: "waste",
    SentClose: "close",
}


async def take(conn: Connection, floor: Floor, tablet: Tablet, sent: AnySent) -> Answer:
    """Take one record in a transaction of its own; the same one again gets the same answer and changes nothing.

    A dose is never refused: where its person cannot be found, the record is kept sealed and a human is asked.
    """
    session_id = getattr(sent, "session_id", None)
    entry = _entry(floor, tablet, sent.record_id, KINDS[type(sent)], sent.made_at, session_id)
    if not await queries.reserve(conn, entry):
        return await _again(conn, sent.record_id)
    try:
        async with conn.transaction():
            done = await _apply(conn, floor, tablet, sent, entry)
    except Refusal as no:
        answer = Answer(sent.record_id, Outcome.ATTENTION, no.code, no.message)
        done = replace(entry, outcome=answer.outcome.value, answer=answer.stored(), figures=_figures(sent))
    if done.outcome == Outcome.WAITING:
        await queries.forget(conn, sent.record_id)
        return Answer(sent.record_id, Outcome.WAITING)
    if done.outcome == Outcome.ATTENTION or isinstance(sent, SentUndo | SentClose):
        done = replace(done, content_sealed=floor.keyring.seal(sent.raw, RECORD))
    await queries.conclude(conn, done)
    return done.answered()


async def keep_unread(  # noqa: PLR0917 (what is known of something that is not understood)
    conn: Connection, floor: Floor, tablet: Tablet, record_id: UUID, made_at: datetime, raw: Any
) -> Answer:
    """Keep a record that cannot be understood, for a human."""
    entry = _entry(floor, tablet, record_id, UNREAD, made_at, None)
    if not await queries.reserve(conn, entry):
        return await _again(conn, record_id)
    answer = Answer(record_id, Outcome.ATTENTION, UNREAD)
    sealed = floor.keyring.seal(json.dumps(raw, ensure_ascii=False), RECORD)
    await queries.conclude(
        conn, replace(entry, outcome=answer.outcome.value, answer=answer.stored(), content_sealed=sealed)
    )
    return answer


async def _apply(conn: Connection, floor: Floor, tablet: Tablet, sent: AnySent, entry: Kept) -> Kept:
    match sent:
        case SentDose():
            return await giving.take_dose(conn, floor, tablet, sent, replace(entry, figures=_figures(sent)))
        case SentUndo():
            return await giving.take_undo(conn, floor, tablet, sent, entry)
        case SentAdverseEvent():
            return await giving.take_adverse_event(conn, floor, tablet, sent, entry)
        case SentVials():
            return await closing.take_vials(conn, floor, tablet, sent, replace(entry, figures=_figures(sent)))
        case SentClose():
            return await closing.take_close(conn, floor, tablet, sent, entry)
        case _:
            return replace(entry, figures=_figures(sent))


async def _again(conn: Connection, record_id: UUID) -> Answer:
    known = await queries.record_of(conn, record_id)
    return known.answered() if known else Answer(record_id, Outcome.WAITING)


def _entry(  # noqa: PLR0917 (the columns of a record)
    floor: Floor, tablet: Tablet, record_id: UUID, kind: str, made_at: datetime, session_id: UUID | None
) -> Kept:
    return Kept(
        record_id=record_id,
        tablet_id=tablet.tablet_id,
        district_id=tablet.district_id,
        centre_id=tablet.centre_id,
        session_id=session_id,
        kind=kind,
        outcome=Outcome.KEPT.value,
        answer=Answer(record_id, Outcome.KEPT).stored(),
        made_at=made_at,
        received_at=floor.clock.now(),
    )


def _figures(sent: AnySent) -> dict[str, Any]:
    match sent:
        case SentDose():
            return {"vaccine": sent.vaccine_id, "batch": sent.batch_number, "doses": 1}
        case SentVials():
            doses = sent.vials * sent.doses_per_vial
            return {"vaccine": sent.vaccine_id, "batch": sent.batch_number, "doses": doses, "vials": sent.vials}
        case SentWaste():
            return {
                "vaccine": sent.vaccine_id,
                "batch": sent.batch_number,
                "doses": sent.doses,
                "reason": sent.reason.value,
            }
        case _:
            return {}
