"""Checking certificates by program: the text of a QR code in, a verdict out. What is sent is kept nowhere."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from opencowin import certificates
from opencowin.certificates import CertificateFacts, Verdict
from opencowin.kit.actor import Actor
from opencowin.web.errors import CHECKS, PROBLEM, Problem
from opencowin.web.guard import open_to_all
from opencowin.web.site import site_of

SCHEMA = {"content": {PROBLEM: {"schema": Problem.model_json_schema()}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "Not valid: the title says what to do.", **SCHEMA},
    401: {"description": "Not signed in, or no longer.", **SCHEMA},
    403: {"description": "Not permitted.", **SCHEMA},
    409: {"description": "Right, but not possible as things stand.", **SCHEMA},
    413: {"description": "The body is too large.", **SCHEMA},
    429: {"description": "Too many requests: wait Retry-After seconds.", **SCHEMA},
    503: {"description": "Not now: wait Retry-After seconds.", **SCHEMA},
}
router = APIRouter(tags=["Our own surface"])
LONGEST_TEXT = 20_000


class Presented(BaseModel):
    """A certificate as it was read."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(
        min_length=1,
        max_length=LONGEST_TEXT,
        description="The text of its QR code, as a reader gives it: HC1:…, shc:/…, a seal's JSON, the zipped "
        "credential of Co-WIN, or that after B64: in base64.",
    )


class Stated(BaseModel):
    """What a valid certificate says."""

    format: certificates.Format
    issuer: str
    certificate_id: str = Field(description="Its number; empty in a SMART Health Card, which has none.")
    name: str
    birth: str = Field(description="A date, a year, or for Co-WIN's form an age in years as age:34.")
    vaccine: str
    dose: int
    total_doses: int
    given_on: date
    issued_at: datetime


class Judged(BaseModel):
    """The verdict."""

    result: Verdict = Field(
        description="valid; revoked by its issuer; altered after it was signed, or signed by somebody else; expired; "
        "cannot_check: written in a way that is not known here; unknown_issuer: neither ours nor of one who is trusted "
        "here; unreadable: no certificate at all."
    )
    certificate: Stated | None = Field(None, description="What it says, where it is valid.")


@router.post(CHECKS, responses=PROBLEMS)
async def check_certificate(
    request: Request, response: Response, body: Presented, _actor: Annotated[Actor, open_to_all()]
) -> Judged:
    """Whether a certificate is genuine and stands."""
    site = site_of(request)
    async with site.transaction() as conn:
        judged = await certificates.judge(conn, site.floor, [body.text.strip()])
    response.headers["Cache-Control"] = "no-store"
    return Judged(result=judged.verdict, certificate=_stated(judged.facts) if judged.facts else None)


def _stated(facts: CertificateFacts) -> Stated:
    return Stated(
        format=facts.format,
        issuer=facts.issuer,
        certificate_id=facts.certificate_id,
        name=facts.name,
        birth=facts.birth,
        vaccine=facts.vaccine,
        dose=facts.dose,
        total_doses=facts.total,
        given_on=facts.given_on,
        issued_at=facts.issued_at,
    )
