"""C1–C3: the certificate as PDF."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import certificates, registry
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import PDF_OUT, Body, LooseText, parse_reference, pdf_response
from opencowin.web.guard import Face, may
from opencowin.web.site import language_of, site_of

router = APIRouter(tags=["6. Certificates"])
external = APIRouter(tags=["6. Certificates"])
Reference = Annotated[str, Query(description="14 digits.", max_length=20)]


class CertificateRequest(Body):
    """Whose certificate."""

    beneficiaryId: LooseText = Field(description="14 digits.", max_length=20)  # noqa: N815
    mobile: LooseText = Field(description="The mobile that the person is registered under.", max_length=40)


async def _own(request: Request, reference: str, actor: Actor) -> Response:
    site = site_of(request)
    number = parse_reference(reference)
    async with site.transaction() as conn:
        (member,) = await registry.own_members(conn, site.floor, actor, [number])
        page = await certificates.sheet(conn, site.floor, actor, member.person)
    return pdf_response(await certificates.printed(site.floor, page, language_of(request)))


@router.get("/v2/registration/certificate/public/download", response_class=Response, responses=PDF_OUT)
async def download_public(
    request: Request, beneficiary_reference_id: Reference, actor: Annotated[Actor, may(Permission.OWN_CERTIFICATES)]
) -> Response:
    """C1: the certificate of a member of one's own household."""
    return await _own(request, beneficiary_reference_id, actor)


@router.get("/v2/registration/certificate/download", response_class=Response, responses=PDF_OUT)
async def download(
    request: Request, beneficiary_reference_id: Reference, actor: Annotated[Actor, may(Permission.OWN_CERTIFICATES)]
) -> Response:
    """C2: as C1, for partner applications on behalf of the signed-in person."""
    return await _own(request, beneficiary_reference_id, actor)


@external.post("/cert/external/pdf/certificate", response_class=Response, responses=PDF_OUT)
async def external_certificate(
    request: Request,
    body: CertificateRequest,
    actor: Annotated[Actor, may(Permission.READ_CERTIFICATES, Face.PARTNER)],
) -> Response:
    """C3: for systems with scope read:cert that know both the reference and its mobile (locker services)."""
    site = site_of(request)
    async with site.transaction() as conn:
        person = await certificates.holder(conn, site.floor, parse_reference(body.beneficiaryId), body.mobile)
        page = await certificates.sheet(conn, site.floor, actor, person)
    return pdf_response(await certificates.printed(site.floor, page, language_of(request)))
