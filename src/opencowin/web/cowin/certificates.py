"""C1–C3: the certificate as PDF; beyond Co-WIN: every form that it is issued in, as data and as files."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import certificates, registry
from opencowin.certificates import Format, Lacking, Paper, Sheet
from opencowin.kit.actor import Actor, Permission
from opencowin.web.certificate_files import FILE_OUT, Kind, form_file, whole_sheet
from opencowin.web.cowin.wire import PDF_OUT, Answer, Body, LooseText, parse_reference, pdf_response
from opencowin.web.guard import Face, may
from opencowin.web.site import language_of, site_of

router = APIRouter(tags=["6. Certificates"])
external = APIRouter(tags=["6. Certificates"])
Reference = Annotated[str, Query(description="14 digits.", max_length=20)]


class CertificateRequest(Body):
    """Whose certificate."""

    beneficiaryId: LooseText = Field(description="14 digits.", max_length=20)  # noqa: N815
    mobile: LooseText = Field(description="The mobile that the person is registered under.", max_length=40)


async def _sheet(request: Request, reference: str, actor: Actor) -> Sheet:
    site = site_of(request)
    number = parse_reference(reference)
    async with site.transaction() as conn:
        (member,) = await registry.own_members(conn, site.floor, actor, [number])
        return await certificates.sheet(conn, site.floor, actor, member.person)


async def _own(request: Request, reference: str, actor: Actor) -> Response:
    paper = await _sheet(request, reference, actor)
    return pdf_response(await certificates.printed(site_of(request).floor, paper, language_of(request)))


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


@router.get("/v2/registration/certificate/picture", response_class=Response, responses=FILE_OUT)
async def download_picture(
    request: Request, beneficiary_reference_id: Reference, actor: Annotated[Actor, may(Permission.OWN_CERTIFICATES)]
) -> Response:
    """The same page as a picture (PNG, 150 dpi), for those who keep pictures."""
    paper = await _sheet(request, beneficiary_reference_id, actor)
    return await whole_sheet(site_of(request), paper, Paper.PNG, language_of(request))


class FormShown(Answer):
    """One form of the certificate."""

    form: Format
    issued: bool
    payload: str | None = Field(description="The text of its QR code; null where the form is not issued.")
    lacking: Lacking | None = Field(description="Why it is not issued.")


class FormsShown(Answer):
    """In which forms the certificate is issued."""

    certificate_id: str
    forms: list[FormShown]


@router.get("/v2/registration/certificate/forms")
async def forms(
    request: Request, beneficiary_reference_id: Reference, actor: Annotated[Actor, may(Permission.OWN_CERTIFICATES)]
) -> FormsShown:
    """The latest certificate of a member of one's own household in every form: payloads of its QR codes."""
    paper = await _sheet(request, beneficiary_reference_id, actor)
    shown = [
        FormShown(
            form=form, issued=form in paper.payloads, payload=paper.payloads.get(form), lacking=paper.lacking.get(form)
        )
        for form in Format
    ]
    return FormsShown(certificate_id=paper.statement.certificate_id, forms=shown)


@router.get("/v2/registration/certificate/forms/{form}.{kind}", response_class=Response, responses=FILE_OUT)
async def form_of_certificate(
    request: Request,
    form: Format,
    kind: Kind,
    beneficiary_reference_id: Reference,
    actor: Annotated[Actor, may(Permission.OWN_CERTIFICATES)],
) -> Response:
    """One form as a file: sheet (pdf), picture of its QR code (svg, png), the code's text (txt), and of the SMART
    Health Card the file that phones' wallets take (smart-health-card)."""
    paper = await _sheet(request, beneficiary_reference_id, actor)
    return await form_file(site_of(request), paper, form, kind, language_of(request))


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
