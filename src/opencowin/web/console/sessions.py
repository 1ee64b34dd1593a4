"""Sessions of the own area by day and place: what is planned, what is published, and a new one."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, programme, scheduling
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import NotFound
from opencowin.scheduling import PlanWish
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.picking import centre_asked, pick_centre
from opencowin.web.console.placing import text_sought, within
from opencowin.web.console.session_forms import (
    FIELDS,
    NOW,
    offered,
    read_new_session,
    read_publishing,
    rows_of,
    with_more_rows,
)
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page, leaf_of
from opencowin.web.console.typed import EXPECTED, FieldEmpty, Typed
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Fault, Filled, number, sent_id
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Planner = Annotated[Actor, may_in_console(Permission.PUBLISH_SESSIONS)]
STATES = ("draft", "published", "withdrawn")
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Asked:
    """What the filter of the list asks for; a day that cannot be read is today."""

    day: date | None
    days: int
    text: str
    state: str | None
    centre_id: int | None

    @property
    def query(self) -> dict[str, object]:
        """What an address carries of it, beside the day."""
        return {"days": self.days, "q": self.text or None, "state": self.state, "centre_id": self.centre_id}

    def chosen(self, first_day: date) -> dict[str, list[str]]:
        """What stands in the fields."""
        told = {"day": first_day, **self.query}
        return {name: ["" if value is None else str(value)] for name, value in told.items()}


def _asked(request: Request) -> Asked:
    given = request.query_params
    state = given.get("state", "")
    return Asked(
        Typed({"day": [given.get("day", "")]}).day("day"),
        min(max(number(given.get("days", "")) or 1, 1), MOST_DAYS),
        text_sought(request),
        state if state in STATES else None,
        number(given.get("centre_id", "")),
    )


@router.get("/console/sessions", response_class=Response)
async def sessions(request: Request, actor: Planner) -> Response:
    """What is planned and published, by day and centre, some at a time."""
    return await _list_page(request, actor, ())


@router.post("/console/sessions/publish", response_class=Response)
async def publish_many(request: Request, actor: Planner) -> Response:
    """Publish the drafts that are ticked, now or at a set time: each on its own, so that one holds no other up."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    reader = ConsoleReader(request)
    when, at = read_publishing(typed, site.floor.clock)
    chosen = [UUID(one) for one in typed.fields.get("session", ()) if _is_id(one)][:ROWS]
    if not chosen:
        typed.wrong["sessions"] = FieldEmpty(field="sessions")
    if typed.wrong:
        return await _list_page(request, actor, typed.shown(reader).faults)
    faults = []
    async with site.transaction() as conn:
        for session_id in chosen:
            try:
                async with conn.transaction():
                    if when == NOW:
                        await scheduling.publish_draft(conn, site.floor, actor, session_id)
                    else:
                        await scheduling.publish_at(conn, actor, session_id, at)
            except (*EXPECTED, NotFound) as no:
                faults.append(Fault(f"s{session_id}", reader.refusal(no)))
    if faults:
        return await _list_page(request, actor, tuple(faults))
    return desk.go(request, "/console/sessions", **_back(request), done="published" if when == NOW else "set")


@router.get("/console/sessions/new", response_class=Response)
async def new_session(request: Request, actor: Planner) -> Response:
    """The form for a session at a centre, once that is chosen."""
    tomorrow = site_of(request).floor.clock.today() + timedelta(days=1)
    plain = {"held_on": [f"{tomorrow}"], "min_age": ["18"], "round": ["open"], "when": [NOW], "id": [f"{uuid4()}"]}
    return await _new_page(request, actor, Filled(plain), 200)


@router.post("/console/sessions/new", response_class=Response)
async def enter(request: Request, actor: Planner) -> Response:
    """Enter a session, published now, at a set time or by hand later; sent twice it is one."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    reader = ConsoleReader(request)
    if typed.has("more"):
        return await _new_page(request, actor, with_more_rows(typed.fields), 200)
    key = sent_id(typed.fields)
    try:
        async with site.transaction() as conn:
            centre = await centre_asked(conn, actor, request)
            if centre is not None:
                rules = await programme.current_programme(conn)
                new = read_new_session(typed, site.floor.clock, centre, rules, offered(reader, rules))
                when, at = read_publishing(typed, site.floor.clock)
                if not typed.wrong:
                    session_id, _ = await scheduling.draft_session(conn, site.floor, actor, new, at, key)
                    if when == NOW:
                        await scheduling.publish_draft(conn, site.floor, actor, session_id)
                    return desk.go(request, f"/console/sessions/{session_id}", done="entered")
    except EXPECTED as no:
        typed.blame(no, FIELDS)
    return await _new_page(request, actor, typed.shown(reader), 400)


async def _new_page(request: Request, actor: Actor, form: Filled, status: int) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        centre = await centre_asked(conn, actor, request)
        rules = await programme.current_programme(conn)
    if centre is None:
        return await pick_centre(request, actor)
    return console_page(
        reader,
        "console/new_session.html",
        status,
        centre=centre,
        draft=None,
        offer=offered(reader, rules),
        rows=rows_of(form.values),
        form=form,
    )


async def _list_page(request: Request, actor: Actor, faults: tuple[Fault, ...]) -> Response:
    site, reader, leaf = site_of(request), ConsoleReader(request), leaf_of(request)
    asked, today = _asked(request), site.floor.clock.today()
    first_day = asked.day or today
    async with site.transaction() as conn:
        centre = await centre_asked(conn, actor, request) if "centre_id" in request.query_params else None
        where = await within(conn, actor, request, reader.language.code)
        place = replace(where.place, centre_id=centre.centre_id) if centre else where.place
        wish = PlanWish(
            first=first_day,
            last=first_day + timedelta(days=asked.days - 1),
            place=place,
            text=asked.text,
            state=asked.state,
        )
        found = await scheduling.plans_in(conn, wish, start=leaf.start, rows=ROWS + 1)
        centres = await places.centres_with_ids(conn, sorted({one.centre_id for one in found}))
        rules = await programme.current_programme(conn)
    return console_page(
        reader,
        "console/sessions.html",
        400 if faults else 200,
        sessions=found[:ROWS],
        centres=centres,
        centre=centre,
        where=where,
        wish=wish,
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        leaf=leaf.followed(len(found)),
        query={**asked.query, "day": f"{first_day}", **where.query},
        drafts=any(one.state == "draft" for one in found[:ROWS]),
        form=Filled(asked.chosen(first_day) | where.chosen),
        publishing=Filled({"when": [NOW]}, faults),
        done=request.query_params.get("done", ""),
    )


def _back(request: Request) -> dict[str, str]:
    """What the address carried, so that the same list is shown again."""
    kept = ("day", "days", "q", "state", "centre_id", "state_id", "district_id", "page")
    return {name: request.query_params[name] for name in kept if name in request.query_params}


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
