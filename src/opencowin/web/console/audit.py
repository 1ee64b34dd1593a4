"""The trail of who looked at or changed whom, by who, whom and day, within the own area; each reading leaves a row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity, registry
from opencowin.identity import ActedAs
from opencowin.kit import audit
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import AuditRow, Sought
from opencowin.kit.csv_text import csv_text
from opencowin.kit.db import Connection
from opencowin.web.console.desk import keep, may_in_console
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page, leaf_of
from opencowin.web.pages.forms import number
from opencowin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Auditor = Annotated[Actor, may_in_console(Permission.READ_AUDIT)]
MOST_EXPORTED = 10_000
COLUMNS = ("number", "at", "who", "role", "action", "subject", "subject_id", "reason", "address")
NOBODY = ("nobody",)
"""Actors of a name that is not in the area: none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page's form asks for."""

    who: str
    whom: str
    day: date


def asked_of(request: Request, today: date) -> Asked:
    """The filters of the address; a day that cannot be read is today."""
    given = request.query_params
    try:
        day = date.fromisoformat(given.get("day", ""))
    except ValueError:
        day = today
    return Asked(given.get("who", "").strip()[:64], given.get("whom", "").strip()[:20], day)


@router.get("/console/audit", response_class=Response)
async def read_trail(request: Request, actor: Auditor) -> Response:
    """A day of the trail, newest first."""
    site, leaf = site_of(request), leaf_of(request)
    asked = asked_of(request, site.floor.clock.today())
    async with site.transaction() as conn:
        rows = await _rows(conn, site, actor, asked, start=leaf.start, rows=ROWS + 1, how="console")
        who = await identity.who_acted(conn, [row.actor_id for row in rows])
    return console_page(
        ConsoleReader(request),
        "console/audit.html",
        rows=rows[:ROWS],
        who=who,
        asked=asked,
        local=site.floor.clock.local,
        leaf=leaf.followed(len(rows)),
    )


@router.get("/console/audit.csv", response_class=Response)
async def export_trail(request: Request, actor: Auditor) -> Response:
    """The same day as a table; at most ten thousand rows."""
    site = site_of(request)
    asked = asked_of(request, site.floor.clock.today())
    async with site.transaction() as conn:
        rows = await _rows(conn, site, actor, asked, start=0, rows=MOST_EXPORTED, how="export")
        who = await identity.who_acted(conn, [row.actor_id for row in rows])
    table = csv_text(COLUMNS, (_line(row, who) for row in rows))
    name = f'attachment; filename="audit-{asked.day}.csv"'
    answer = Response(table, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})
    return keep(request, answer)


async def _rows(
    conn: Connection, site: Site, actor: Actor, asked: Asked, *, start: int, rows: int, how: str
) -> list[AuditRow]:
    """The rows that are asked for, of actors within the officer's area; that they were read is a row too."""
    clock = site.floor.clock
    begins = datetime.combine(asked.day, time(), tzinfo=clock.zone)
    sought = Sought(
        actors=await identity.actors_within(conn, actor.place), since=begins, until=begins + timedelta(days=1)
    )
    if asked.who:
        staff_id = await identity.staff_called(conn, asked.who)
        known = staff_id is not None and (sought.actors is None or str(staff_id) in sought.actors)
        sought = replace(sought, actors=(str(staff_id),) if known else NOBODY)
    if asked.whom:
        sought = replace(sought, subject=await _subject(conn, asked.whom))
    detail = {"who": asked.who, "whom": bool(asked.whom), "rows": rows, "start": start}
    await audit.record(conn, actor, "audit.read", subject=("day", asked.day), reason=how, detail=detail)
    return await audit.rows_sought(conn, sought, start=start, rows=rows)


async def _subject(conn: Connection, reference: str) -> tuple[str, str]:
    """The person whom a reference names, as the trail does; nobody for one that names none."""
    try:
        person = await registry.find_person(conn, number(reference) or 0)
    except registry.NoSuchBeneficiary:
        return ("beneficiary", "nobody")
    return ("beneficiary", str(person.beneficiary_id))


def _line(row: AuditRow, who: Mapping[str, ActedAs]) -> tuple[str, ...]:
    person = who.get(row.actor_id)
    named = (person.user_name, person.role.value) if person else (row.actor_id, row.actor_kind)
    at = row.at.isoformat(timespec="seconds")
    return (str(row.audit_id), at, *named, row.action, row.subject_kind, row.subject_id, row.reason, row.address)
