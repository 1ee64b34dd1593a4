"""Book: the chosen slot is held; for whom; check; done."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, registry, scheduling
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Invalid, Refusal
from opencowin.web.guard import open_to_readers
from opencowin.web.pages import visits
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Fault, Filled, first, number, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.sign_in import hold_and_go
from opencowin.web.pages.visits import Plan, draft_for, go, read_form, signed_in, visit_of
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.BOOK_FOR_OWN_MEMBERS)]


class TimeNeeded(Invalid):
    """Choose one of the times."""

    code = "PAGE0005"


class SomebodyNeeded(Invalid):
    """Choose who will come: up to {most}, since so many seats are held."""

    code = "PAGE0006"
    counted = "most"
    one = "Choose the person who will come: one seat is held."


@router.post("/book", response_class=Response)
async def choose(request: Request, _actor: Annotated[Actor, open_to_readers()]) -> Response:
    """Take this slot: held at once for who is signed in; others sign in first."""
    fields, visit, site = await read_form(request), visit_of(request), site_of(request)
    try:
        session_id = UUID(first(fields, "session_id"))
        dose, seats = int(first(fields, "dose")), int(first(fields, "people"))
    except ValueError:
        raise TimeNeeded(field="slot") from None
    if not first(fields, "slot") or not 0 < dose < 10:
        raise TimeNeeded(field="slot")
    async with site.transaction() as conn:
        _, slot = await scheduling.open_slot(conn, site.floor, session_id, first(fields, "slot"))
    visit.plan = Plan(str(session_id), slot.label, dose, seats)
    if visit.signed_in:
        return await hold_and_go(request)
    visit.then = "/book/who"
    return go(request, "/sign-in")


@router.get("/book/who", response_class=Response)
async def who(request: Request, actor: Own) -> Response:
    """Who will come?"""
    chosen_before = draft_for(request, "/book/who").get("who")
    return await _who_page(Reader(request), actor, None, chosen_before)


@router.post("/book/who", response_class=Response)
async def chosen(request: Request, actor: Own) -> Response:
    """These will come."""
    fields, visit, reader = await read_form(request), visit_of(request), Reader(request)
    if visit.plan is None:
        return go(request, "/find")
    references = [known for text in fields.get("who", []) if (known := number(text)) is not None]
    if not 0 < len(references) <= visit.plan.seats:
        no = SomebodyNeeded(field="who", most=visit.plan.seats)
        return await _who_page(reader, actor, refused(reader, fields, no, {"who": "who"}))
    visit.plan.references = references
    return go(request, "/book/check")


@router.get("/book/check", response_class=Response)
async def check(request: Request, actor: Own) -> Response:
    """Is all of this right?"""
    return await _check_page(Reader(request), actor, Filled())


@router.post("/book/check", response_class=Response)
async def confirm(request: Request, actor: Own) -> Response:
    """Book it."""
    await read_form(request)
    visit, site, reader = visit_of(request), site_of(request), Reader(request)
    plan = visit.plan
    if plan is None or not plan.references:
        return go(request, "/find")
    wish = scheduling.BookingWish(
        plan.dose, UUID(plan.session_id), plan.slot, tuple(plan.references), key=f"pages-{plan.key}"
    )
    if not visits.held_lately(request, plan):
        await site.entrance.enter(actor, wish.session_id, visit.ticket)
    try:
        booking = await site.desk.book(actor, wish)
    except Refusal as no:
        return await _check_page(reader, actor, await _told(reader, actor, no))
    visit.plan = None
    return go(request, f"/appointments/{booking.booking_id}", done="1")


async def _told(reader: Reader, actor: Actor, no: Refusal) -> Filled:
    """A refusal with the name of the person whom it is about."""
    shown = refused(reader, {}, no, {})
    about = str(no.details.get("reference_id", ""))
    if not about:
        return shown
    site = site_of(reader.request)
    async with site.transaction() as conn:
        names = {str(one.reference_id): one.name for one in await registry.members(conn, site.floor, actor)}
    fault = shown.faults[0]
    return Filled({}, (Fault("", f"{names.get(about, about)}: {fault.text}"),))


async def _who_page(
    reader: Reader, actor: Actor, form: Filled | None, chosen_before: list[str] | None = None
) -> Response:
    request = reader.request
    site, plan = site_of(request), visit_of(request).plan
    if plan is None:
        return go(request, "/find")
    async with site.transaction() as conn:
        members = await registry.members(conn, site.floor, actor)
        booked = {one.beneficiary_id for one in await scheduling.appointments_of(conn, actor.own_account())}
        held = await scheduling.hold_of(conn, actor.own_account())
    if not members:
        return go(request, "/people/new", to="/book/who")
    free = [one for one in members if one.person.beneficiary_id not in booked]
    proposed = plan.references or ([one.reference_id for one in free] if len(free) <= plan.seats else [])
    return page(
        reader,
        "who.html",
        400 if form else 200,
        members=members,
        booked=booked,
        seats=plan.seats,
        room=len(members) < site.floor.settings.members_per_mobile,
        held_until=_held_until(reader, held),
        form=form or Filled({"who": chosen_before or [str(reference) for reference in proposed]}),
    )


async def _check_page(reader: Reader, actor: Actor, form: Filled) -> Response:
    request = reader.request
    site, plan = site_of(request), visit_of(request).plan
    if plan is None or not plan.references:
        return go(request, "/find")
    async with site.transaction() as conn:
        offered = await scheduling.offered_session(conn, site.floor, UUID(plan.session_id))
        members = await registry.own_members(conn, site.floor, actor, plan.references)
        held = await scheduling.hold_of(conn, actor.own_account())
        rules = await programme.current_programme(conn)
    session = offered.sessions[0]
    slot = next(slot for slot in session.slots if slot.label == plan.slot)
    return page(
        reader,
        "check.html",
        409 if form.faults else 200,
        offered=offered,
        session=session,
        slot=slot,
        dose=plan.dose,
        members=members,
        vaccine=vaccine_name(reader, rules, session.vaccine_id),
        held_until=_held_until(reader, held),
        form=form,
    )


def _held_until(reader: Reader, held: scheduling.Hold | None) -> datetime | None:
    """Until when the slot is held, on the country's clock; None when that is over."""
    clock = site_of(reader.request).floor.clock
    return clock.local(held.held_until) if held and held.held_until > clock.now() else None
