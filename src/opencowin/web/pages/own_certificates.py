"""Certificates of one's own people, to look at, to print and to hand on, in every form that is asked for somewhere."""

import re
from typing import Annotated

from fastapi import APIRouter
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from opencowin import certificates, registry, vaccination
from opencowin.certificates import Format, Lacking, Paper, Sheet
from opencowin.kit.actor import Actor, Permission
from opencowin.registry import Beneficiary
from opencowin.web.certificate_files import Kind, form_file, whole_sheet
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import keep, signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
LATIN = re.compile(r"([A-Za-z][A-Za-z0-9 .\-]*[A-Za-z0-9])")
Own = Annotated[Actor, signed_in(Permission.OWN_CERTIFICATES)]


@router.get("/certificates", response_class=Response)
async def own_certificates(request: Request, actor: Own) -> Response:
    """Who of this household has a certificate."""
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        members = await registry.members(conn, site.floor, actor)
        doses = await vaccination.doses_of_account(conn, actor.own_account())
    holders = [(one, doses[one.person.beneficiary_id]) for one in members if one.person.beneficiary_id in doses]
    return page(reader, "certificates.html", holders=holders, members=members)


@router.get("/certificates/{reference_id}.{kind}", response_class=Response)
async def certificate(request: Request, reference_id: int, kind: Paper, actor: Own) -> Response:
    """The certificate in the reader's language and English, as PDF or as a picture."""
    _, paper = await _sheet(request, actor, reference_id)
    return keep(request, await whole_sheet(site_of(request), paper, kind, Reader(request).language.code))


@router.get("/certificates/{reference_id}", response_class=Response)
async def forms(request: Request, reference_id: int, actor: Own) -> Response:
    """In which forms the certificate is issued, what each is for, and why others are not."""
    site, reader = site_of(request), Reader(request)
    member, paper = await _sheet(request, actor, reference_id)
    words = {
        form: (_with_latin_marked(text.name), text.use)
        for form, text in certificates.form_texts(site.floor.pack, reader.language.code).items()
    }
    issued = [(form, words[form]) for form in Format if form in paper.payloads]
    missing = [(words[form], why) for form, why in paper.lacking.items()]
    return page(reader, "certificate_forms.html", member=member, issued=issued, missing=missing, Lacking=Lacking)


@router.get("/certificates/{reference_id}/{form}.{kind}", response_class=Response)
async def in_a_form(request: Request, reference_id: int, form: Format, kind: Kind, actor: Own) -> Response:
    """One form of the certificate: its sheet for travel, the picture of its code, or the code's text."""
    _, paper = await _sheet(request, actor, reference_id)
    return keep(request, await form_file(site_of(request), paper, form, kind, Reader(request).language.code))


def _with_latin_marked(text: str) -> Markup:
    """A text with its Latin words told to be English, so that they are spoken as such amid another language."""
    parts = LATIN.split(text)
    marked = (
        Markup('<span lang="en">{}</span>').format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )
    return Markup().join(marked)


async def _sheet(request: Request, actor: Actor, reference_id: int) -> tuple[Beneficiary, Sheet]:
    site = site_of(request)
    async with site.transaction() as conn:
        (member,) = await registry.own_members(conn, site.floor, actor, [reference_id])
        return member, await certificates.sheet(conn, site.floor, actor, member.person)
