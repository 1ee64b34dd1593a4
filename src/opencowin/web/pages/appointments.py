"""Appointments: the slip as a page, on paper and for the calendar; moving and cancelling."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, scheduling
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Refusal
from opencowin.kit.qr import qr_svg
from opencowin.web.pages.calendar_file import calendar_file
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Filled, first, number, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import draft_for, go, keep, read_form, signed_in, visit_of
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.BOOK_FOR_OWN_MEMBERS)]
TITLE = "Vaccination appointment"
ICS = "text/calendar; charset=utf-8"


@router.get("/appointments/{booking_id}", response_class=Response)
async def slip(request: Request, booking_id: UUID, actor: Own) -> Response:
    """The slip: where, when, for whom, and what the health worker asks for."""
    reader, site = Reader(request), site_of(request)
    async with site.transaction() as conn:
        paper = await scheduling.read_slip(conn, site.floor, actor, booking_id)
        rules = await programme.current_programme(conn)
    return page(
        reader,
        "slip.html",
        paper=paper,
        one=paper.appointment,
        vaccine=vaccine_name(reader, rules, paper.appointment.vaccine_id),
        qr=Markup(qr_svg(scheduling.qr_text(paper))),  # noqa: S704 (our own drawing)
        done=request.query_params.get("done", ""),
    )


@router.get("/appointments/{booking_id}/slip.pdf", response_class=Response)
async def printed(request: Request, booking_id: UUID, actor: Own) -> Response:
    """The slip as PDF."""
    reader, site = Reader(request), site_of(request)
    async with site.transaction() as conn:
        paper = await scheduling.read_slip(conn, site.floor, actor, booking_id)
    pdf = await scheduling.printed_slip(site.floor, paper, reader.language.code)
    return keep(request, Response(pdf, media_type="application/pdf", headers=_named("appointment.pdf")))


@router.get("/appointments/{booking_id}/appointment.ics", response_class=Response)
async def for_calendar(request: Request, booking_id: UUID, actor: Own) -> Response:
    """The appointment for a calendar: no names, no codes, since calendars are shared."""
    reader, site = Reader(request), site_of(request)
    async with site.transaction() as conn:
        paper = await scheduling.read_slip(conn, site.floor, actor, booking_id)
    one = paper.appointment
    zone = site.floor.country.zone
    text = calendar_file(
        uid=str(booking_id),
        stamp=paper.made_at,
        begins=datetime.combine(one.held_on, one.starts_at, tzinfo=zone),
        ends=datetime.combine(one.held_on, one.ends_at, tzinfo=zone),
        title=reader.text(TITLE),
        place=f"{one.centre.name}, {one.centre.address} {one.centre.pin_code}",
    )
    return keep(request, Response(text, media_type=ICS, headers=_named("appointment.ics")))


@router.get("/appointments/{booking_id}/cancel", response_class=Response)
async def cancel_form(request: Request, booking_id: UUID, actor: Own) -> Response:
    """Really cancel?"""
    kept = draft_for(request, request.url.path)
    return await _cancel_page(Reader(request), actor, booking_id, Filled(kept) if kept else None)


@router.post("/appointments/{booking_id}/cancel", response_class=Response)
async def cancel(request: Request, booking_id: UUID, actor: Own) -> Response:
    """Cancel it, for those who are named."""
    fields, reader, site = await read_form(request), Reader(request), site_of(request)
    references = tuple(known for text in fields.get("who", []) if (known := number(text)) is not None)
    try:
        async with site.transaction() as conn:
            await scheduling.cancel(conn, site.floor, actor, booking_id, references)
    except scheduling.NotInBooking as no:
        return await _cancel_page(reader, actor, booking_id, refused(reader, fields, no, {}))
    return go(request, "/people", done="cancelled")


@router.get("/appointments/{booking_id}/move", response_class=Response)
async def move_form(
    request: Request,
    booking_id: UUID,
    actor: Own,
    session_id: Annotated[UUID | None, Query()] = None,
    slot: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """To here? Without a new slot: on to the search, which carries the booking along."""
    if session_id is None and (kept := draft_for(request, request.url.path)):
        return go(request, request.url.path, session_id=first(kept, "session_id"), slot=first(kept, "slot"))
    reader, site = Reader(request), site_of(request)
    async with site.transaction() as conn:
        paper = await scheduling.read_slip(conn, site.floor, actor, booking_id)
    one = paper.appointment
    if session_id is None or not slot:
        return go(
            request,
            "/find",
            district_id=one.centre.district_id,
            dose=one.dose_number,
            people=len(paper.people),
            move=booking_id,
        )
    return await _move_page(reader, paper, session_id, slot, Filled())


@router.post("/appointments/{booking_id}/move", response_class=Response)
async def move(request: Request, booking_id: UUID, actor: Own) -> Response:
    """Move it: the old seat is given up only when the new one is taken."""
    fields, reader, site = await read_form(request), Reader(request), site_of(request)
    try:
        session_id = UUID(first(fields, "session_id"))
    except ValueError:
        return go(request, f"/appointments/{booking_id}/move")
    await site.entrance.enter(actor, session_id, visit_of(request).ticket)
    try:
        async with site.transaction() as conn:
            await scheduling.move(conn, site.floor, actor, booking_id, session_id, first(fields, "slot"))
    except Refusal as no:
        async with site.transaction() as conn:
            paper = await scheduling.read_slip(conn, site.floor, actor, booking_id)
        return await _move_page(reader, paper, session_id, first(fields, "slot"), refused(reader, fields, no, {}))
    return go(request, f"/appointments/{booking_id}", done="moved")


async def _cancel_page(reader: Reader, actor: Actor, booking_id: UUID, form: Filled | None) -> Response:
    site = site_of(reader.request)
    async with site.transaction() as conn:
        paper = await scheduling.read_slip(conn, site.floor, actor, booking_id)
    everybody = Filled({"who": [str(one.reference_id) for one in paper.people]})
    return page(
        reader,
        "cancel.html",
        400 if form and form.faults else 200,
        paper=paper,
        one=paper.appointment,
        form=form or everybody,
    )


async def _move_page(reader: Reader, paper: scheduling.Slip, session_id: UUID, slot: str, form: Filled) -> Response:
    site = site_of(reader.request)
    async with site.transaction() as conn:
        offered = await scheduling.offered_session(conn, site.floor, session_id)
        await scheduling.open_slot(conn, site.floor, session_id, slot)
        rules = await programme.current_programme(conn)
    session = offered.sessions[0]
    return page(
        reader,
        "move.html",
        409 if form.faults else 200,
        one=paper.appointment,
        offered=offered,
        session=session,
        slot=next(one for one in session.slots if one.label == slot.strip().upper()),
        vaccine=vaccine_name(reader, rules, session.vaccine_id),
        form=form,
    )


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'inline; filename="{name}"', "X-Content-Type-Options": "nosniff"}
