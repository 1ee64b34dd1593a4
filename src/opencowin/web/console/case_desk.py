"""Cases at the console: the list of the own area, one with its records side by side, the decision, the hand-over."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import cases, places, programme
from opencowin.cases import CaseKind, CaseState, Change, Fact, Verdict
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Refusal
from opencowin.web.case_review import CaseNumber
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page, leaf_of
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import ChoiceNeeded, Filled, first, number, refused
from opencowin.web.pages.own_cases import ENDINGS, proof_response
from opencowin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Officer = Annotated[Actor, may_in_console(Permission.ANSWER_CASES)]
AGES = (3, 7, 14, 30, 90)
"""Days for which a case has waited."""


@router.get("/console/cases", response_class=Response)
async def case_list(request: Request, actor: Officer) -> Response:
    """Cases of the own area, the oldest first: those that are open, unless another state is asked for."""
    site, leaf, given = site_of(request), leaf_of(request), request.query_params
    state, kind = given.get("state", ""), given.get("kind", "")
    search = cases.Search(
        frozenset({CaseState(state)}) if state in set(CaseState) else cases.OPEN,
        CaseKind(kind) if kind in set(CaseKind) else None,
        min(number(given.get("days", "")) or 0, 3650),
        found_by_system=given.get("found") == "Y",
        start=leaf.start,
        rows=ROWS + 1,
    )
    async with site.transaction() as conn:
        found = await cases.list_cases(conn, site.floor, actor, search)
        names = await places.place_names(conn, {one.district_id for one in found if one.district_id is not None})
    asked = {name: given[name] for name in ("state", "kind", "days", "found") if given.get(name)}
    return console_page(
        ConsoleReader(request),
        "console/cases.html",
        cases=found[:ROWS],
        names=names,
        kinds=[one.value for one in CaseKind],
        states=[one.value for one in CaseState],
        ages=AGES,
        form=Filled({name: [value] for name, value in asked.items()}),
        asked=asked,
        local=site.floor.clock.local,
        leaf=leaf.followed(len(found)),
        done=given.get("done", ""),
    )


@router.get("/console/cases/{case_number}", response_class=Response)
async def case_page(request: Request, case_number: CaseNumber, actor: Officer) -> Response:
    """One case with the records that it is about. The look is written down, and the people can see it."""
    return await _case_page(request, actor, case_number, Filled())


@router.post("/console/cases/{case_number}", response_class=Response)
async def decide(request: Request, case_number: CaseNumber, actor: Officer) -> Response:
    """Ask, refuse, accept or undo, with the reason."""
    fields, site = await desk.read_form(request), site_of(request)
    try:
        asked = first(fields, "verdict")
        if asked not in set(Verdict):
            raise ChoiceNeeded(field="verdict")
        async with site.transaction() as conn:
            await cases.decide(conn, site.floor, actor, case_number, Verdict(asked), first(fields, "reason"))
    except cases.NoSuchCase:
        raise
    except Refusal as no:
        form = refused(ConsoleReader(request), fields, no, {"reason": "reason"})
        return await _case_page(request, actor, case_number, form)
    return desk.go(request, f"/console/cases/{case_number}", done="decided")


@router.get("/console/cases/{case_number}/district", response_class=Response)
async def hand_over_form(request: Request, case_number: CaseNumber, actor: Officer) -> Response:
    """To which district? Of the own state first; another state can be chosen."""
    return await _hand_over_page(request, actor, case_number, Filled())


@router.post("/console/cases/{case_number}/district", response_class=Response)
async def hand_over(request: Request, case_number: CaseNumber, actor: Officer) -> Response:
    """Give the case to the officers of another district, with the reason."""
    fields, site = await desk.read_form(request), site_of(request)
    try:
        district_id = number(first(fields, "district"))
        if district_id is None or district_id >= 2**31:
            raise ChoiceNeeded(field="district_id")
        async with site.transaction() as conn:
            await cases.hand_over(conn, site.floor, actor, case_number, district_id, first(fields, "reason"))
    except cases.NoSuchCase:
        raise
    except Refusal as no:
        form = refused(ConsoleReader(request), fields, no, {"reason": "reason", "district_id": "district"})
        return await _hand_over_page(request, actor, case_number, form)
    return desk.go(request, "/console/cases", done="handed")


@router.get("/console/cases/{case_number}/proof/{evidence_id}.{ending}", response_class=Response)
async def proof(request: Request, case_number: CaseNumber, evidence_id: UUID, ending: str, actor: Officer) -> Response:
    """What was shown as proof. The look is written down."""
    del ending
    site = site_of(request)
    async with site.transaction() as conn:
        found = await cases.read_evidence(conn, site.floor, actor, case_number, evidence_id)
    return proof_response(found)


async def _case_page(request: Request, actor: Actor, case_number: int, form: Filled) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        found = await cases.look(conn, site.floor, actor, case_number)
        rules = await programme.current_programme(conn)
        centres = {dose.centre_id for record in found.records for dose in record.doses if dose.centre_id is not None}
        where = await places.centres_with_ids(conn, sorted(centres))
        here = {found.case.district_id} if found.case.district_id is not None else set()
        names = await places.place_names(conn, here)
    state = found.case.state
    return console_page(
        reader,
        "console/case.html",
        400 if form.faults else 200,
        found=found,
        case=found.case,
        changes=[
            (one.fact.value, _told(reader, site, one, new=False), _told(reader, site, one, new=True))
            for one in cases.changes(found)
        ],
        told=lambda fact, value: _value(reader, site, Fact(fact), value),
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        centres=where,
        district=names.get(found.case.district_id) if found.case.district_id is not None else None,
        endings=ENDINGS,
        decidable=found.case.open and state is not CaseState.ACCEPTED,
        refusable=found.case.open,
        local=site.floor.clock.local,
        form=form,
        done=request.query_params.get("done") == "decided",
    )


def _told(reader: ConsoleReader, site: Site, change: Change, *, new: bool) -> str:
    return _value(reader, site, change.fact, change.after if new else change.before)


def _value(reader: ConsoleReader, site: Site, fact: Fact, value: object) -> str:
    """A fact as the reader's language writes it."""
    language = reader.language.code
    if value is None:
        return "–"
    if fact is Fact.GENDER and isinstance(value, int) and value in site.genders:
        gender = site.genders[value]
        return gender.names.get(language) or gender.name
    if fact is Fact.DOCUMENT_TYPE and isinstance(value, int):
        document = site.documents.get(value)
        return document.name_l.get(language) or document.name
    return reader.day(value) if isinstance(value, date) else str(value)


async def _hand_over_page(request: Request, actor: Actor, case_number: int, form: Filled) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    chosen = number(request.query_params.get("state", ""))
    state_id = chosen if chosen is not None and chosen < 2**31 else actor.place.state_id
    async with site.transaction() as conn:
        states = await places.all_states(conn)
        known = state_id is not None and state_id in {one.state_id for one in states}
        districts = await places.districts_of(conn, state_id) if state_id is not None and known else []
    return console_page(
        reader,
        "console/case_hand_over.html",
        400 if form.faults else 200,
        case_number=case_number,
        states=_named(reader, [(one.state_id, one.name, one.names) for one in states]),
        districts=_named(reader, [(one.district_id, one.name, one.names) for one in districts]),
        state_id=state_id,
        choice=Filled({"state": [str(state_id)]}),
        form=form,
    )


def _named(reader: ConsoleReader, found: Sequence[tuple[int, str, Mapping[str, str]]]) -> list[tuple[int, str]]:
    return [(one, names.get(reader.language.code) or name) for one, name, names in found]
