"""AEFI: reports of side effects reviewed within the own area, and batches that stand out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, programme, registry, reports, vaccination
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid, Refusal
from opencowin.vaccination import Causality, Findings, Outcome, ReviewState, Severity
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Fields, Filled, first, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Reviewer = Annotated[Actor, may_in_console(Permission.REVIEW_ADVERSE_EVENTS)]
CAUSALITIES = {
    Causality.PRODUCT.value: "A1 vaccine product-related",
    Causality.QUALITY_DEFECT.value: "A2 vaccine quality defect-related",
    Causality.IMMUNISATION_ERROR.value: "A3 immunization error-related",
    Causality.ANXIETY.value: "A4 immunization anxiety-related",
    Causality.NO_EVIDENCE.value: "B1 consistent in time, evidence insufficient",
    Causality.CONFLICTING.value: "B2 factors conflict",
    Causality.COINCIDENTAL.value: "C coincidental",
    Causality.UNCLASSIFIABLE.value: "D unclassifiable",
}
"""The classes of WHO's causality assessment, by their names there: committees use these in every language."""
FIELDS = {"severity": "severity", "causality": "causality", "outcome": "outcome", "notes": "notes", "state": "state"}


class FindingsUnclear(Invalid):
    """Choose the severity and how far the review is."""

    code = "PAGE0032"


@router.get("/console/aefi", response_class=Response)
async def events(request: Request, actor: Reviewer) -> Response:
    """The area's reports, the newest first, and the batches that stand out there."""
    site, reader = site_of(request), ConsoleReader(request)
    asked = request.query_params.get("state", "")
    state = ReviewState(asked) if asked in set(ReviewState) else None
    async with site.transaction() as conn:
        found = await vaccination.adverse_events(conn, actor, state=state)
        names = await places.place_names(conn, {one.district_id for one in found if one.district_id})
        rules = await programme.current_programme(conn)
        signals = await reports.batch_signals(conn, await _districts(conn, actor))
    return console_page(
        reader,
        "console/adverse_events.html",
        events=found,
        names=names,
        signals=signals,
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        local=site.floor.clock.local,
        form=Filled({"state": [asked]}),
    )


@router.get("/console/aefi/{event_id}", response_class=Response)
async def event_page(request: Request, event_id: UUID, actor: Reviewer) -> Response:
    """One report with its reviews, and the form for the next."""
    return await _event_page(request, actor, event_id, None)


@router.post("/console/aefi/{event_id}", response_class=Response)
async def review(request: Request, event_id: UUID, actor: Reviewer) -> Response:
    """Add a review."""
    fields, site, reader = await desk.read_form(request), site_of(request), ConsoleReader(request)
    try:
        found = _findings(fields)
        async with site.transaction() as conn:
            await vaccination.review_event(conn, site.floor, actor, event_id, found)
    except Refusal as no:
        return await _event_page(request, actor, event_id, refused(reader, fields, no, FIELDS))
    return desk.go(request, f"/console/aefi/{event_id}", done="reviewed")


def _findings(fields: Fields) -> Findings:
    """The findings that the form holds. Raises FindingsUnclear."""
    causality, outcome = first(fields, "causality"), first(fields, "outcome")
    try:
        return Findings(
            state=ReviewState(first(fields, "state")),
            severity=Severity(first(fields, "severity")),
            causality=Causality(causality) if causality else None,
            outcome=Outcome(outcome) if outcome else None,
            in_hospital=first(fields, "in_hospital") == "Y",
            notes=first(fields, "notes"),
        )
    except ValueError:
        raise FindingsUnclear(field="severity") from None


async def _event_page(request: Request, actor: Actor, event_id: UUID, form: Filled | None) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        file = await vaccination.open_event(conn, site.floor, actor, event_id)
        rules = await programme.current_programme(conn)
    event, genders = file.event, {one.gender_id: one for one in registry.genders(site.floor.pack)}
    gender = genders.get(file.gender_id)
    now = {
        "state": [event.state.value],
        "severity": [event.severity.value],
        "causality": [event.causality.value if event.causality else ""],
        "outcome": [event.outcome.value if event.outcome else ""],
        "in_hospital": ["Y" if event.in_hospital else ""],
    }
    return console_page(
        reader,
        "console/adverse_event.html",
        400 if form else 200,
        file=file,
        event=event,
        gender=(gender.names.get(reader.language.code) or gender.name) if gender else "",
        vaccine=vaccine_name(reader, rules, event.vaccine_id) if event.vaccine_id else "",
        causalities=CAUSALITIES,
        outcomes=[one.value for one in Outcome],
        severities=[one.value for one in Severity],
        states=[one.value for one in ReviewState],
        local=site.floor.clock.local,
        form=form or Filled(now),
        done=request.query_params.get("done") == "reviewed",
    )


async def _districts(conn: Connection, actor: Actor) -> list[int] | None:
    """The districts of the actor's area; None for the nation."""
    if actor.place.district_id is not None:
        return [actor.place.district_id]
    if actor.place.state_id is None:
        return None
    return [one.district_id for one in await places.districts_of(conn, actor.place.state_id)]
