"""Integrity flags at the console: doses that do not fit, as the platform found them, and what a review came to."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from opencowin import cases, places
from opencowin.cases import FlagKind, FlagState
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Refusal
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.pages.forms import ChoiceNeeded, Filled, first, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Officer = Annotated[Actor, may_in_console(Permission.ANSWER_CASES)]
FlagNumber = Annotated[int, Path(ge=1, le=2**62)]
OUTCOMES = {
    "dismissed": (FlagState.DISMISSED, False),
    "upheld": (FlagState.UPHELD, False),
    "revoked": (FlagState.UPHELD, True),
}
"""What the form offers: the outcome, and whether the dose goes with it."""


@router.get("/console/flags", response_class=Response)
async def flag_list(request: Request, actor: Officer) -> Response:
    """Flags of the own area, the oldest first: those that nobody has settled, unless others are asked for."""
    return await _page(request, actor, 0, Filled())


@router.post("/console/flags/{flag_id}", response_class=Response)
async def settle(request: Request, flag_id: FlagNumber, actor: Officer) -> Response:
    """Note what a review came to, with the reason."""
    fields, site = await desk.read_form(request), site_of(request)
    try:
        if first(fields, "outcome") not in OUTCOMES:
            raise ChoiceNeeded(field="outcome")
        outcome, revoke = OUTCOMES[first(fields, "outcome")]
        async with site.transaction() as conn:
            said = first(fields, "reason")
            await cases.review_flag(conn, site.floor, actor, flag_id, outcome, said, revoke=revoke)
    except Refusal as no:
        names = {name: f"{name}-{flag_id}" for name in ("outcome", "reason")}
        kept = {names[name]: value for name, value in fields.items() if name in names}
        return await _page(request, actor, flag_id, refused(ConsoleReader(request), kept, no, names))
    return desk.go(request, "/console/flags", done="settled")


async def _page(request: Request, actor: Actor, about: int, form: Filled) -> Response:
    site, given = site_of(request), request.query_params
    kind, state = given.get("kind", ""), given.get("state", "")
    async with site.transaction() as conn:
        found = await cases.list_flags(
            conn,
            site.floor,
            actor,
            kind=FlagKind(kind) if kind in set(FlagKind) else None,
            state=FlagState(state) if state in set(FlagState) else FlagState.OPEN,
        )
        centres = {one.centre_id for one in found if one.centre_id is not None}
        where = await places.centres_with_ids(conn, sorted(centres))
        names = await places.place_names(conn, {one.district_id for one in found if one.district_id is not None})
    return console_page(
        ConsoleReader(request),
        "console/flags.html",
        400 if form.faults else 200,
        flags=found,
        centres=where,
        names=names,
        about=about,
        kinds=[one.value for one in FlagKind],
        states=[one.value for one in FlagState],
        choice=Filled({"kind": [kind], "state": [state or FlagState.OPEN.value]}),
        form=form,
        local=site.floor.clock.local,
        done=given.get("done") == "settled",
    )
