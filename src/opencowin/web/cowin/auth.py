"""A1–A7: one-time passwords and tokens on the public, partner and portal faces."""

import secrets
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from opencowin import fairness, identity, registry
from opencowin.kit.actor import Actor, ActorKind, Permission
from opencowin.kit.errors import Invalid
from opencowin.web.cowin.wire import Body, LooseText
from opencowin.web.entrance import Proof
from opencowin.web.guard import caller_address, may, open_to_all
from opencowin.web.site import language_of, site_of

router = APIRouter(tags=["1. Sign in"])
CAPTCHA_GLYPHS = 5
PUBLIC_FACE = "public"
"""Its tokens name the first member: clients of this face have no other way to learn a reference."""


class OtpRequired(Invalid):
    """OTP is required."""

    code = "USRAUT0012"


class TransactionRequired(Invalid):
    """txnId is required."""

    code = "USRAUT0013"


class GenerateOtp(Body):
    """Ask for a one-time password."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mobile": "9000000001"}]})
    mobile: LooseText = Field(description="Mobile number, as text or number.", max_length=40)
    secret: LooseText | None = Field(None, description="Ignored: the portal's constant, which every client copied.")


class Transaction(BaseModel):
    """Where the code that was sent can be confirmed."""

    txnId: UUID = Field(description="Name of the transaction.")  # noqa: N815


class ConfirmOtp(Body):
    """Confirm a one-time password."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "otp": "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92",
                    "txnId": "00000000-0000-4000-8000-000000000001",
                }
            ]
        }
    )
    otp: str | None = Field(None, description="Lowercase hexadecimal SHA-256 of the six digits.")
    txnId: UUID | None = Field(None, description="From the call that asked for the code.")  # noqa: N815

    def complete(self) -> tuple[str, UUID]:
        """Code and transaction. Raises OtpRequired, TransactionRequired."""
        if not self.otp:
            raise OtpRequired(field="otp")
        if self.txnId is None:
            raise TransactionRequired(field="txnId")
        return self.otp, self.txnId


class Token(BaseModel):
    """A signed-in person's token, good for 15 minutes."""

    token: str = Field(description="JSON Web Token (ES256); keys at /.well-known/jwks.json.")


class TokenOfAccount(Token):
    """A token, and whether the number was new."""

    isNewAccount: str = Field(description="Y or N.")  # noqa: N815


class Captcha(BaseModel):
    """A picture for old clients: nothing asks for its letters any more."""

    captcha: str = Field(description="SVG.")


async def _send(request: Request, body: GenerateOtp, actor: Actor, proof: str | None) -> Transaction:
    site = site_of(request)
    solved = None if actor.kind is ActorKind.PARTNER else site.proofs.admit(proof or "")
    address, language = caller_address(request), language_of(request)
    if solved is None:
        return Transaction(txnId=await site.reception.request_otp(body.mobile, address=address, language=language))
    async with site.transaction() as conn:
        await fairness.spend_proof(conn, site.floor, solved)
        sent = await identity.request_otp(conn, site.floor, body.mobile, address=address, language=language)
    return Transaction(txnId=sent)


async def _confirm(request: Request, body: ConfirmOtp, face: str) -> TokenOfAccount:
    otp, txn_id = body.complete()
    site = site_of(request)
    confirmed, first = await site.reception.confirm_otp(otp, txn_id, address=caller_address(request)), None
    if face == PUBLIC_FACE and not confirmed.is_new:
        async with site.transaction() as conn:
            first = await registry.first_reference(conn, confirmed.account_id)
    token = site.tokens.issue(confirmed.account_id, face, first)
    return TokenOfAccount(token=token, isNewAccount="Y" if confirmed.is_new else "N")


@router.post("/v2/auth/public/generateOTP")
async def generate_public_otp(
    request: Request, body: GenerateOtp, actor: Annotated[Actor, open_to_all()], proof: Proof = None
) -> Transaction:
    """Send a one-time password to a mobile (public face)."""
    return await _send(request, body, actor, proof)


@router.post("/v2/auth/public/confirmOTP")
async def confirm_public_otp(request: Request, body: ConfirmOtp, _actor: Annotated[Actor, open_to_all()]) -> Token:
    """Confirm it and receive a token (public face)."""
    return Token(token=(await _confirm(request, body, PUBLIC_FACE)).token)


@router.post("/v2/auth/generateOTP")
async def generate_otp(
    request: Request, body: GenerateOtp, actor: Annotated[Actor, open_to_all()], proof: Proof = None
) -> Transaction:
    """Send a one-time password to a mobile (partner face; an x-api-key is counted by its own quota)."""
    return await _send(request, body, actor, proof)


@router.post("/v2/auth/confirmOTP")
async def confirm_otp(request: Request, body: ConfirmOtp, _actor: Annotated[Actor, open_to_all()]) -> TokenOfAccount:
    """Confirm it and receive a token (partner face)."""
    return await _confirm(request, body, "partner")


@router.post("/v2/auth/generateMobileOTP")
async def generate_mobile_otp(
    request: Request, body: GenerateOtp, actor: Annotated[Actor, open_to_all()], proof: Proof = None
) -> Transaction:
    """Send a one-time password to a mobile (portal face)."""
    return await _send(request, body, actor, proof)


@router.post("/v2/auth/validateMobileOtp")
async def validate_mobile_otp(
    request: Request, body: ConfirmOtp, _actor: Annotated[Actor, open_to_all()]
) -> TokenOfAccount:
    """Confirm it and receive a token (portal face)."""
    return await _confirm(request, body, "portal")


def _glyph(position: int) -> str:
    points = [(position * 26 + 10 + secrets.randbelow(20), 8 + secrets.randbelow(34)) for _ in range(5)]
    path = "M" + " L".join(f"{x} {y}" for x, y in points)
    return f'<path fill="none" stroke="#555" stroke-width="2" d="{path}"/>'


@router.post("/v2/auth/getRecaptcha")
async def get_recaptcha(_actor: Annotated[Actor, may(Permission.BOOK_FOR_OWN_MEMBERS)]) -> Captcha:
    """A7: a drawing where clients of spring 2021 expect a captcha. Booking asks for none."""
    glyphs = "".join(_glyph(position) for position in range(CAPTCHA_GLYPHS))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="150" height="50" viewBox="0,0,150,50">{glyphs}</svg>'
    return Captcha(captcha=svg)


STRAIGHT: frozenset[Callable[..., Any]] = frozenset(
    {generate_public_otp, confirm_public_otp, generate_otp, confirm_otp, generate_mobile_otp, validate_mobile_otp}
)
"""What a rush is made of here."""
