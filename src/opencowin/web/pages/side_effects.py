"""Report a side effect."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import registry, vaccination
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Refusal
from opencowin.vaccination import Severity
from opencowin.web.pages.forms import ChoiceNeeded, Filled, first, refused, sent_id
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import draft_for, read_form, signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.MANAGE_OWN_MEMBERS)]
WHEN = {"today": 0, "yesterday": 1, "week": 4, "earlier": 14}
"""Days ago, roughly: nobody is asked for a date that is not remembered."""


@router.get("/side-effects/new", response_class=Response)
async def side_effect_form(request: Request, actor: Own) -> Response:
    """What happened after which dose?"""
    return await _side_effect_page(Reader(request), actor, Filled(draft_for(request, request.url.path)))


@router.post("/side-effects/new", response_class=Response)
async def report_side_effect(request: Request, actor: Own) -> Response:
    """Report it."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    names = {"dose": "dose", "when": "when", "severity": "severity", "description": "description"}
    try:
        reference, _, dose_id = first(fields, "dose").partition("/")
        if not reference.isdigit() or first(fields, "when") not in WHEN:
            raise ChoiceNeeded(field="when" if reference.isdigit() else "dose")
        if first(fields, "severity") not in set(Severity):
            raise ChoiceNeeded(field="severity")
        async with site.transaction() as conn:
            (member,) = await registry.own_members(conn, site.floor, actor, [int(reference)])
            event = vaccination.AdverseEvent(
                person=member.person,
                adverse_event_id=sent_id(fields),
                noticed_on=site.floor.clock.today() - timedelta(days=WHEN[first(fields, "when")]),
                severity=Severity(first(fields, "severity")),
                description=first(fields, "description"),
                dose_id=UUID(dose_id) if dose_id else None,
                wants_call=first(fields, "call") == "1",
            )
            await vaccination.report_adverse_event(conn, site.floor, actor, event)
    except Refusal as no:
        return await _side_effect_page(reader, actor, refused(reader, fields, no, names))
    return page(reader, "side_effect_told.html", serious=first(fields, "severity") != Severity.MINOR.value)


async def _side_effect_page(reader: Reader, actor: Actor, form: Filled) -> Response:
    site = site_of(reader.request)
    async with site.transaction() as conn:
        members = await registry.members(conn, site.floor, actor)
        doses = await vaccination.doses_of_account(conn, actor.own_account())
    given = [
        (f"{one.reference_id}/{dose.dose_id}", one.name, dose)
        for one in members
        for dose in doses.get(one.person.beneficiary_id, ())
    ]
    return page(
        reader,
        "side_effect.html",
        400 if form.faults else 200,
        form=form,
        given=given,
        event_id=form.value("id") or str(uuid4()),
    )
