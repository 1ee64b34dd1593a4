"""Raise an issue, follow each of its steps, say or show more, and object where somebody asks for a member."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from opencowin import cases, programme, registry, vaccination
from opencowin.cases import CaseKind
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Refusal
from opencowin.vaccination import DoseState
from opencowin.web.pages.case_forms import ABOUT_A_DOSE, ASKED, FIELDS, new_case
from opencowin.web.pages.forms import Filled, first, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import draft_for, files_of, go, read_form, signed_in
from opencowin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.MANAGE_OWN_MEMBERS)]
CaseNumber = Annotated[int, Path(ge=1, le=2**62)]
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}


@router.get("/issues", response_class=Response)
async def own_issues(request: Request, actor: Own) -> Response:
    """What this household has raised, and how far it is."""
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        raised = await cases.cases_of(conn, site.floor, actor)
    done = request.query_params.get("done", "")
    return page(reader, "issues.html", raised=raised, local=site.floor.clock.local, done=done)


@router.get("/issues/new", response_class=Response)
async def issue_kinds(request: Request, _actor: Own) -> Response:
    """What is it about?"""
    return page(Reader(request), "issue_kinds.html", kinds=[kind.value for kind in ASKED])


@router.get("/issues/new/{kind}", response_class=Response)
async def issue_form(request: Request, kind: CaseKind, actor: Own) -> Response:
    """What is wrong, and how should it be?"""
    if kind not in ASKED:
        return go(request, "/issues/new")
    return await _issue_page(Reader(request), actor, kind, Filled(draft_for(request, request.url.path)))


@router.post("/issues/new/{kind}", response_class=Response)
async def raise_issue(request: Request, kind: CaseKind, actor: Own) -> Response:
    """Raise it."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        new = new_case(kind, fields)
        shown = _shown(request)
        async with site.transaction() as conn:
            await cases.raise_case(conn, site.floor, actor, new, shown)
    except Refusal as no:
        return await _issue_page(reader, actor, kind, refused(reader, fields, no, FIELDS))
    return go(request, "/issues", done="raised")


@router.get("/issues/{case_number}", response_class=Response)
async def issue(request: Request, case_number: CaseNumber, actor: Own) -> Response:
    """One issue with all its steps."""
    form = Filled(draft_for(request, request.url.path))
    return await _followed(Reader(request), actor, case_number, form)


@router.post("/issues/{case_number}", response_class=Response)
async def add_to_issue(request: Request, case_number: CaseNumber, actor: Own) -> Response:
    """Say or show more, or object."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        shown = _shown(request)
        async with site.transaction() as conn:
            if first(fields, "object"):
                await cases.object_to(conn, site.floor, actor, case_number)
            else:
                await cases.add_to_case(conn, site.floor, actor, case_number, first(fields, "details"), shown)
    except cases.NoSuchCase:
        raise
    except Refusal as no:
        return await _followed(reader, actor, case_number, refused(reader, fields, no, FIELDS))
    return go(request, f"/issues/{case_number}", done="added")


@router.get("/issues/{case_number}/proof/{evidence_id}.{ending}", response_class=Response)
async def own_proof(request: Request, case_number: CaseNumber, evidence_id: UUID, ending: str, actor: Own) -> Response:
    """What one has shown oneself."""
    del ending
    site = site_of(request)
    async with site.transaction() as conn:
        found = await cases.own_evidence(conn, site.floor, actor, case_number, evidence_id)
    return proof_response(found)


def proof_response(found: cases.ShownFile) -> Response:
    """A file that somebody sent: saved by the browser, never run or shown within our pages."""
    name = f"proof.{ENDINGS[found.media_type]}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    return Response(found.content, media_type=found.media_type, headers=headers)


def _shown(request: Request) -> list[cases.Shown]:
    """The files of a form."""
    return [cases.Shown(uuid4(), content) for content in files_of(request)]


async def _issue_page(reader: Reader, actor: Actor, kind: CaseKind, form: Filled) -> Response:
    site, language = site_of(reader.request), reader.language.code
    async with site.transaction() as conn:
        members = await registry.members(conn, site.floor, actor)
        rules = await programme.current_programme(conn)
        doses = [
            (f"{one.reference_id}/{dose.dose_id}", one.name, dose)
            for one in members
            for dose in await vaccination.doses_of(conn, one.person, every_state=True)
            if dose.state is (DoseState.VALID if kind in ABOUT_A_DOSE else DoseState.DISPUTED)
        ]
    return page(
        reader,
        "issue.html",
        400 if form.faults else 200,
        form=form,
        kind=kind.value,
        members=[(one.reference_id, one.name) for one in members],
        doses=doses,
        vaccines=[(one.vaccine_id, one.name_l.get(language) or one.name) for one in rules.vaccines.values()],
        documents=_documents(site, language, travel=kind is CaseKind.PASSPORT),
        genders=[(one.gender_id, one.names.get(language) or one.name) for one in site.genders.values()],
        case_id=form.value("id") or str(uuid4()),
        proof_days=site.floor.settings.evidence_days,
    )


def _documents(site: Site, language: str, *, travel: bool) -> list[tuple[int, str]]:
    kinds = [one for one in site.documents.all() if one.travel or not travel]
    return [(one.id, one.name_l.get(language) or one.name) for one in kinds]


async def _followed(reader: Reader, actor: Actor, case_number: int, form: Filled) -> Response:
    site = site_of(reader.request)
    async with site.transaction() as conn:
        told = await cases.follow(conn, site.floor, actor, case_number)
    return page(
        reader,
        "issue_followed.html",
        400 if form.faults else 200,
        form=form,
        told=told,
        case=told.case,
        endings=ENDINGS,
        local=site.floor.clock.local,
        may_add=bool(told.steps) and cases.may_add(site.floor, told.case),
        proof_days=site.floor.settings.evidence_days,
        done=reader.request.query_params.get("done", ""),
    )
