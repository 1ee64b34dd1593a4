"""One session: its seats split anew, published now or at a set time, copied to another day, withdrawn with a reason."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, scheduling
from opencowin.kit.actor import Actor
from opencowin.kit.clock import Clock
from opencowin.scheduling import Plan
from opencowin.web.console import desk
from opencowin.web.console.session_forms import (
    AT,
    BY_HAND,
    FIELDS,
    NOW,
    offered,
    read_changes,
    read_publishing,
    written_slots,
)
from opencowin.web.console.sessions import Planner
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.console.typed import EXPECTED, Typed
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Filled
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)


@router.get("/console/sessions/{session_id}", response_class=Response)
async def session_page(request: Request, session_id: UUID, actor: Planner) -> Response:
    """A session, and the forms that change it."""
    return await _page(request, actor, session_id)


@router.post("/console/sessions/{session_id}", response_class=Response)
async def change(request: Request, session_id: UUID, actor: Planner) -> Response:
    """Split the seats anew, change hours and doses; those whose hours change are told."""
    typed, site, reader = Typed(await desk.read_form(request)), site_of(request), ConsoleReader(request)
    try:
        async with site.transaction() as conn:
            plan = await scheduling.plan_of(conn, actor, session_id)
            classes = _classes(plan, reader, await programme.current_programme(conn))
            slots = read_changes(typed, [one.slot_number for one in plan.slots], classes)
            doses = typed.number("doses", 0, 100_000)
            if not typed.wrong:
                await scheduling.change_session(conn, site.floor, actor, session_id, slots, doses)
                return desk.go(request, f"/console/sessions/{session_id}", done="changed")
    except EXPECTED as no:
        typed.blame(no, FIELDS)
    return await _page(request, actor, session_id, form=typed.shown(reader))


@router.post("/console/sessions/{session_id}/publish", response_class=Response)
async def publish(request: Request, session_id: UUID, actor: Planner) -> Response:
    """Publish a draft, now or at a set time, or leave it to be published by hand."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    when, at = read_publishing(typed, site.floor.clock)
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                if when == NOW:
                    await scheduling.publish_draft(conn, site.floor, actor, session_id)
                else:
                    await scheduling.publish_at(conn, actor, session_id, at)
            return desk.go(request, f"/console/sessions/{session_id}", done="published" if when == NOW else "set")
        except EXPECTED as no:
            typed.blame(no, {})
    return await _page(request, actor, session_id, publishing=typed.shown(ConsoleReader(request)))


@router.post("/console/sessions/{session_id}/release", response_class=Response)
async def release(request: Request, session_id: UUID, actor: Planner) -> Response:
    """Open the booking at another time than was announced."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    opens = typed.instant(site.floor.clock, "bookable_day", "bookable_time")
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                await scheduling.set_release(conn, site.floor, actor, session_id, opens)
            return desk.go(request, f"/console/sessions/{session_id}", done="changed")
        except EXPECTED as no:
            typed.blame(no, FIELDS)
    return await _page(request, actor, session_id, opening=typed.shown(ConsoleReader(request)))


@router.post("/console/sessions/{session_id}/copy", response_class=Response)
async def copy(request: Request, session_id: UUID, actor: Planner) -> Response:
    """Draft the same session for another day."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    held_on = typed.needed_day("copy_to")
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                copy_id, _ = await scheduling.copy_session(conn, site.floor, actor, session_id, held_on)
            return desk.go(request, f"/console/sessions/{copy_id}", done="copied")
        except EXPECTED as no:
            typed.blame(no, {"held_on": "copy_to"})
    return await _page(request, actor, session_id, copying=typed.shown(ConsoleReader(request)))


@router.get("/console/sessions/{session_id}/withdraw", response_class=Response)
async def withdrawing(request: Request, session_id: UUID, actor: Planner) -> Response:
    """How many people would be told, and what they would be offered, before it is confirmed."""
    return await _withdraw_page(request, actor, session_id, Filled())


@router.post("/console/sessions/{session_id}/withdraw", response_class=Response)
async def withdraw(request: Request, session_id: UUID, actor: Planner) -> Response:
    """Withdraw a session, or discard a draft."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    reason = typed.text("reason", most=300)
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                plan = await scheduling.plan_of(conn, actor, session_id)
                if plan.session.state == "draft":
                    await scheduling.discard_draft(conn, site.floor, actor, session_id, reason)
                    told = 0
                else:
                    told = await scheduling.withdraw_session(conn, site.floor, actor, session_id, reason)
            return desk.go(request, f"/console/sessions/{session_id}", done="withdrawn", told=told)
        except EXPECTED as no:
            typed.blame(no, FIELDS)
    return await _withdraw_page(request, actor, session_id, typed.shown(ConsoleReader(request)))


def _classes(plan: Plan, reader: ConsoleReader, rules: programme.Programme) -> list[int]:
    """The dose classes that a session's seats may be split into, and those that it has."""
    offer = offered(reader, rules)
    there = {one for slot in plan.slots for one in slot.seats}
    reserved = offer.reserved if plan.session.reserved_for else []
    return list(dict.fromkeys([*offer.classes, *reserved, *sorted(there)]))


async def _page(
    request: Request,
    actor: Actor,
    session_id: UUID,
    *,
    form: Filled | None = None,
    publishing: Filled | None = None,
    copying: Filled | None = None,
    opening: Filled | None = None,
) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        plan = await scheduling.plan_of(conn, actor, session_id)
        rules = await programme.current_programme(conn)
    session, clock = plan.session, site.floor.clock
    now = {"when": [AT if session.publish_at else BY_HAND]}
    if session.publish_at:
        at = clock.local(session.publish_at)
        now |= {"publish_day": [f"{at:%Y-%m-%d}"], "publish_time": [f"{at:%H:%M}"]}
    slots = [(one.slot_number, one.starts_at, one.ends_at, one.seats) for one in plan.slots]
    return console_page(
        reader,
        "console/session.html",
        400 if form or publishing or copying or opening else 200,
        plan=plan,
        session=session,
        over=session.ends(clock) <= clock.now(),
        vaccine=vaccine_name(reader, rules, session.vaccine_id),
        group=dict(offered(reader, rules).groups).get(session.reserved_for or "", ""),
        classes=_classes(plan, reader, rules),
        form=form or Filled(written_slots(slots) | {"doses": [str(session.doses)]}),
        publishing=publishing or Filled(now),
        copying=copying or Filled(),
        opens=session.opens(clock.now()),
        opening=opening or Filled(_opening(session, clock)),
        done=request.query_params.get("done", ""),
        told=request.query_params.get("told", ""),
    )


def _opening(session: scheduling.Session, clock: Clock) -> dict[str, list[str]]:
    """When booking opens, as the form holds it."""
    if session.bookable_from is None:
        return {}
    at = clock.local(session.bookable_from)
    return {"bookable_day": [f"{at:%Y-%m-%d}"], "bookable_time": [f"{at:%H:%M}"]}


async def _withdraw_page(request: Request, actor: Actor, session_id: UUID, form: Filled) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        plan = await scheduling.plan_of(conn, actor, session_id)
        rules = await programme.current_programme(conn)
        offer = await scheduling.nearest_replacement(conn, site.floor, session_id, 1) if plan.to_tell else None
    return console_page(
        reader,
        "console/withdraw.html",
        400 if form.faults else 200,
        plan=plan,
        session=plan.session,
        vaccine=vaccine_name(reader, rules, plan.session.vaccine_id),
        offer=offer,
        form=form,
    )
