"""Certificates of one's own people, to look at, to print and to hand on."""

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import certificates, registry, vaccination
from opencowin.kit.actor import Actor, Permission
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import keep, signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
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


@router.get("/certificates/{reference_id}.pdf", response_class=Response)
async def certificate(request: Request, reference_id: int, actor: Own) -> Response:
    """The certificate as PDF, in the reader's language and English."""
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        (member,) = await registry.own_members(conn, site.floor, actor, [reference_id])
        paper = await certificates.sheet(conn, site.floor, actor, member.person)
    pdf = await certificates.printed(site.floor, paper, reader.language.code)
    headers = {"Content-Disposition": 'inline; filename="certificate.pdf"', "X-Content-Type-Options": "nosniff"}
    return keep(request, Response(pdf, media_type="application/pdf", headers=headers))
