"""K1–K5, "Know Your Customer's Vaccination Status": consent by one-time password, the least possible answer."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from opencowin import identity, programme, registry, vaccination
from opencowin.kit import audit
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid
from opencowin.web.cowin.auth import ConfirmOtp, Token, Transaction
from opencowin.web.cowin.wire import Body, LooseText, parse_reference
from opencowin.web.guard import Bearer, Face, caller_address, may, open_to_all
from opencowin.web.site import language_of, site_of

router = APIRouter(tags=["8. Vaccination status"])
Partner = Annotated[Actor, may(Permission.VACCINATION_STATUS, Face.PARTNER)]
SHARE_FOR = timedelta(hours=1)
WORDS = {0: "Not vaccinated", 1: "Partially vaccinated", 2: "Fully vaccinated"}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Vaccination status</title>
<meta name="viewport" content="width=device-width,initial-scale=1"></head><body><main><h1>Vaccination status</h1>
{body}</main></body></html>"""


class NoSuchAccount(Invalid):
    """Your account does not exist: nobody of this name is registered under this number."""

    code = "USRAUT0015"


class ShareLinkOver(Invalid):
    """This link is not valid, or its hour is over: ask the person to share it again."""

    code = "STATUS0001"


class AskConsent(Body):
    """Ask a person for consent to tell their status."""

    mobile_number: LooseText = Field(max_length=40)
    full_name: str = Field(max_length=400, description="As registered.")


class StatusAnswer(BaseModel):
    """0 not, 1 partly, 2 fully vaccinated; the same signed, and a link that shows it, both good for an hour."""

    vaccination_status: int = Field(ge=0, le=2)
    share_link: str
    signed: str = Field(
        description="The answer as a JSON Web Token (ES256, key in /.well-known/jwks.json): `sub`, the reference; "
        "`vaccination_status`; `iss`, `iat`, `exp`."
    )


PAGE_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}


FRAMED = {"Content-Security-Policy": "default-src 'none'; frame-ancestors *", "X-Content-Type-Options": "nosniff"}
"""The pages are made to be shown within those of a service; they hold no script, no form and no name."""


def _page(body: str) -> Response:
    return HTMLResponse(PAGE.format(body=body), headers=FRAMED)


async def _status_number(conn: Connection, person: registry.Person) -> int:
    status = vaccination.status(await vaccination.doses_of(conn, person), await programme.current_programme(conn))
    return list(vaccination.VaccinationStatus).index(status)


@router.post("/v3/vaccination/generateOTP")
async def ask_consent(request: Request, body: AskConsent, actor: Partner) -> Transaction:
    """K1: send the person a one-time password: giving it to you is their consent."""
    site = site_of(request)
    async with site.transaction() as conn:
        txn_id = await identity.request_otp(
            conn,
            site.floor,
            body.mobile_number,
            address=actor.address,
            purpose=identity.OtpPurpose.VACCINATION_STATUS,
            language=language_of(request),
            detail=registry.clean_name(body.full_name),
        )
    return Transaction(txnId=txn_id)


@router.post("/v3/vaccination/confirmOTP")
async def confirm_consent(request: Request, body: ConfirmOtp, _actor: Partner) -> Token:
    """K2: confirm it and receive a token for one answer about that person. 401 for a wrong code."""
    otp, txn_id = body.complete()
    site = site_of(request)
    async with site.transaction() as conn:
        try:
            confirmed = await identity.confirm_otp(
                conn,
                site.floor,
                otp,
                txn_id,
                address=caller_address(request),
                purpose=identity.OtpPurpose.VACCINATION_STATUS,
            )
        except identity.InvalidOtp as wrong:
            raise identity.WrongConsentCode from wrong
        name = registry.clean_name(confirmed.detail or "")
        person = await registry.member_named(conn, site.floor, confirmed.account_id, name)
    if person is None:
        raise NoSuchAccount
    return Token(token=site.tokens.issue_status(person))


@router.get("/v3/vaccination/status")
async def status(request: Request, bearer: Bearer, actor: Partner) -> StatusAnswer:
    """K3: the status of the person who consented."""
    site = site_of(request)
    person = site.tokens.read_status(bearer.credentials if bearer else "")
    async with site.transaction() as conn:
        member = await registry.read_person(conn, site.floor, actor, person, reason="consent by one-time password")
        value = await _status_number(conn, person)
    share = site.tokens.share_code(member.reference_id, SHARE_FOR)
    link = f"{site.floor.settings.address}/api/v3/vaccination/status/{member.reference_id}/{share}"
    signed = site.tokens.sign_status(member.reference_id, value, SHARE_FOR)
    return StatusAnswer(vaccination_status=value, share_link=link, signed=signed)


@router.get("/v3/vaccination/status/knowYourStatus", response_class=Response, responses=PAGE_OUT)
async def know_your_status(_actor: Annotated[Actor, open_to_all()]) -> Any:
    """K4: a page that explains how a person's status is asked for."""
    text = "<p>A service may ask for your vaccination status with your consent: it sends your registered mobile a"
    return _page(text + " one-time password, and only if you give it learns: not, partly or fully.</p>")


@router.get("/v3/vaccination/status/{beneficiary_reference_id}/{share}", response_class=Response, responses=PAGE_OUT)
async def shared_status(
    request: Request, beneficiary_reference_id: str, share: str, actor: Annotated[Actor, open_to_all()]
) -> Any:
    """K5: the page behind a share link, for an hour."""
    site = site_of(request)
    reference = parse_reference(beneficiary_reference_id)
    if not site.tokens.share_code_holds(reference, share):
        raise ShareLinkOver
    async with site.transaction() as conn:
        person = await registry.find_person(conn, reference)
        value = await _status_number(conn, person)
        subject = ("beneficiary", person.beneficiary_id)
        await audit.record(conn, actor, "vaccination.shared_status", subject=subject, reason="share link opened")
    return _page(f"<p><strong>{WORDS[value]}</strong></p>")
