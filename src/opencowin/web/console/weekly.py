"""Weekly templates of a centre, made into drafts for the weeks that are wanted; and a week copied to another."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from babel.dates import get_day_names
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, scheduling
from opencowin.kit.actor import Actor
from opencowin.places import Centre
from opencowin.programme import Programme
from opencowin.scheduling import Template
from opencowin.web.console import desk
from opencowin.web.console.picking import centre_asked, own_centre, pick_centre
from opencowin.web.console.session_forms import (
    AT,
    FIELDS,
    NOW,
    Offered,
    offered,
    read_for_whom,
    read_publishing,
    read_slots,
    rows_of,
    with_more_rows,
    written_facts,
    written_slots,
)
from opencowin.web.console.sessions import Planner
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.console.typed import EXPECTED, FieldEmpty, Typed
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Filled, number, sent_id
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
WEEKDAYS = tuple(range(1, 8))
MOST_HOURS = 24 * 14


@router.get("/console/weekly", response_class=Response)
async def templates(request: Request, actor: Planner) -> Response:
    """The templates of a centre, once that is chosen."""
    return await _list_page(request, actor, None)


@router.post("/console/weekly/copy", response_class=Response)
async def copy_week(request: Request, actor: Planner) -> Response:
    """Draft what a centre holds in one week for another."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    monday, to = typed.needed_day("copy_from"), typed.needed_day("copy_to")
    centre_id = number(request.query_params.get("centre_id", ""))
    if not typed.wrong and centre_id is not None:
        try:
            async with site.transaction() as conn:
                await own_centre(conn, actor, centre_id)
                made = await scheduling.copy_week(conn, site.floor, actor, centre_id, monday, to)
            return _to_week(request, centre_id, to, made)
        except EXPECTED as no:
            typed.blame(no, {})
    return await _list_page(request, actor, typed.shown(ConsoleReader(request)))


@router.get("/console/weekly/new", response_class=Response)
async def new_template(request: Request, actor: Planner) -> Response:
    """The form for a template of a centre, once that is chosen."""
    plain = {"min_age": ["18"], "round": ["open"], "id": [f"{uuid4()}"]}
    return await _template_page(request, actor, None, Filled(plain), 200)


@router.post("/console/weekly/new", response_class=Response)
async def save_new(request: Request, actor: Planner) -> Response:
    """Save a template; sent twice it is one."""
    return await _save(request, actor, None)


@router.get("/console/weekly/{template_id}", response_class=Response)
async def template_page(request: Request, template_id: UUID, actor: Planner) -> Response:
    """A template: its form, and the form that makes sessions from it."""
    return await _template_page(request, actor, template_id, None, 200)


@router.post("/console/weekly/{template_id}", response_class=Response)
async def save(request: Request, template_id: UUID, actor: Planner) -> Response:
    """Change a template; what it was made into stays as it is."""
    return await _save(request, actor, template_id)


@router.post("/console/weekly/{template_id}/make", response_class=Response)
async def make(request: Request, template_id: UUID, actor: Planner) -> Response:
    """Make sessions for some weeks, published at a set time, by hand, or at once."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    monday, weeks = typed.needed_day("monday"), typed.number("weeks", 1, scheduling.MOST_WEEKS)
    when, at = read_publishing(typed, site.floor.clock)
    if not typed.wrong:
        at = site.floor.clock.now() if when == NOW else at
        try:
            async with site.transaction() as conn:
                template = await scheduling.read_template(conn, actor, template_id)
                made = await scheduling.make_weeks(conn, site.floor, actor, template_id, monday, weeks, at)
            return _to_week(request, template.centre_id, monday, made, weeks)
        except EXPECTED as no:
            typed.blame(no, FIELDS)
    return await _template_page(request, actor, template_id, None, 400, typed.shown(ConsoleReader(request)))


@router.post("/console/weekly/{template_id}/end", response_class=Response)
async def end(request: Request, template_id: UUID, actor: Planner) -> Response:
    """Use a template no more."""
    await desk.read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        template = await scheduling.read_template(conn, actor, template_id)
        await scheduling.end_template(conn, site.floor, actor, template_id)
    return desk.go(request, "/console/weekly", centre_id=template.centre_id, done="ended")


def _to_week(request: Request, centre_id: int, on: date, made: scheduling.Made, weeks: int = 1) -> Response:
    """To the sessions that were made, saying how many and how many days were left out."""
    first = max(scheduling.week_of(on), site_of(request).floor.clock.today())
    days = min(7 * weeks, 31)
    counts = {"made": len(made.drafted), "skipped": made.skipped}
    return desk.go(request, "/console/sessions", centre_id=centre_id, day=f"{first}", days=days, done="made", **counts)


async def _save(request: Request, actor: Actor, template_id: UUID | None) -> Response:
    typed, site, reader = Typed(await desk.read_form(request)), site_of(request), ConsoleReader(request)
    if typed.has("more"):
        return await _template_page(request, actor, template_id, with_more_rows(typed.fields), 200)
    try:
        async with site.transaction() as conn:
            if template_id is None:
                centre = await centre_asked(conn, actor, request)
            else:
                known = await scheduling.read_template(conn, actor, template_id)
                centre = await own_centre(conn, actor, known.centre_id)
            if centre is not None:
                rules = await programme.current_programme(conn)
                wanted = template_id or sent_id(typed.fields)
                template = _read(typed, centre, rules, offered(reader, rules), wanted)
                if not typed.wrong:
                    await scheduling.save_template(conn, site.floor, actor, template)
                    return desk.go(request, f"/console/weekly/{wanted}", done="saved")
    except EXPECTED as no:
        typed.blame(no, FIELDS)
    return await _template_page(request, actor, template_id, typed.shown(reader), 400)


def _read(typed: Typed, centre: Centre, rules: Programme, offer: Offered, template_id: UUID) -> Template:
    """The template that the form describes."""
    facts = read_for_whom(typed, centre, rules)
    reserved = offer.reserved if facts["reserved_for"] else []
    slots = read_slots(typed, [*offer.classes, *reserved])
    days = {number(one) or 0 for one in typed.fields.get("weekdays", ())}
    if not days:
        typed.wrong["weekdays"] = FieldEmpty(field="weekdays")
    opens = typed.has("bookable_days") or typed.has("bookable_time")
    return Template(
        district_id=centre.district_id,
        template_id=template_id,
        name=typed.text("name", most=scheduling.LONGEST_TEMPLATE_NAME),
        weekdays=tuple(sorted(days)),
        stored_slots=scheduling.stored(slots),
        reserved_hours=typed.number("reserved_hours", 0, MOST_HOURS) if typed.has("reserved_hours") else None,
        bookable_days=typed.number("bookable_days", 0, scheduling.MOST_DAYS_AHEAD) if opens else None,
        bookable_time=typed.time("bookable_time") if opens else None,
        **facts,
    )


def _written(template: Template) -> dict[str, list[str]]:
    """A template as the form holds it."""
    slots = [(at, one.starts_at, one.ends_at, dict(one.seats)) for at, one in enumerate(template.slots, 1)]
    hours, days, at = template.reserved_hours, template.bookable_days, template.bookable_time
    return (
        written_slots(slots)
        | written_facts(template)
        | {
            "name": [template.name],
            "weekdays": [str(one) for one in template.weekdays],
            "reserved_hours": ["" if hours is None else str(hours)],
            "bookable_days": ["" if days is None else str(days)],
            "bookable_time": [f"{at:%H:%M}" if at else ""],
        }
    )


def _weekday(reader: ConsoleReader, day: int) -> str:
    """The name of a day of the week: 1 Monday to 7 Sunday."""
    return str(get_day_names("wide", "stand-alone", locale=reader.locale)[day - 1])


async def _list_page(request: Request, actor: Actor, copying: Filled | None) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        centre = await centre_asked(conn, actor, request)
        rules = await programme.current_programme(conn)
        found = [] if centre is None else await scheduling.templates_of(conn, actor, centre.centre_id)
    if centre is None:
        return await pick_centre(request, actor)
    this_week = scheduling.week_of(site.floor.clock.today())
    plain = {"copy_from": [f"{this_week}"], "copy_to": [f"{this_week + timedelta(days=7)}"]}
    return console_page(
        reader,
        "console/weekly.html",
        400 if copying else 200,
        centre=centre,
        templates=found,
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        weekday=lambda day: _weekday(reader, day),
        copying=copying or Filled(plain),
        done=request.query_params.get("done", ""),
    )


async def _template_page(  # noqa: PLR0917 (said in one breath: this template, with this form, and that to make from it)
    request: Request,
    actor: Actor,
    template_id: UUID | None,
    form: Filled | None,
    status: int,
    making: Filled | None = None,
) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        template = None if template_id is None else await scheduling.read_template(conn, actor, template_id)
        if template is None:
            centre = await centre_asked(conn, actor, request)
        else:
            centre = await own_centre(conn, actor, template.centre_id)
        rules = await programme.current_programme(conn)
    if centre is None:
        return await pick_centre(request, actor)
    shown = form or Filled(_written(template) if template else {})
    monday = scheduling.week_of(site.floor.clock.today())
    return console_page(
        reader,
        "console/template.html",
        status,
        centre=centre,
        made_from=template,
        offer=offered(reader, rules),
        rows=rows_of(shown.values),
        weekdays=[(str(one), _weekday(reader, one)) for one in WEEKDAYS],
        form=shown,
        making=making or Filled({"monday": [f"{monday}"], "weeks": ["1"], "when": [AT]}),
        done=request.query_params.get("done", ""),
    )
